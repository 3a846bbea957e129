"""The numbers of a run beside its work: money, throughput, latency."""

from textual.app import ComposeResult

from holytui.ui.draw.figures import figures
from holytui.ui.panels.panel import Moment, Panel
from holytui.ui.widgets.lines import Lines


class FiguresPanel(Panel):
    """Only looked at: it has no number and never the keys."""

    panel_name = "figures"
    can_focus = False

    def compose(self) -> ComposeResult:
        yield Lines(id="figures")

    def draw(self, moment: Moment) -> None:
        self.query_one("#figures", Lines).show(figures(self.pen(), moment.snapshot, self.size.height))
