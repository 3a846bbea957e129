"""Panel 2: what failed, in groups; a verb is about the group under the cursor."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.core.command import Selection
from holytui.core.display import count
from holytui.core.progress import Counters
from holytui.store.failures import FailedItem, Grouping, grouped
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import FAILURES, bindings
from holytui.ui.draw import failures as draw
from holytui.ui.draw.failures import GroupRow
from holytui.ui.panels.panel import Chosen, Moment, Panel, ShowItems
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines

LOOKED_INTO = 20
"""Items of a group that are shown under the groups, at most."""


class FailuresPanel(Panel):
    """Kinds come from the counters; other groups are read beside the screen when the failures change."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FAILURES)
    panel_name = "failures"
    number = 2

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._by = Grouping.KIND
        self._rows: list[GroupRow] = []
        self._read_for: object = None
        self._looked: tuple[object, list[FailedItem]] = (None, [])

    def compose(self) -> ComposeResult:
        yield Lines(id="failures-title")
        lines = LineList(cursor_style=self.cursor_style, keys=self.has_keys, id="failures")
        lines.can_focus = False
        yield lines
        yield Lines(id="failures-look")

    def the_list(self) -> LineList:
        return self.query_one("#failures", LineList)

    def draw(self, moment: Moment) -> None:
        counters = moment.snapshot.counters
        title = draw.header(self.pen(), self.titled("FAILED"), counters.failed, self._by)
        self.query_one("#failures-title", Lines).show([title])
        if self._by is Grouping.KIND:
            self._show(draw.rows_by_kind(counters.failures, counters.given_up))
        elif self._read_for != _what(counters, self._by):
            self._read_for = _what(counters, self._by)
            self._regroup(self._by)
        else:
            self._show(self._rows)

    def _show(self, rows: list[GroupRow]) -> None:
        self._rows = rows
        lines = self.the_list()
        lines.styles.height = "1fr" if self.beside else max(1, min(len(rows), self.size.height // 2))
        lines.show(len(rows), self._line)
        self._look()
        self.holy_screen.draw_footer()

    @work(thread=True, exclusive=True, exit_on_error=False, group="failures")
    def _regroup(self, by: Grouping) -> None:
        try:
            rows = draw.rows_of(grouped(self._reader.failed_items(), by))
        except CheckpointError as error:
            self.app.call_from_thread(self.holy_screen.complain, error)
        else:
            self.app.call_from_thread(self._show, rows)

    def _line(self, place: int) -> Text:
        return draw.group_row(self.pen(3), self._rows[place], self._by)

    def _look(self) -> None:
        """Show the first items of the group under the cursor, where there is room."""
        below, row = self.query_one("#failures-look", Lines), self._current()
        below.display = not self.beside
        if self.beside or row is None:
            below.show([])
            return
        room = self.size.height - 1 - max(1, min(len(self._rows), self.size.height // 2))
        below.show(draw.look_into(self.pen(), row, self._items_of(row), room))

    def _items_of(self, row: GroupRow) -> list[FailedItem]:
        if row.group is not None:
            return list(row.group.items[:LOOKED_INTO])
        if self._looked[0] != (row.label, row.number, row.given_up):
            try:
                items = self._reader.failed_items(row.label, LOOKED_INTO)
            except CheckpointError as error:
                self.holy_screen.complain(error)
                return []
            self._looked = ((row.label, row.number, row.given_up), items)
        return self._looked[1]

    def _current(self) -> GroupRow | None:
        place = self.the_list().cursor
        return self._rows[place] if place < len(self._rows) else None

    def on_line_list_moved(self) -> None:
        self._look()

    def chosen(self) -> Chosen | None:
        row = self._current()
        if row is None:
            return None
        if row.group is None:
            words, selection = f"the {count(row.number)} {row.label}", Selection(kinds=(row.label,))
        else:
            words = f"the {count(row.number)} of {self._by.value} {row.label[:30]}"
            selection = Selection(items=tuple(item.item_id for item in row.group.items if not item.given_up))
        open_ = row.number - row.given_up
        return Chosen(selection, row.number, open_, words, row.kinds)

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self._rows:
            yield "open", "items"
            yield "regroup", "group"

    def action_open(self) -> None:
        row = self._current()
        if row is not None:
            words = {Grouping.KIND: row.label, Grouping.STEP: f"step:{row.label}"}.get(self._by)
            self.post_message(ShowItems(f"failed {words or longest_part(row.label)}"))

    def action_regroup(self) -> None:
        """By kind, by message, by step, in turn."""
        order = list(Grouping)
        self._by = order[(order.index(self._by) + 1) % len(order)]
        self._read_for = None
        self.the_list().move_to(0)
        self.redraw()


def longest_part(label: str) -> str:
    """Of a message without what changes in it, the longest part that does not: words to filter by."""
    return max((part.strip() for part in label.split("#")), key=len)


def _what(counters: Counters, by: Grouping) -> object:
    return by, dict(counters.failures), dict(counters.given_up)
