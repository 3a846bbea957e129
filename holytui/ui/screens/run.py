"""The run screen: five lines on top, a panel below."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.core.progress import LIVE_STATES, JobState, LogLine
from holytui.core.work import ItemState
from holytui.runs.desk import DeskError
from holytui.runs.handle import RunHandle
from holytui.store.rows import ItemRow
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import RUN, bindings
from holytui.ui.draw import items as draw_items
from holytui.ui.draw import live as draw_live
from holytui.ui.draw.head import head
from holytui.ui.draw.pen import Pen
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.dialogs import FilterBar
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.pages import Pages

PANELS = ("live", "failures", "items", "log")
LOG_LINES = 2_000


class RunScreen(HolyScreen):
    """Draws what a handle shows; the job may run here, elsewhere, or rest."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(RUN)
    name_in_registry = RUN

    def __init__(self, handle: RunHandle) -> None:
        super().__init__()
        self._handle = handle
        self._snapshot = handle.snapshot()
        self._panel = "live"
        self._filter = ""
        self._header = Text("")
        self._pages: Pages[ItemRow] = Pages(self._read_page)
        self._log: list[LogLine] = []
        self._listed = (-1, -1)

    @property
    def job_id(self) -> str:
        return self._handle.job_id

    def compose(self) -> ComposeResult:
        yield Lines(id="head")
        yield Lines(id="tabs")
        yield Lines(id="live")
        yield LineList(cursor_style=self.cursor_style, id="list")
        yield FilterBar(self._narrow)
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self._reader = self.holy.desk.reader(self.job_id)
        self._show_panel("live")
        self.set_interval(self.holy.settings.fast_s, self.tick)

    def on_unmount(self) -> None:
        self._reader.close()

    def on_screen_resume(self) -> None:
        self.tick()

    def repaint(self) -> None:
        self._listed = (-1, -1)
        self.tick()

    def the_list(self) -> LineList | None:
        return None if self._panel == "live" else self.query_one("#list", LineList)

    def tick(self) -> None:
        """Draw anew what may have changed."""
        if not self.is_current:
            return
        try:
            if not self._handle.owned_here:
                self._handle = self.holy.desk.view(self.job_id)
            self._snapshot = self._handle.snapshot()
            if self._panel != "live":
                self._refresh_list()
        except (CheckpointError, DeskError) as error:
            self.complain(error)
            return
        pen = self.pen()
        self.lines("head").show(head(pen, self._snapshot, self.holy.now()))
        self.lines("tabs").show([self._tabs()])
        if self._panel == "live":
            height = max(4, self.size.height - 8)
            lines = draw_live.live(pen, self._snapshot, self._handle.in_flight(), height, two_columns=pen.width >= 110)
            self.lines("live").show(lines)
        self.draw_footer()

    def _tabs(self) -> Text:
        line = self.pen().line()
        counters = self._snapshot.counters
        for number, panel in enumerate(PANELS, 1):
            words = f"{number} {panel}" + (f" {counters.failed:,}" if panel == "failures" and counters.failed else "")
            if panel == self._panel:
                line.add(f"[{words}]", self.palette.accent)
            else:
                line.add(f" {words} ", self.palette.muted)
        if self._filter:
            line.add("   filter: ", self.palette.muted).foreign(self._filter, 30, self.palette.warn)
        return line.done()

    def _show_panel(self, panel: str) -> None:
        self._panel = panel
        self.query_one("#live").display = panel == "live"
        self.query_one("#list").display = panel != "live"
        self._listed = (-1, -1)
        self._pages.forget()
        if panel == "live":
            self.set_focus(None)
        else:
            self.query_one("#list", LineList).move_to(0)
        self.tick()

    def _read_page(self, offset: int, limit: int) -> list[ItemRow]:
        state, kind, text = self._narrowed()
        try:
            return self._reader.items(offset, limit, state=state, kind=kind, text=text)
        except CheckpointError as error:
            self.call_later(self.complain, error)
            return []

    def _narrowed(self) -> tuple[ItemState | None, str | None, str | None]:
        """The filter's words as state, kind and text."""
        state = ItemState.FAILED if self._panel == "failures" else None
        kind, rest = None, []
        for word in self._filter.split():
            if word in ItemState.__members__.values():
                state = ItemState(word)
            elif word in self._snapshot.counters.failures or word == "timeout":
                kind = word
            else:
                rest.append(word)
        return state, kind, " ".join(rest) or None

    def _refresh_list(self) -> None:
        """Read the list again when results came; the cursor keeps its place."""
        counters = self._snapshot.counters
        seen = (counters.succeeded, counters.failed)
        lines = self.query_one("#list", LineList)
        if self._panel == "log":
            self._log = self._reader.events(LOG_LINES)
            lines.show(len(self._log), self._log_line)
            return
        if seen == self._listed:
            return
        self._listed = seen
        self._pages.forget()
        state, kind, text = self._narrowed()
        number = self._reader.count_items(state=state, kind=kind, text=text)
        title = f"FAILED {number:,}" if self._panel == "failures" else f"ITEMS {number:,}, by number"
        self._header = draw_items.header(self._row_pen(), title)
        lines.show(number + 1, self._item_line, selectable=lambda place: place > 0)

    def _row_pen(self) -> Pen:
        """The list's own width: two cells are the cursor's, one the scroll bar's."""
        return self.pen(self.size.width - 3)

    def _item_line(self, place: int) -> Text:
        if place == 0:
            return self._header
        pen = self._row_pen()
        item = self._pages.row(place - 1)
        return draw_items.page_missing(pen) if item is None else draw_items.row(pen, item)

    def _log_line(self, place: int) -> Text:
        return draw_live.log_line(self._row_pen(), self._log[place])

    def _current_item(self) -> ItemRow | None:
        if self._panel not in {"failures", "items"}:
            return None
        place = self.query_one("#list", LineList).cursor
        return self._pages.row(place - 1) if place > 0 else None

    def available(self) -> Iterable[tuple[str, str]]:
        snapshot = self._snapshot
        if self._current_item() is not None:
            yield "open", "open"
        if snapshot.state in {JobState.RUNNING, JobState.PREPARING}:
            yield "pause", "pause"
        elif snapshot.pending or snapshot.state is JobState.PAUSING:
            yield "pause", "resume"
        if snapshot.counters.failed:
            yield "retry", "retry"
            yield "retry_all", "retry all"
        if snapshot.state in LIVE_STATES or (snapshot.state is JobState.PAUSED and snapshot.owner is not None):
            yield "stop", "stop"
        if snapshot.counters.succeeded:
            yield "export", "export"
        if self._panel in {"failures", "items"}:
            yield "filter", "filter"
        yield "back", "jobs"
        yield "help", "help"
        yield "quit", "quit"

    def on_line_list_moved(self) -> None:
        self.draw_footer()

    def on_line_list_chosen(self) -> None:
        self.action_open()

    def _narrow(self, text: str) -> None:
        self._filter = text.lower()
        self._listed = (-1, -1)
        self.tick()

    def action_open(self) -> None:
        item = self._current_item()
        if item is not None:
            self.holy.open_item(self.job_id, item.index)

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.active:
            bar.action_close()
        else:
            self.holy.go_back()

    def action_filter(self) -> None:
        if self._panel not in {"failures", "items"}:
            self._show_panel("items")
        self.query_one(FilterBar).begin()

    def action_pause(self) -> None:
        self.holy.pause_or_resume(self.job_id)

    def action_stop(self) -> None:
        self.holy.ask_stop(self.job_id)

    def action_more(self) -> None:
        self.holy.change_ceiling(self.job_id, up=True)

    def action_fewer(self) -> None:
        self.holy.change_ceiling(self.job_id, up=False)

    def action_retry(self) -> None:
        """The failed item under the cursor; without one, all of them."""
        item = self._current_item()
        if item is None:
            self.action_retry_all()
        elif item.state is ItemState.FAILED:
            self.holy.ask_retry_items(self.job_id, (item.item_id,), item.cost.usd)
        else:
            self.say("this item has not failed")

    def action_retry_all(self) -> None:
        self.holy.ask_retry(self.job_id)

    def action_export(self) -> None:
        self.holy.ask_export(self.job_id)

    def action_panel_1(self) -> None:
        self._show_panel("live")

    def action_panel_2(self) -> None:
        self._show_panel("failures")

    def action_panel_3(self) -> None:
        self._show_panel("items")

    def action_panel_4(self) -> None:
        self._show_panel("log")

    def action_next_panel(self) -> None:
        self._show_panel(PANELS[(PANELS.index(self._panel) + 1) % len(PANELS)])
