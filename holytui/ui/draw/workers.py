"""The workers of a run among its figures: all together, and each as far as there is room."""

from collections.abc import Sequence

from rich.text import Text

from holytui.core.display import cell_width
from holytui.core.progress import Snapshot
from holytui.core.worker_words import (
    ALIVE,
    GONE,
    labels,
    load_words,
    more_words,
    on_workers,
    presence_words,
    some_of,
    speed_words,
    sum_words,
)
from holytui.core.workers import WorkerSeen
from holytui.ui.draw.pen import Line, Pen

TWO_FROM = 54
"""Cells from which on two stand side by side."""

ROWS = {1: 3, 2: 2}
"""Lines for workers by name, by how many stand on one: fifty workers take no more."""

LOAD, GAP = 13, 3


def workers(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """A title with the sums, and a few of them by name; nothing where the run is here or over."""
    if not on_workers(snapshot) or snapshot.owner is None:
        return []
    seen, muted = snapshot.workers, pen.palette.muted
    title = pen.line().gap(1).add("WORKERS  ", muted)
    room = pen.width - title.text.cell_len - 1
    ways = (sum_words(seen), f"{presence_words(seen)}, {speed_words(seen)}", presence_words(seen))
    title.add(next((words for words in ways if cell_width(words) <= room), ways[-1]), muted)
    columns = 2 if pen.width >= TWO_FROM else 1
    shown = some_of(seen, ROWS[columns] * columns)
    lines = _rows(pen, shown, labels(seen), columns)
    rest = _more(seen, shown)
    if rest:
        if len(shown) % columns == 0:
            lines.append(pen.line().gap(1))
        else:
            lines[-1].gap(GAP)
        lines[-1].add(f"+ {rest}", muted)
    return [line.done() for line in (title, *lines)]


def _more(seen: Sequence[WorkerSeen], shown: Sequence[WorkerSeen]) -> str:
    alive = sum(worker.alive for worker in seen) - sum(worker.alive for worker in shown)
    return more_words(alive, len(seen) - len(shown) - alive)


def _rows(pen: Pen, shown: Sequence[WorkerSeen], names: dict[str, str], columns: int) -> list[Line]:
    """So many a line."""
    lines: list[Line] = []
    width = (pen.width - 2 - GAP * (columns - 1)) // columns
    for place, worker in enumerate(shown):
        if place % columns == 0:
            lines.append(pen.line().gap(1))
        else:
            lines[-1].gap(GAP)
        style = pen.palette.good if worker.alive else pen.palette.bad
        line = lines[-1].add(f"{ALIVE if worker.alive else GONE} ", style).cell(names[worker.name], width - 2 - LOAD)
        line.cell(load_words(worker), LOAD, None if worker.alive else pen.palette.bad, right=True)
    return lines
