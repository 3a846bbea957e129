"""The numbers of a run beside its work: money, throughput, latency."""

from textual.app import ComposeResult

from holytui.ui.draw.figures import figures
from holytui.ui.panels.panel import Moment, Panel
from holytui.ui.widgets.lines import Lines

ELSEWHERE = 14
"""Lines of the screen that are not for figures: those on top, the footer, and a few of the log."""

MOST = 30
"""Lines for figures on a tall screen: there the log gets the rest, as `arrangement` has it."""


class FiguresPanel(Panel):
    """Only looked at: it has no number and never the keys."""

    panel_name = "figures"
    can_focus = False

    def compose(self) -> ComposeResult:
        yield Lines(id="figures")

    def draw(self, moment: Moment) -> None:
        room = min(MOST, self.holy_screen.size.height - ELSEWHERE)
        lines = figures(self.pen(), moment.snapshot, room)
        self.query_one("#figures", Lines).show(lines)
