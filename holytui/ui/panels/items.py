"""Panel 3: the items of a job, however many: a page of rows at a time, in an order that was made once."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from holytui.core.command import Selection
from holytui.core.display import count
from holytui.core.progress import Counters
from holytui.core.work import ItemState
from holytui.store.ordering import Column, Interrupted, Narrowing, Order, Sorter, Wanted
from holytui.store.reader import Reader
from holytui.store.rows import ItemRow
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import ITEMS, bindings
from holytui.ui.draw import items as draw
from holytui.ui.panels.marks import Marks
from holytui.ui.panels.panel import Chosen, Moment, OpenItem, Panel
from holytui.ui.screens.dialogs import FilterBar
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.pages import Pages

TYPING_S = 0.15
"""A text is looked for when nobody has typed for so long; states and kinds at once, by an index."""

MOST_CHOSEN = 100_000
"""Marked items that a verb takes; more are chosen by kind, in the failures."""

FAR = 20_000
"""Places that are looked through for the next failure in an order that is not by number."""


class ItemsPanel(Panel):
    """Rows keep their places while they are looked at; what they say follows the run."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ITEMS)
    panel_name = "items"
    number = 3

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._sorter: Sorter | None = None
        self._wanted = Wanted()
        self._order = Order()
        self._shown: Wanted | None = None
        self._pages: Pages[ItemRow] = Pages(self._read_page)
        self._marks = Marks()
        self._flying: frozenset[int] = frozenset()
        self._seen: object = None
        self._typing: Timer | None = None
        self._busy = False
        self._reading = False
        self._counted: int | None = None
        """Items that the counters told of when the order was made."""
        self._go_to: int | None = None

    def compose(self) -> ComposeResult:
        yield Lines(id="items-title")
        lines = LineList(cursor_style=self.cursor_style, keys=self.has_keys, id="items")
        lines.can_focus = False
        yield lines
        yield FilterBar(self._narrow)

    def on_unmount(self) -> None:
        if self._sorter is not None:
            self._sorter.close()

    @property
    def order(self) -> Order:
        """What is shown."""
        return self._order

    @property
    def narrowed(self) -> bool:
        """Whether a filter is wanted."""
        return self._wanted.narrowing != Narrowing()

    @property
    def shown_by(self) -> Column | None:
        """What the shown order is sorted by, None before there is one."""
        return None if self._shown is None else self._shown.column

    def the_list(self) -> LineList:
        return self.query_one("#items", LineList)

    def draw(self, moment: Moment) -> None:
        counters = moment.snapshot.counters
        flying = frozenset(flight.index for flight in moment.flights)
        seen = (counters.succeeded, counters.failed, counters.total, counters.given_up, flying)
        if seen != self._seen and not self._reading:
            self._seen, self._reading = seen, True
            self._renew(self._order, self.the_list().in_view)
        self._fly(flying)
        if not self._busy and (self._shown is None or (self._since(counters) and self._at_the_top())):
            self._arrange()
        self._draw_title(counters)

    @work(thread=True, exit_on_error=False, group="rows")
    def _renew(self, order: Order, in_view: range) -> None:
        """Read what is in view, beside the screen: behind a busy engine each row waits for its turn."""
        try:
            rows = self._reader.rows_at(order.at(in_view.start, len(in_view)))
        except CheckpointError as error:
            self.app.call_from_thread(self.holy_screen.complain, error)
        else:
            self.app.call_from_thread(self._take_rows, order, in_view, rows)
        finally:
            self._reading = False

    def _take_rows(self, order: Order, in_view: range, rows: list[ItemRow]) -> None:
        """Paint what of it is another now; all else is read when it comes into view."""
        if order is not self._order or not self.is_mounted:
            self._seen = None
            return
        lines = self.the_list()
        for place in self._pages.renew(in_view.start, rows):
            lines.repaint_line(place)

    def _fly(self, flying: frozenset[int]) -> None:
        """What is in flight looks otherwise, whatever the checkpoint says of it."""
        turned, self._flying = flying ^ self._flying, flying
        lines = self.the_list()
        for place in lines.in_view if turned else ():
            row = self._pages.row(place)
            if row is not None and row.index in turned:
                lines.repaint_line(place)

    def _draw_title(self, counters: Counters) -> None:
        words, style = self.titled("ITEMS")
        notes = draw.order_words(self._order.count, self._wanted, len(self._marks), self._since(counters), self._busy)
        self.query_one("#items-title", Lines).show([draw.header(self.pen(3), words, style, notes)])

    def _at_the_top(self) -> bool:
        lines = self.the_list()
        return lines.cursor == 0 and not lines.scroll_offset.y and not self._marks

    def _since(self, counters: Counters) -> int:
        """Items that came to be wanted since the order was made, as far as counters tell."""
        wanted = self._shown
        if wanted is None or wanted.narrowing.text or wanted.narrowing.step:
            return 0
        now = draw.how_many(counters, wanted.narrowing)
        return 0 if now is None or self._counted is None else max(0, now - self._counted)

    def _arrange(self) -> None:
        """Make the order that is wanted, beside the screen; what is shown stays until it is there."""
        if self._sorter is not None:
            self._sorter.interrupt()
        self._busy = True
        self._make(self._wanted)

    @work(thread=True, exclusive=True, exit_on_error=False, group="order")
    def _make(self, wanted: Wanted) -> None:
        try:
            if self._sorter is None:
                self._sorter = Sorter(self._reader.folder)
            if wanted.narrowing.state is ItemState.RUNNING:
                order = Order.of(sorted(self._flying))
            else:
                order = self._sorter.arrange(wanted)
        except Interrupted:
            return
        except CheckpointError as error:
            self.app.call_from_thread(self.holy_screen.complain, error)
        else:
            self.app.call_from_thread(self._take, wanted, order)

    def _take(self, wanted: Wanted, order: Order) -> None:
        """The order is there; the cursor stays on its item where that is still shown."""
        if wanted != self._wanted or not self.is_mounted:
            return
        lines, item = self.the_list(), self._current()
        again = wanted == self._shown and not self._at_the_top()
        self._order, self._shown, self._busy = order, wanted, False
        if self._moment is not None:
            self._counted = draw.how_many(self._moment.snapshot.counters, wanted.narrowing)
        self._pages.forget()
        if order.count or wanted.narrowing == Narrowing():
            lines.show(order.count, self._line)
        else:
            lines.show(1, lambda _: draw.nothing_matches(self.pen(3)), selectable=lambda _: False)
        place = order.place_of(self._go_to) if self._go_to is not None else None
        if place is None and again and item is not None:
            place = order.place_of(item.index)
        self._go_to = None
        lines.move_to(place or 0)
        self.redraw()
        self.holy_screen.draw_footer()

    def _read_page(self, offset: int, limit: int) -> list[ItemRow]:
        try:
            return self._reader.rows_at(self._order.at(offset, limit))
        except CheckpointError as error:
            self.call_later(self.holy_screen.complain, error)
            return []

    def _line(self, place: int) -> Text:
        pen, item = self.pen(3), self._pages.row(place)
        if item is None:
            return draw.page_missing(pen)
        return draw.row(pen, item, marked=item.index in self._marks, flying=item.index in self._flying)

    def _current(self) -> ItemRow | None:
        lines = self.the_list()
        return self._pages.row(lines.cursor) if self._order.count else None

    def _narrow(self, text: str) -> None:
        if self._typing is not None:
            self._typing.stop()
        wanted = Wanted(self._wanted.column, self._wanted.reverse, Narrowing.parse(text))
        if wanted.narrowing == Narrowing() != self._wanted.narrowing and (item := self._current()) is not None:
            self._go_to = item.index  # what was found stays under the cursor when the others come back
        if not wanted.narrowing.text:
            self._want(wanted)
        elif wanted != self._wanted:
            self._typing = self.set_timer(TYPING_S, partial(self._want, wanted))

    def _want(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._arrange()
        self.redraw()

    def show_only(self, words: str) -> None:
        """Narrow the table to what these words say."""
        self.query_one(FilterBar).show(words)
        self._want(Wanted(narrowing=Narrowing.parse(words)))

    def begin_filter(self) -> None:
        """Let the filter be typed."""
        self.query_one(FilterBar).begin()

    def leave(self) -> bool:
        """Clear the filter, else the marks; False when there is neither."""
        bar = self.query_one(FilterBar)
        if bar.active:
            bar.action_close()
            self.focus()
            return True
        if self._marks:
            self._marks.clear()
            self.the_list().repaint()
            self.redraw()
            return True
        return False

    def chosen(self) -> Chosen | None:
        item = self._current()
        if self._marks:
            return self._marked()
        if item is None:
            return None
        failed = int(item.state is ItemState.FAILED)
        kinds = () if item.kind is None else (item.kind,)
        return Chosen(Selection(items=(item.item_id,)), 1, failed, "this item", kinds)

    def _marked(self) -> Chosen | None:
        indices = self._marks.indices(MOST_CHOSEN)
        if indices is None:
            self.holy_screen.say(f"more than {count(MOST_CHOSEN)} are marked: choose by kind in the failures (2)")
            return None
        rows = [row for row in self._reader.rows_at(indices) if row.state is ItemState.FAILED]
        kinds = tuple(dict.fromkeys(row.kind for row in rows if row.kind is not None))
        words = f"the {count(len(rows))} marked" if len(rows) > 1 else "the marked item"
        return Chosen(Selection(items=tuple(row.item_id for row in rows)), len(indices), len(rows), words, kinds)

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self._order.count:
            yield "open", "open"
        yield "filter", "filter"
        if self._order.count:
            yield "mark", "mark"
            yield "sort", "sort"

    def action_open(self) -> None:
        item = self._current()
        if item is not None:
            self.post_message(OpenItem(item.index))

    def action_sort(self) -> None:
        """By the next column."""
        columns = list(Column)
        column = columns[(columns.index(self._wanted.column) + 1) % len(columns)]
        self._want(Wanted(column, narrowing=self._wanted.narrowing))

    def action_reverse(self) -> None:
        self._want(Wanted(self._wanted.column, not self._wanted.reverse, self._wanted.narrowing))

    def action_mark(self) -> None:
        """Mark the item, or take its mark away, and go to the next."""
        item = self._current()
        if item is not None:
            self._marks.turn(item.index)
            self.the_list().repaint()
            self.the_list().move(1)
            self.redraw()

    def action_mark_all(self) -> None:
        self._marks.mark_all(self._order)
        self.the_list().repaint()
        self.redraw()

    def action_next_failure(self) -> None:
        self._to_failure(back=False)

    def action_previous_failure(self) -> None:
        self._to_failure(back=True)

    def _to_failure(self, *, back: bool) -> None:
        item = self._current()
        if item is None:
            return
        place = self._failure_by_number(item, back=back) if self._wanted.column is Column.NUMBER else None
        if place is None:
            place = self._failure_by_looking(back=back)
        if place is None:
            self.holy_screen.say("no failure further up" if back else "no failure further down")
        else:
            self.the_list().move_to(place)

    def _failure_by_number(self, item: ItemRow, *, back: bool) -> int | None:
        found = self._reader.next_failed(item.index, back=back is not self._wanted.reverse)
        return None if found is None else self._order.place_of(found)

    def _failure_by_looking(self, *, back: bool) -> int | None:
        here, step = self.the_list().cursor, -1 if back else 1
        places = range(here + step, -1 if back else self._order.count, step)
        for place in places[:FAR]:
            row = self._pages.row(place)
            if row is not None and row.state is ItemState.FAILED:
                return place
        return None

    def go_to(self, index: int) -> None:
        """Put the cursor on an item, without a filter if that hides it."""
        place = self._order.place_of(index)
        if place is not None:
            self.the_list().move_to(place)
            return
        self._go_to = index
        self.query_one(FilterBar).action_close()
        self._want(Wanted())
