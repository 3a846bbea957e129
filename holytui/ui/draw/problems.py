"""What is wrong with a job file, a problem a line."""

from collections.abc import Sequence

from rich.text import Text

from holytui.core.display import cell_width, count, safe, wrap
from holytui.core.job_problems import Problem
from holytui.ui.draw.pen import Pen


def problem_lines(pen: Pen, problems: Sequence[Problem], most: int) -> list[Text]:
    """The key, then what is to be mended there; so many lines at most, the last says how many more there are."""
    width = min(max((cell_width(safe(problem.key)) for problem in problems), default=0), 24, pen.width // 3)
    lines, told = list[Text](), 0
    for problem in problems:
        parts = wrap(safe(problem.message), max(20, pen.width - width - (4 if width else 2)))
        more = problem is not problems[-1]
        if lines and len(lines) + len(parts) + more > most:
            break
        told += 1
        for at, part in enumerate(parts):
            line = pen.line().gap(1)
            if width:
                line.foreign("" if at else problem.key, width, pen.palette.muted).gap(2)
            lines.append(line.foreign(part, cell_width(part), pen.palette.bad).done())
    if told < len(problems):
        lines.append(pen.plain(f" and {count(len(problems) - told)} more", pen.palette.muted))
    return lines
