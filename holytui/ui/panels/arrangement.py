"""Where panels stand: one at a time on a small terminal, all of them in two columns on a wide one."""

from dataclasses import dataclass

WIDE, TALL = 110, 32
"""Cells and lines from which on all panels stand beside each other."""

FIGURES_MIN, FIGURES_MAX = 42, 64
AT_REST = 5
"""Lines that say why nothing is in flight."""

GROUPS = 4
"""Lines for groups of failures, where something failed: one kind may have many messages."""

GAPS = 3
"""Blank lines between the panels of the left column."""

TITLE, UNDER_CURSOR = 1, 1
"""Lines of a panel over its rows; lines of the map that tell what is under its cursor."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Cells and lines of the panels of a wide screen; each height has a blank line under it.

    Attributes:
        figures: width of the right column.
        failures, map, items, log: heights; what is in flight, and the figures, get the rest.
    """

    figures: int
    failures: int
    map: int
    items: int
    log: int


def arrangement(width: int, height: int, total: int, *, kinds: int | None = None) -> Arrangement | None:
    """The places of the panels; None where there is room for one at a time only.

    Args:
        width: of the terminal, in cells.
        height: of the part below the lines on top and above the footer.
        total: items of the job: a map has no more cells.
        kinds: of failures, where nothing runs any more: what is not in flight is the items' room. None while
            something does: then nothing may move when another kind comes.
    """
    if width < WIDE or height < TALL - 7:
        return None
    figures = max(FIGURES_MIN, min(FIGURES_MAX, width * 2 // 5 - 2))
    cells = max(4, min(10, height // 5, -(-total // (width - figures - 2)) + TITLE + UNDER_CURSOR))
    failures, items = max(5, min(9, height // 6)), max(6, min(16, height // 5))
    if kinds is not None:
        room = height - cells - AT_REST - GAPS
        failures = min(max(kinds, GROUPS if kinds else 0) + TITLE, room - items)
        items = room - failures
    return Arrangement(figures, failures, cells, items, max(5, height - 31))
