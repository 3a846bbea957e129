"""Panel 3: the items of a job."""

from collections.abc import Iterable

from rich.text import Text
from textual.app import ComposeResult

from holytui.core.command import Selection
from holytui.core.work import ItemState
from holytui.store.reader import Reader
from holytui.store.rows import ItemRow
from holytui.store.trouble import CheckpointError
from holytui.ui.draw import items as draw
from holytui.ui.panels.panel import Chosen, Moment, OpenItem, Panel
from holytui.ui.screens.dialogs import FilterBar
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.pages import Pages


class ItemsPanel(Panel):
    """A page of rows at a time; the filter narrows them."""

    panel_name = "items"
    number = 3

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._pages: Pages[ItemRow] = Pages(self._read_page)
        self._filter = ""
        self._kinds: frozenset[str] = frozenset()
        self._listed = (-1, -1)
        self._number = 0

    def compose(self) -> ComposeResult:
        yield Lines(id="items-title")
        lines = LineList(cursor_style=self.cursor_style, id="items")
        lines.can_focus = False
        yield lines
        yield FilterBar(self._narrow)

    def the_list(self) -> LineList:
        return self.query_one("#items", LineList)

    def draw(self, moment: Moment) -> None:
        counters = moment.snapshot.counters
        seen = (counters.succeeded, counters.failed)
        if seen != self._listed:
            self._listed, self._kinds = seen, frozenset(counters.failures)
            self._pages.forget()
            state, kind, text = self._narrowed()
            try:
                self._number = self._reader.count_items(state=state, kind=kind, text=text)
            except CheckpointError as error:
                self.holy_screen.complain(error)
                return
        words, style = self.titled(f"ITEMS {self._number:,}, by number")
        self.query_one("#items-title", Lines).show([draw.header(self.pen(3), words, style)])
        self.the_list().show(self._number, self._line)

    def _read_page(self, offset: int, limit: int) -> list[ItemRow]:
        state, kind, text = self._narrowed()
        try:
            return self._reader.items(offset, limit, state=state, kind=kind, text=text)
        except CheckpointError as error:
            self.call_later(self.holy_screen.complain, error)
            return []

    def _narrowed(self) -> tuple[ItemState | None, str | None, str | None]:
        """The filter's words as state, kind and text."""
        state, kind, rest = None, None, []
        for word in self._filter.split():
            if word in ItemState.__members__.values():
                state = ItemState(word)
            elif word in self._kinds or word == "timeout":
                kind = word
            else:
                rest.append(word)
        return state, kind, " ".join(rest) or None

    def _line(self, place: int) -> Text:
        pen, item = self.pen(3), self._pages.row(place)
        return draw.page_missing(pen) if item is None else draw.row(pen, item)

    def _current(self) -> ItemRow | None:
        lines = self.the_list()
        return self._pages.row(lines.cursor) if lines.count else None

    def _narrow(self, text: str) -> None:
        self._filter = text.lower()
        self._listed = (-1, -1)
        self.redraw()

    def show_only(self, words: str) -> None:
        """Narrow the table to what these words say."""
        bar = self.query_one(FilterBar)
        bar.display = True
        bar.value = words
        self.the_list().move_to(0)

    def begin_filter(self) -> None:
        """Let the filter be typed."""
        self.query_one(FilterBar).begin()

    def end_filter(self) -> bool:
        """Clear the filter; False when there is none."""
        bar = self.query_one(FilterBar)
        if not bar.active:
            return False
        bar.action_close()
        self.focus()
        return True

    def chosen(self) -> Chosen | None:
        item = self._current()
        if item is None:
            return None
        failed = int(item.state is ItemState.FAILED)
        kinds = () if item.kind is None else (item.kind,)
        return Chosen(Selection(items=(item.item_id,)), 1, failed, "this item", kinds)

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self._number:
            yield "open", "open"
        yield "filter", "filter"

    def action_open(self) -> None:
        item = self._current()
        if item is not None:
            self.post_message(OpenItem(item.index))
