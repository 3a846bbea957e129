"""The jobs screen's rows, and what stands over them."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from holytui.core.display import count, fit_left, percent, safe
from holytui.core.words import clock, state_cell
from holytui.runs.desk import Sample
from holytui.store.catalog import JobEntry
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.words import spent, state_style, when
from holytui.ui.jobs_order import JobColumn, JobsOrder

NAME_MIN, STATE, FIXED = 14, 20, 64


def title(pen: Pen, checkpoints: Path, jobs: int, order: JobsOrder, now: float) -> Text:
    """Where we are: the first question when a job is missed is whether this is the folder."""
    line, folder = pen.line().gap(1).add("holytui", pen.palette.accent), _written(checkpoints)
    by = f", {order.words()}" if order.words() else ""
    words = f" · {jobs} job{'s' if jobs != 1 else ''}{by} · {clock(now)}"
    folder = fit_left(folder, max(8, pen.width - line.text.cell_len - len(words) - 3))
    return line.end(safe(folder) + words, pen.palette.muted).done()


def no_folder(pen: Pen, trouble: str) -> list[Text]:
    """What stands where there are no jobs because the checkpoint folder cannot be listed."""
    return pen.paragraph(f" {trouble}", pen.palette.bad)


def nothing_matches(pen: Pen, *, jobs_only: bool) -> Text:
    """What stands where a filter leaves no job, or nothing at all."""
    return pen.plain(f"  {'no job' if jobs_only else 'nothing'} matches; esc clears", pen.palette.muted)


def no_jobs(pen: Pen, others: Sequence[Path]) -> list[Text]:
    """What stands where there are no jobs: the ways to begin, and the folders where jobs were last time."""
    muted = pen.palette.muted
    lines = [pen.plain("  no jobs here yet: start a sample, or: holytui run JOBFILE", muted)]
    for place, folder in enumerate(others):
        line = pen.line().gap(2).cell("used before" if not place else "", 13, muted)
        lines.append(line.add("--checkpoints ", muted).foreign(_written(folder), pen.width - 30, left=True).done())
    return lines


def _written(folder: Path) -> str:
    """A folder as people write it, from their home."""
    words, home = str(folder), str(Path.home())
    return f"~{words.removeprefix(home)}" if words == home or words.startswith(f"{home}/") else words


def _name_width(pen: Pen) -> int:
    return max(NAME_MIN, min(40, pen.width - FIXED))


def header(pen: Pen, order: JobsOrder) -> Text:
    """The names of the columns; the one that jobs are sorted by has an arrow."""
    line, style = pen.line().gap(2), pen.palette.muted

    def cell(column: JobColumn, name: str, width: int, *, right: bool = False) -> None:
        here = column is order.column
        arrow = ("↑" if order.upwards else "↓") if here else ""
        line.cell(f"{name}{arrow}", width, pen.palette.accent if here else style, right=right)

    cell(JobColumn.NAME, "JOB", _name_width(pen))
    line.gap(1)
    cell(JobColumn.STATE, "STATE", STATE)
    cell(JobColumn.DONE, "DONE", 7, right=True)
    line.cell("OF", 8, style, right=True).cell("", 5)
    cell(JobColumn.FAILED, "FAIL", 6, right=True)
    cell(JobColumn.SPENT, "SPENT", 10, right=True)
    line.gap(1)
    cell(JobColumn.WHEN, "WHEN", 5)
    line.text.truncate(pen.width + 2)
    return line.text


def row(pen: Pen, entry: JobEntry, now: float) -> Text:
    """One saved job."""
    line = pen.line().foreign(entry.job_id, _name_width(pen)).gap(1)
    snapshot = entry.snapshot
    if snapshot is None:
        why = (entry.problem or "").removeprefix(f"{entry.folder}: ")
        return line.add("! ", pen.palette.bad).foreign(why, pen.width - _name_width(pen) - 6).done()
    counters = snapshot.counters
    line.cell(state_cell(snapshot, STATE), STATE, state_style(pen, snapshot.state))
    if counters.total:
        line.cell(count(counters.succeeded), 7, right=True).cell(count(counters.total), 8, right=True)
        line.cell(percent(counters.succeeded + counters.failed, counters.total), 5, right=True)
    else:  # nobody has read the input yet
        line.cell("-", 7, pen.palette.muted, right=True).cell("-", 8, pen.palette.muted, right=True).gap(5)
    failed = count(counters.failed) if counters.failed else "-"
    line.cell(failed, 6, pen.palette.bad if counters.failed else pen.palette.muted, right=True)
    line.cell(spent(snapshot), 10, pen.palette.muted if snapshot.simulated else None, right=True)
    return line.gap(1).cell(when(snapshot, now), 5, pen.palette.muted).done()


def samples_header(pen: Pen) -> Text:
    line = pen.line().gap(2).cell("SAMPLES", 23, pen.palette.muted)
    return line.add("simulated: no key, no network, no cost", pen.palette.muted).done()


def sample_row(pen: Pen, sample: Sample) -> Text:
    """One job file that comes along."""
    line = pen.line().cell(sample.name, 23)
    return line.foreign(sample.description, pen.width - 26, pen.palette.muted).done()
