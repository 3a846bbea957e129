"""Panel 1: what is in flight; where it stands alone also what failed and the last lines of the log."""

from collections.abc import Iterable, Sequence

from rich.text import Text
from textual.app import ComposeResult

from holytui.core.progress import LIVE_STATES, InFlight
from holytui.ui.draw import live as draw
from holytui.ui.draw.live import Columns
from holytui.ui.panels.panel import Moment, OpenItem, Panel
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines

ROWS = 3
"""Lines for rows, with the one that counts the others, that are kept whatever stands under them."""


class LivePanel(Panel):
    """The oldest request first; the cursor stays on its own while others leave."""

    panel_name = "live"
    number = 1

    def __init__(self) -> None:
        super().__init__()
        self._flights: Sequence[InFlight] = ()
        self._columns = Columns(0, 0, gauge=False)
        self._resting: list[Text] = []
        self._room = 0
        """Lines for rows."""

    def compose(self) -> ComposeResult:
        yield Lines(id="live-title")
        lines = LineList(cursor_style=self.cursor_style, keys=self.has_keys, id="live", marker=">")
        lines.can_focus = False
        yield lines
        yield Lines(id="live-more")
        yield Lines(id="live-below")

    def the_list(self) -> LineList:
        return self.query_one("#live", LineList)

    def draw(self, moment: Moment) -> None:
        pen, snapshot, here = self.pen(), moment.snapshot, self._current()
        self._flights, flying = moment.flights, bool(moment.flights) or moment.snapshot.state in LIVE_STATES
        title = self.titled("IN FLIGHT")
        if flying:
            self._columns = draw.columns(pen, moment.flights)
            above = [draw.header(pen, snapshot, moment.flights, self._columns, title)]
            self._resting = [] if moment.flights else draw.nothing(pen, snapshot)
        else:
            above = [pen.line().gap(1).add(*title).done()] if self.beside else []
            self._resting = draw.rest(pen, snapshot, clocks=self.beside)
        height = self.size.height
        needed = len(above) + (ROWS if flying else len(self._resting))
        alone = not self.beside and not self.zoomed
        below = draw.below(pen, snapshot, height, needed) if alone else []
        self.query_one("#live-title", Lines).show(above)
        self.query_one("#live-below", Lines).show(below)
        self._show_rows(height - len(above) - len(below), here)

    def _show_rows(self, room: int, here: InFlight | None) -> None:
        lines, fitting = self.the_list(), max(1, room)
        if not self._flights:
            # More lines than fit are read like rows.
            readable = len(self._resting) > fitting
            lines.show(len(self._resting), self._resting_line, selectable=lambda _: readable)
        else:
            lines.show(len(self._flights), self._line, cursor=self._place_of(here))
        self._count_others(room)

    def _count_others(self, room: int) -> None:
        """Say how many rows are out of sight; the line stays as long as they do not all fit."""
        lines, number = self.the_list(), len(self._flights)
        counted = []
        if number > room > 1:
            first = min(round(lines.scroll_target_y), number - room + 1)
            zoom = not self.zoomed
            counted = [draw.more(self.pen(), first, number - first - room + 1, zoom=zoom)]
        self._room = room
        self.query_one("#live-more", Lines).show(counted)

    def _line(self, place: int) -> Text:
        return draw.flight_row(self.pen(1), self._flights[place], self._columns)

    def _resting_line(self, place: int) -> Text:
        return self._resting[place]

    def _current(self) -> InFlight | None:
        place = self.the_list().cursor
        return self._flights[place] if place < len(self._flights) else None

    def _place_of(self, before: InFlight | None) -> int | None:
        """Where what had the cursor stands now; None: it left, or nothing had it."""
        if before is None:
            return None
        places = (at for at, flight in enumerate(self._flights) if _same(flight, before))
        return next(places, None)

    def on_line_list_moved(self) -> None:
        self._count_others(self._room)

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self._flights:
            yield "open", "open"

    def action_open(self) -> None:
        flight = self._current()
        if flight is not None:
            self.post_message(OpenItem(flight.index))


def _same(one: InFlight, other: InFlight) -> bool:
    return (one.index, one.step) == (other.index, other.step)
