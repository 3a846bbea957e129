"""Where panels stand: one at a time on a small terminal, all of them in two columns on a wide one."""

from dataclasses import dataclass

WIDE, TALL = 110, 32
"""Cells and lines from which on all panels stand beside each other."""

FIGURES_MIN, FIGURES_MAX = 42, 64
AT_REST = 5
"""Lines that say why nothing is in flight."""


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


def arrangement(width: int, height: int, *, at_rest: bool = False) -> Arrangement | None:
    """The places of the panels; None where there is room for one at a time only.

    Args:
        width: of the terminal, in cells.
        height: of the part below the lines on top and above the footer.
        at_rest: nothing is in flight, so that the room is the items'.
    """
    if width < WIDE or height < TALL - 7:
        return None
    figures = max(FIGURES_MIN, min(FIGURES_MAX, width * 2 // 5 - 2))
    failures = max(5, min(9, height // 6))
    cells = max(4, min(10, height // 5))
    items = height - failures - cells - AT_REST - 3 if at_rest else max(6, min(16, height // 5))
    return Arrangement(figures, failures, cells, items, max(5, height - 31))
