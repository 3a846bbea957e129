"""Rows of items: the failures panel, the items panel."""

from rich.style import Style
from rich.text import Text

from holytui.core.display import count, usd
from holytui.core.work import ItemState
from holytui.store.rows import ItemRow
from holytui.ui.draw.pen import ITEM_GLYPHS, Pen


def header(pen: Pen, title: str, style: Style) -> Text:
    """Over rows of this pen, which stand two cells further right: the cursor's."""
    muted = pen.palette.muted
    line = pen.line().gap(1).cell(title, _id_width(pen) + 10, style)
    line.cell("STATE", _state_width(pen) + 1, muted).cell("TRIES", 5, muted, right=True)
    line.cell("TOKENS", 8, muted, right=True).cell("COST", 10, muted, right=True).cell("s", 6, muted, right=True)
    line.text.truncate(pen.width + 2)
    return line.text


def _state_width(pen: Pen) -> int:
    """Room for the kind, and where there is more of it also for the word `failed` before it."""
    return 29 if pen.width >= 100 else 22


def _id_width(pen: Pen) -> int:
    return max(8, pen.width - 39 - _state_width(pen))


def row(pen: Pen, item: ItemRow) -> Text:
    """One item: number, id, state, tries, tokens, money, seconds."""
    palette = pen.palette
    style = {ItemState.SUCCEEDED: palette.good, ItemState.FAILED: palette.bad}.get(item.state, palette.muted)
    words = item.state.value if item.kind is None else item.kind
    if item.kind is not None and pen.width >= 100:
        words = f"{item.state.value} {item.kind}"
    line = pen.line().cell(count(item.index + 1), 7, palette.muted, right=True).gap(1)
    line.foreign(item.item_id, _id_width(pen), left=True).gap(1)
    line.cell(f"{ITEM_GLYPHS[item.state]} {words}", _state_width(pen), style).gap(1)
    line.cell(str(item.attempts), 5, right=True)
    known = item.attempts > 0
    line.cell(count(item.tokens) if known else "-", 8, right=True)
    line.cell(usd(item.cost) if known else "-", 10, right=True)
    return line.cell(f"{item.seconds:.0f}" if known else "-", 6, right=True).done()


def page_missing(pen: Pen) -> Text:
    return pen.plain(" …", pen.palette.muted)
