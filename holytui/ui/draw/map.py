"""The map of items: a letter a cell, the worst state of what is in it."""

from collections.abc import Collection, Sequence

from rich.style import Style
from rich.text import Text

from holytui.core.display import count
from holytui.core.words import by_count
from holytui.core.work import ItemState
from holytui.store.rows import CellContent, MapCell
from holytui.ui.draw.pen import Pen

LETTERS = {ItemState.SUCCEEDED: "=", ItemState.FAILED: "x", ItemState.RUNNING: ">", ItemState.PENDING: "·"}
LEGENDS = ("= done   x failed   > in flight   · pending", "= done  x failed  > in flight  · pending")


def header(pen: Pen, title: tuple[str, Style], each: int) -> Text:
    """How many items a cell holds, and which rule picks its letter."""
    muted = pen.palette.muted
    rules = (f"{count(each)} items a cell, worst state shown", f"{count(each)} a cell, worst shown")
    rule, legend = next(
        ((rule, legend) for rule in rules for legend in LEGENDS if _fits(pen, title[0], rule, legend)),
        (rules[-1], ""),
    )
    line = pen.line().gap(1).add(*title).add(f"  {rule if each != 1 else 'an item a cell'}", muted)
    return line.end(f"  {legend}", muted).done()


def _fits(pen: Pen, title: str, rule: str, legend: str) -> bool:
    return len(title) + len(rule) + len(legend) + 6 <= pen.width


def rows(pen: Pen, cells: Sequence[MapCell], flying: Collection[int], width: int, cursor: int | None) -> list[Text]:
    """The cells, so many a row.

    Args:
        pen: to write with.
        cells: in input order.
        flying: indices of items in flight.
        width: cells a row.
        cursor: the place that is shown as chosen, None for none.
    """
    hot = _cells_of(cells, flying)
    drawn = []
    for start in range(0, len(cells), width):
        line, run, style = pen.line().gap(1), "", pen.palette.plain
        for place in range(start, min(start + width, len(cells))):
            state = cells[place].state
            if place in hot and state is not ItemState.FAILED:
                state = ItemState.RUNNING
            own = pen.palette.cursor + Style(reverse=True) if place == cursor else _style(pen, state)
            if own != style:
                line.add(run, style)
                run, style = "", own
            run += LETTERS[state]
        drawn.append(line.add(run, style).done())
    return drawn


def _cells_of(cells: Sequence[MapCell], flying: Collection[int]) -> set[int]:
    """The places of the cells that items in flight are in."""
    if not cells:
        return set()
    total, number = cells[-1].end, len(cells)
    found = set()
    for index in flying:
        place = min(number - 1, index * number // max(1, total))
        while place and cells[place].first > index:
            place -= 1
        while place < number - 1 and cells[place].end <= index:
            place += 1
        found.add(place)
    return found


def _style(pen: Pen, state: ItemState) -> Style:
    palette = pen.palette
    return {
        ItemState.SUCCEEDED: palette.good,
        ItemState.FAILED: palette.bad,
        ItemState.RUNNING: palette.accent,
    }.get(state, palette.muted)


def under_cursor(pen: Pen, cell: MapCell, content: CellContent, flying: int) -> Text:
    """What is in the cell under the cursor, and what enter opens."""
    name = f"items {count(cell.first + 1)}–{count(cell.end)}" if cell.end - cell.first > 1 else "item"
    parts = []
    if failed := content.states.get(ItemState.FAILED):
        kinds = ", ".join(kind for kind, _ in by_count(content.kinds)[:2])
        parts.append(f"{count(failed)} failed ({kinds})")
    if done := content.states.get(ItemState.SUCCEEDED):
        parts.append(f"{count(done)} done")
    if flying:
        parts.append(f"{count(flying)} in flight")
    if pending := content.states.get(ItemState.PENDING, 0) - flying:
        parts.append(f"{count(max(0, pending))} pending")
    line = pen.line().gap(1).add(f"{name}: {', '.join(parts)}; enter opens {count(content.worst.index + 1)} ")
    return line.foreign(content.worst.item_id, max(4, pen.width - line.text.cell_len - 1), left=True).done()
