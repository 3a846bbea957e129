"""One item: verdict, remedy, attempts, and what was asked and answered."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.core.command import Selection
from holytui.core.work import ItemState
from holytui.runs.desk import Desk
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import ITEM, bindings
from holytui.ui.draw import item as draw
from holytui.ui.panels.panel import Chosen
from holytui.ui.screens.base import HolyScreen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines


class ItemScreen(HolyScreen):
    """Reads one item, again when it changes; `n N [ ]` go to another."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(ITEM)
    name_in_registry = ITEM

    def __init__(self, desk: Desk, job_id: str, index: int) -> None:
        """Show an item.

        Args:
            desk: has the job.
            job_id: of its job.
            index: of the item.

        Raises:
            DeskError: there is no such job.
            CheckpointError: it cannot be read.
        """
        super().__init__()
        self._job_id = job_id
        self._tab = "answer"
        self._body: list[Text] = []
        self._reader = desk.reader(job_id)
        try:
            self._read(index)
        except CheckpointError:
            self._reader.close()
            raise

    def compose(self) -> ComposeResult:
        yield Lines(id="item-head")
        yield Lines(id="tabs")
        yield LineList(cursor_style=lambda: self.palette.plain, id="body", marker="")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self.repaint()
        self.set_interval(self.holy.settings.slow_s, self._look_again)

    def on_unmount(self) -> None:
        self._reader.close()

    def the_list(self) -> LineList:
        return self.query_one("#body", LineList)

    def _read(self, index: int) -> None:
        detail = self._reader.item(index)
        counters = self._reader.counters()
        self._total, self._failed = counters.total, counters.failed
        self._place = self._reader.failure_place(index) if detail.row.state is ItemState.FAILED else None
        self._index, self._detail = index, detail

    def _look_again(self) -> None:
        """A retry changes the item while it is shown."""
        if not self.is_current:
            return
        try:
            if self._reader.row(self._index) != self._detail.row:
                self._read(self._index)
                self.repaint()
        except CheckpointError as error:
            self.complain(error)

    def repaint(self) -> None:
        pen, detail = self.pen(), self._detail
        failure = None if self._place is None else (self._place, self._failed)
        lines = draw.head(pen, self._job_id, detail, self._total, failure) + draw.attempts(pen, detail)
        self.lines("item-head").show(lines[: max(6, self.size.height - 8)])
        self.lines("tabs").show([self._tabs()])
        self._body = draw.body(pen, detail, self._tab)
        self.the_list().show(len(self._body), lambda at: self._body[at])
        self.draw_footer()

    def _tabs(self) -> Text:
        line = self.pen().line()
        for number, tab in enumerate(draw.TABS, 1):
            here = tab == self._tab
            line.add(
                f"[{number} {tab}]" if here else f" {number} {tab} ",
                self.palette.accent if here else self.palette.muted,
            )
        return line.end(draw.text_of(self._detail, self._tab)[1], self.palette.muted).done()

    def available(self) -> Iterable[tuple[str, str]]:
        if self._detail.row.state is ItemState.FAILED:
            yield "retry", "retry"
        if self._failed:
            yield "next_failure", "next failure"
        yield "next_item", "next item"
        yield "export", "export"
        yield "back", "back"
        yield "help", "help"

    def _go(self, index: int) -> None:
        if not 0 <= index < self._total:
            return
        try:
            self._read(index)
        except CheckpointError as error:
            self.complain(error)
        else:
            self.the_list().move_to(0)
            self.repaint()

    def _show(self, tab: str) -> None:
        self._tab = tab
        self.the_list().move_to(0)
        self.repaint()

    def action_back(self) -> None:
        self.holy.go_back()

    def action_retry(self) -> None:
        row = self._detail.row
        if row.state is ItemState.FAILED:
            self.holy.triage.retry(self._job_id, self._chosen())

    def _chosen(self) -> Chosen:
        row = self._detail.row
        failed = int(row.state is ItemState.FAILED)
        return Chosen(Selection(items=(row.item_id,)), 1, failed, "this item", (row.kind,) if row.kind else ())

    def action_retry_with(self) -> None:
        self.holy.triage.retry_with(self._job_id, self._chosen())

    def action_accept(self) -> None:
        self.holy.triage.accept(self._job_id, self._chosen())

    def action_give_up(self) -> None:
        self.holy.triage.give_up(self._job_id, self._chosen())

    def action_undo(self) -> None:
        self.holy.triage.undo(self._job_id)

    def action_export(self) -> None:
        self.holy.ask_export(self._job_id)

    def action_next_item(self) -> None:
        self._go(self._index + 1)

    def action_previous_item(self) -> None:
        self._go(self._index - 1)

    def action_next_failure(self) -> None:
        self._to_failure(back=False)

    def action_previous_failure(self) -> None:
        self._to_failure(back=True)

    def _to_failure(self, *, back: bool) -> None:
        try:
            found = self._reader.next_failed(self._index, back=back)
        except CheckpointError as error:
            self.complain(error)
            return
        if found is None:
            self.say("no failure further up" if back else "no failure further down")
        else:
            self._go(found)

    def action_panel_1(self) -> None:
        self._show("prompt")

    def action_panel_2(self) -> None:
        self._show("answer")

    def action_panel_3(self) -> None:
        self._show("raw")

    def action_panel_4(self) -> None:
        self._show("requests")

    def action_next_panel(self) -> None:
        self._show(draw.TABS[(draw.TABS.index(self._tab) + 1) % len(draw.TABS)])
