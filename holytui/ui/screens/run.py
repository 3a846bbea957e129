"""The run screen: five lines on top, panels below."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.dom import DOMNode

from holytui.core.progress import LIVE_STATES
from holytui.runs.desk import DeskError
from holytui.runs.handle import RunHandle
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import RUN, Action, bindings, of_screen
from holytui.ui.draw.head import head
from holytui.ui.panels.arrangement import arrangement
from holytui.ui.panels.failures import FailuresPanel
from holytui.ui.panels.figures import FiguresPanel
from holytui.ui.panels.items import ItemsPanel
from holytui.ui.panels.live import LivePanel
from holytui.ui.panels.log import LogPanel
from holytui.ui.panels.map import MapPanel
from holytui.ui.panels.panel import Chosen, Moment, Movable, OpenItem, Panel, ShowItems
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.run_verbs import spare, verbs
from holytui.ui.widgets.lines import Lines

HEAD = 6
"""Lines on top, with the blank one; the footer is one more."""


class RunScreen(HolyScreen):
    """Draws what a handle shows; the job may run here, elsewhere, or rest."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(RUN)
    name_in_registry = RUN
    AUTO_FOCUS: ClassVar[str | None] = ""
    """None would be the app's: the first panel, whichever is wanted."""

    def __init__(self, handle: RunHandle, reader: Reader, panel: int = 1) -> None:
        """Show a run.

        Args:
            handle: of the run.
            reader: of its checkpoint; closed with the screen.
            panel: number of the panel to begin with.
        """
        super().__init__()
        self._handle = handle
        self._reader = reader
        self._snapshot = handle.snapshot()
        self._zoomed = False
        self._arranged_for: tuple[int, int | None] = (0, None)
        self._items = ItemsPanel(reader)
        self._panels: tuple[Panel, ...] = (
            LivePanel(),
            FailuresPanel(reader),
            self._items,
            MapPanel(reader),
            LogPanel(reader),
        )
        self._panel: Panel = self._panels[panel - 1]
        self._sent_by: Panel | None = None
        """The panel whose group the items are narrowed to: there esc leads back."""

    @property
    def job_id(self) -> str:
        return self._handle.job_id

    def compose(self) -> ComposeResult:
        live, failures, items, cells, log = self._panels
        yield Lines(id="head")
        yield Lines(id="tabs")
        with Horizontal(id="columns"):
            with Vertical(id="work"):
                yield from (live, failures, cells, items)
            with Vertical(id="figures-column"):
                yield FiguresPanel()
                yield log
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self._arrange()
        self._panel.focus()
        self.tick()
        self.set_interval(self.holy.settings.fast_s, self.tick)

    def on_unmount(self) -> None:
        self._reader.close()

    def on_screen_resume(self) -> None:
        self.tick()

    def repaint(self) -> None:
        self._arrange()
        self.tick()

    def the_list(self) -> Movable | None:
        return self._panel.the_list()

    def _arrange(self) -> None:
        """Give each panel its place."""
        height, self._arranged_for = self.size.height - HEAD - 1, self._shape()
        total, kinds = self._arranged_for
        places = None if self._zoomed else arrangement(self.size.width, height, total, kinds=kinds)
        for panel in self._panels:
            panel.beside, panel.zoomed = places is not None, self._zoomed
            panel.display = places is not None or panel is self._panel
            panel.styles.height = "1fr"
            panel.styles.margin = (0, 0, 0 if places is None else 1, 0)
        figures = self.query_one(FiguresPanel)
        figures.display = places is not None
        work, right = self.query_one("#work"), self.query_one("#figures-column")
        _, failures, items, cells, log = self._panels
        right.display = places is not None or self._panel is log
        work.display = places is not None or self._panel is not log
        right.styles.width = "1fr" if places is None else places.figures
        self.query_one("#tabs").display = places is None
        if places is not None:
            failures.styles.height, cells.styles.height, items.styles.height = places.failures, places.map, places.items
            figures.styles.height, log.styles.height = ("1fr", places.log) if kinds is None else ("auto", "1fr")
            figures.styles.margin = (0, 0, 1, 0)
            items.styles.margin = log.styles.margin = (0, 0, 0, 0)

    def _shape(self) -> tuple[int, int | None]:
        """What the places of the panels depend on: items, and at rest the kinds of failures."""
        snapshot = self._snapshot
        at_rest = snapshot.state not in LIVE_STATES and not snapshot.running
        return snapshot.counters.total, len(snapshot.counters.failures) if at_rest else None

    def tick(self) -> None:
        """Draw anew what may have changed."""
        if not self.in_sight:
            return
        try:
            if not self._handle.owned_here:
                self._handle = self.holy.desk.view(self.job_id)
            self._snapshot = self._handle.snapshot()
        except (CheckpointError, DeskError) as error:
            self.complain(error)
            return
        if self._shape() != self._arranged_for:
            self._arrange()
        moment = Moment(self._snapshot, self._handle.in_flight(), self.holy.now())
        figures = self.query_one(FiguresPanel).display
        self.lines("head").show(head(self.pen(), self._snapshot, moment.now, figures=figures))
        self.lines("tabs").show([self._tabs()])
        for panel in self.query(Panel):
            panel.show(moment)
        self.draw_footer()

    def _tabs(self) -> Text:
        line, failed = self.pen().line(), self._snapshot.counters.failed
        for panel in self._panels:
            words = f"{panel.number} {panel.panel_name}" + (f" {failed:,}" if panel.number == 2 and failed else "")
            here = panel is self._panel
            line.add(f"[{words}]" if here else f" {words} ", self.palette.accent if here else self.palette.muted)
        return line.done()

    def show_panel(self, panel: Panel) -> None:
        """Give a panel the keys, and on a small terminal the place."""
        self._panel = panel
        self._arrange()
        panel.focus()
        self.tick()

    def on_descendant_focus(self) -> None:
        """A panel was clicked."""
        for panel in self._panels:
            if panel.has_focus and panel is not self._panel:
                self.show_panel(panel)

    def answers(self, action_id: str) -> DOMNode:
        """The panel that has the keys where an action is its own, else the screen."""
        return self if hasattr(self, f"action_{action_id}") else self._panel

    def registered(self) -> list[Action]:
        """The screen's own actions, and those of the panel that has the keys."""
        return [*of_screen(self._panel.panel_name), *super().registered()]

    def available(self) -> Iterable[tuple[str, str]]:
        return verbs(self._snapshot, list(self._panel.verbs()), here=self._handle.owned_here)

    def spare(self) -> Iterable[str]:
        return spare(self._snapshot, dict(self._panel.verbs()))

    def on_line_list_moved(self) -> None:
        self.draw_footer()

    def on_line_list_chosen(self) -> None:
        self.action_open()

    def on_open_item(self, message: OpenItem) -> None:
        self.holy.open_item(self.job_id, message.index)

    def on_show_items(self, message: ShowItems) -> None:
        self._sent_by = self._panel
        self._items.show_only(message.words)
        self.show_panel(self._items)

    def chosen(self) -> Chosen | None:
        """What retry and its like are about."""
        return self._panel.chosen()

    def action_open(self) -> None:
        self._panel.action_open()

    def action_back(self) -> None:
        if self._zoomed:
            self.action_zoom()
        elif not self._items.leave():
            self.holy.go_back()
        elif not self._items.narrowed:
            sent_by, self._sent_by = self._sent_by, None
            if sent_by is not None and self._panel is self._items:
                self.show_panel(sent_by)

    def action_filter(self) -> None:
        if self._panel is not self._items:
            self.show_panel(self._items)
        self._sent_by = None
        self._items.begin_filter()

    def action_pause(self) -> None:
        self.holy.pause_or_resume(self.job_id)

    def action_stop(self) -> None:
        self.holy.ask_stop(self.job_id)

    def action_detach(self) -> None:
        self.holy.ask_detach(self.job_id)

    def action_more(self) -> None:
        self.holy.change_ceiling(self.job_id, up=True)

    def action_fewer(self) -> None:
        self.holy.change_ceiling(self.job_id, up=False)

    def action_retry(self) -> None:
        """What is chosen; where nothing is, all that failed."""
        chosen = self.chosen()
        if chosen is None:
            self.action_retry_all()
        elif not chosen.failed:
            self.say("this item has not failed" if chosen.number == 1 else "none of these has failed")
        else:
            self.holy.triage.retry(self.job_id, chosen)

    def action_retry_all(self) -> None:
        self.holy.triage.retry_by_kind(self.job_id)

    def action_retry_with(self) -> None:
        self.holy.triage.retry_with(self.job_id, self.chosen())

    def action_accept(self) -> None:
        self.holy.triage.accept(self.job_id, self.chosen())

    def action_give_up(self) -> None:
        self.holy.triage.give_up(self.job_id, self.chosen())

    def action_undo(self) -> None:
        self.holy.triage.undo(self.job_id)

    def action_budget(self) -> None:
        self.holy.triage.budget(self.job_id)

    def action_edit(self) -> None:
        self.holy.edit(self.job_id)

    def action_export(self) -> None:
        self.holy.ask_export(self.job_id)

    def action_next_job(self) -> None:
        self.holy.open_neighbour(self.job_id, 1, self._panel.number)

    def action_previous_job(self) -> None:
        self.holy.open_neighbour(self.job_id, -1, self._panel.number)

    def action_zoom(self) -> None:
        """Give the panel that has the keys the whole screen, or put it back beside the others."""
        self._zoomed = not self._zoomed
        self.show_panel(self._panel)

    def action_panel_1(self) -> None:
        self.show_panel(self._panels[0])

    def action_panel_2(self) -> None:
        self.show_panel(self._panels[1])

    def action_panel_3(self) -> None:
        self.show_panel(self._panels[2])

    def action_panel_4(self) -> None:
        self.show_panel(self._panels[3])

    def action_panel_5(self) -> None:
        self.show_panel(self._panels[4])

    def action_next_panel(self) -> None:
        self.show_panel(self._panels[(self._panels.index(self._panel) + 1) % len(self._panels)])
