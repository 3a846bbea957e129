"""Panel 4: all items at once; every cell is real items, the worst state of them shown."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.core.work import ItemState
from holytui.store.reader import Reader
from holytui.store.rows import MapCell
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import MAP, bindings
from holytui.ui.draw import map as draw
from holytui.ui.panels.arrangement import TITLE, UNDER_CURSOR
from holytui.ui.panels.panel import Moment, OpenItem, Panel
from holytui.ui.widgets.lines import Lines

SHARE = 0.02
"""Of the time at most that reading cells may take."""


@dataclass
class _Grid:
    """Where movement keys move: by rows of cells."""

    panel: "MapPanel"

    @property
    def count(self) -> int:
        return len(self.panel.cells)

    def move(self, by: int) -> None:
        self.panel.to_cell(self.panel.cursor + by * self.panel.columns)

    def move_to(self, place: int, *, direction: int = 1) -> None:  # noqa: ARG002  # every cell can have the cursor
        self.panel.to_cell(place)

    def half_page(self) -> int:
        return max(1, self.panel.size.height // 2)


class MapPanel(Panel):
    """Read beside the screen, seldom enough to cost next to nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(MAP)
    panel_name = "map"
    number = 4

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._seen: object = None
        self._next_read = 0.0
        self._reading = False
        self._go_to: int | None = None
        self.cells: list[MapCell] = []
        self.columns = 1
        self.cursor = 0

    def compose(self) -> ComposeResult:
        yield Lines(id="map")

    def the_list(self) -> _Grid:
        return _Grid(self)

    def draw(self, moment: Moment) -> None:
        counters, pen = moment.snapshot.counters, self.pen()
        self.columns = max(1, pen.width - 2)
        # With the keys or without: a cell is as many items.
        room = max(1, self.size.height - TITLE - UNDER_CURSOR)
        seen = (counters.total, counters.succeeded, counters.failed, self.columns * room)
        if seen != self._seen and not self._reading and time.monotonic() >= self._next_read:
            self._seen, self._reading = seen, True
            self._read(self.columns * room)
        self._draw(moment)

    @work(thread=True, exclusive=True, exit_on_error=False, group="map")
    def _read(self, cells: int) -> None:
        began = time.monotonic()
        try:
            found = self._reader.map_cells(cells)
        except CheckpointError as error:
            self.app.call_from_thread(self.holy_screen.complain, error)
        else:
            self._next_read = time.monotonic() + (time.monotonic() - began) / SHARE
            self.app.call_from_thread(self._take, found)

    def _take(self, cells: list[MapCell]) -> None:
        self._reading = False
        if not self.is_mounted:
            return
        here = self.cells[self.cursor].first if self.cursor < len(self.cells) else 0
        self.cells = cells
        self.cursor = self._cell_of(here)
        if self._moment is not None:
            self._draw(self._moment)
        self.holy_screen.draw_footer()

    def _draw(self, moment: Moment) -> None:
        pen, flying = self.pen(), [flight.index for flight in moment.flights]
        each = self.cells[0].end - self.cells[0].first if self.cells else 0
        cursor = self.cursor if self.has_focus else None
        lines = [draw.header(pen, self.titled("MAP"), each)]
        lines += draw.rows(pen, self.cells, flying, self.columns, cursor)
        if self.has_focus and self.cursor < len(self.cells):
            cell = self.cells[self.cursor]
            try:
                content = self._reader.within(cell)
            except CheckpointError as error:
                self.holy_screen.complain(error)
                return
            inside = sum(cell.first <= index < cell.end for index in flying)
            lines += [pen.blank()] * (self.size.height - 1 - len(lines))
            lines.append(draw.under_cursor(pen, cell, content, inside))
        self.query_one("#map", Lines).show(lines)

    def _cell_of(self, index: int) -> int:
        for place, cell in enumerate(self.cells):
            if index < cell.end:
                return place
        return max(0, len(self.cells) - 1)

    def to_cell(self, place: int) -> None:
        """Put the cursor on a cell."""
        self.cursor = max(0, min(place, len(self.cells) - 1))
        self.redraw()

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self.cells:
            yield "open", "open"
            yield "next_failure", "failure"

    def action_open(self) -> None:
        if self.cursor < len(self.cells):
            self.post_message(OpenItem(self._reader.within(self.cells[self.cursor]).worst.index))

    def action_left(self) -> None:
        self.to_cell(self.cursor - 1)

    def action_right(self) -> None:
        self.to_cell(self.cursor + 1)

    def action_next_failure(self) -> None:
        self._to_failure(range(self.cursor + 1, len(self.cells)))

    def action_previous_failure(self) -> None:
        self._to_failure(range(self.cursor - 1, -1, -1))

    def _to_failure(self, places: Iterable[int]) -> None:
        for place in places:
            if self.cells[place].state is ItemState.FAILED:
                self.to_cell(place)
                return
        self.holy_screen.say("no other cell has a failure in this direction")
