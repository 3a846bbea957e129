"""Panel 1: what is in flight; where it stands alone also what failed and the last lines of the log."""

from textual.app import ComposeResult

from holytui.core.progress import LIVE_STATES
from holytui.ui.draw import live as draw
from holytui.ui.panels.panel import Moment, Panel
from holytui.ui.widgets.lines import Lines


class LivePanel(Panel):
    """The oldest request first; nothing in it can be chosen, it is gone too soon."""

    panel_name = "live"
    number = 1

    def compose(self) -> ComposeResult:
        yield Lines(id="live")

    def draw(self, moment: Moment) -> None:
        pen, height = self.pen(), max(2, self.size.height)
        if not self.beside:
            lines = draw.live(pen, moment.snapshot, moment.flights, height, gauge=pen.width >= draw.GAUGED)
        elif moment.flights or moment.snapshot.state in LIVE_STATES:
            title = self.titled("IN FLIGHT")
            lines = draw.in_flight(pen, moment.snapshot, moment.flights, height, title, gauge=pen.width >= draw.GAUGED)
        else:
            lines = draw.at_rest(pen, moment.snapshot, height, self.titled("IN FLIGHT"))
        self.query_one("#live", Lines).show(lines)
