"""Rows of items, and what stands over them."""

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, count, usd
from holytui.core.failures import matches
from holytui.core.progress import Counters
from holytui.core.work import ItemState
from holytui.store.ordering import UPWARDS, Column, Narrowing, Wanted
from holytui.store.rows import ItemRow
from holytui.ui.draw.pen import ITEM_GLYPHS, Pen

ROOMY = 90
"""Cells from which on there is room for the word `failed` before a kind."""

TOKENS, TOKENS_FROM = 8, 74
"""The column of tokens, and the cells from which on there is room for it: ids are read more."""


def order_words(number: int, wanted: Wanted, marked: int, since: int, busy: bool) -> list[str]:  # noqa: FBT001  # all facts
    """How many, in which order, how many are marked, and what has come since; the same again in fewer words."""
    words = f" {count(number)}, by {wanted.column.value}"
    if wanted.reverse:
        words += ", largest first" if wanted.column in UPWARDS else ", smallest first"
    elif wanted.column is Column.STATE:
        words += ", worst first"
    elif wanted.column not in UPWARDS:
        words += ", latest first" if wanted.column is Column.FINISHED else ", largest first"
    parts = [f"{count(marked)} marked" if marked else "", f"+{count(since)} since: g" if since else ""]
    facts = list(filter(None, [*parts, "looking …" if busy else ""]))
    arrow = "↑" if (wanted.column in UPWARDS) is not wanted.reverse else "↓"
    short = f" {count(number)} by {wanted.column.value} {arrow}"
    return [
        "   ".join([words, *facts]),
        "  ".join([words, *facts]),
        "  ".join([short, *facts]),
        "  ".join([f" {count(number)}", *(facts or [f"{wanted.column.value} {arrow}"])]),
        "  ".join(facts[:1] or [f" {count(number)}"]),
    ]


def how_many(counters: Counters, narrowing: Narrowing) -> int | None:
    """How many items a narrowing without texts finds now; None where counters cannot tell."""
    if narrowing.kind is not None:
        return sum(number for kind, number in counters.failures.items() if matches(kind, narrowing.kind))
    return {
        None: counters.total,
        ItemState.FAILED: counters.failed,
        ItemState.SUCCEEDED: counters.succeeded,
        ItemState.PENDING: counters.pending,
    }.get(narrowing.state)


def header(pen: Pen, title: str, style: Style, notes: Sequence[str]) -> Text:
    """Over rows of this pen, which stand two cells further right: the cursor's.

    Args:
        pen: of the rows.
        title: of the panel.
        style: of the title.
        notes: about the order, the same in fewer and fewer words: the first that leaves the columns their names.
    """
    muted = pen.palette.muted
    room = _id_width(pen) + 10
    line = pen.line().gap(1).add(title, style)
    numbers = pen.line().cell("STATE", _state_width(pen) + 1, muted).cell("TRIES", 5, muted, right=True)
    numbers.cell("TOKENS", _tokens_width(pen), muted, right=True)
    numbers.cell("COST", 10, muted, right=True).cell("s", 6, muted, right=True)
    left = room - cell_width(title)
    note = next((words for words in notes if cell_width(words) < left), notes[-1])
    line.cell(note, left, muted).text.append_text(numbers.text)
    line.text.truncate(pen.width + 2)
    return line.text


def _state_width(pen: Pen) -> int:
    return 29 if pen.width >= ROOMY else 22


def _id_width(pen: Pen) -> int:
    return max(8, pen.width - 31 - _tokens_width(pen) - _state_width(pen))


def _tokens_width(pen: Pen) -> int:
    return TOKENS if pen.width >= TOKENS_FROM else 0


def row(pen: Pen, item: ItemRow, *, marked: bool = False, flying: bool = False) -> Text:
    """One item: number, id, state, tries, tokens, money, seconds."""
    palette = pen.palette
    words, style = _state(pen, item, flying=flying)
    line = pen.line().cell(count(item.index + 1), 7, palette.muted, right=True)
    line.add("*" if marked else " ", palette.accent)
    line.foreign(item.item_id, _id_width(pen), palette.accent if marked else None, left=True).gap(1)
    line.cell(words, _state_width(pen), style).gap(1)
    line.cell(str(item.tries), 5, right=True)
    known = item.attempts > 0
    line.cell(count(item.tokens) if known else "-", _tokens_width(pen), right=True)
    line.cell(usd(item.cost) if known else "-", 10, right=True)
    return line.cell(f"{item.seconds:.0f}" if known else "-", 6, right=True).done()


def _state(pen: Pen, item: ItemRow, *, flying: bool) -> tuple[str, Style]:
    palette, roomy = pen.palette, pen.width >= ROOMY
    state = ItemState.RUNNING if flying and item.state is ItemState.PENDING else item.state
    glyph = ITEM_GLYPHS[state]
    if item.kind is not None:
        style = palette.muted if item.given_up is not None else palette.bad
        words = "given up " if item.given_up is not None else "failed " if roomy else ""
        return f"{glyph} {words}{item.kind}", style
    if state is ItemState.SUCCEEDED:
        return f"{glyph} succeeded", palette.good
    if state is ItemState.PENDING and item.round > 1:
        return f"{glyph} pending, retried", palette.muted
    return f"{glyph} {state.value}", palette.plain if state is ItemState.RUNNING else palette.muted


def nothing_matches(pen: Pen) -> Text:
    return pen.plain(" nothing matches; esc clears", pen.palette.muted)


def page_missing(pen: Pen) -> Text:
    return pen.plain(" …", pen.palette.muted)
