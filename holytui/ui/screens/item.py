"""One item: verdict, remedy, tries on a time axis, and what was asked and answered."""

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType

from holytui.core.command import Selection
from holytui.core.work import ItemState
from holytui.runs.desk import Desk
from holytui.runs.inspecting import Inspector
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import ITEM, bindings
from holytui.ui.carry_out import page_text, save_text
from holytui.ui.draw import item as draw
from holytui.ui.draw.item_texts import TABS, Shown, body, shown_of
from holytui.ui.draw.timeline import chosen_of, timeline
from holytui.ui.panels.panel import Chosen
from holytui.ui.screens.base import HolyScreen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines


class ItemScreen(HolyScreen):
    """Reads one item, again when it changes; `n N [ ]` go to another, `h l` to another try."""

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
        self._try: int | None = None
        self._body: list[Text] = []
        self._reader = desk.reader(job_id)
        try:
            self._inspector = Inspector(self._reader)
            self._shown = self._inspector.look(index)
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

    @property
    def _index(self) -> int:
        return self._shown.detail.row.index

    def _look_again(self) -> None:
        """A retry changes the item while it is shown."""
        if not self.in_sight:
            return
        try:
            if self._reader.row(self._index) != self._shown.detail.row:
                self._shown = self._inspector.look(self._index)
                self.repaint()
        except CheckpointError as error:
            self.complain(error)

    def _text(self) -> Shown:
        return shown_of(self._shown, self._tab, chosen_of(self._shown, self._try))

    def repaint(self) -> None:
        pen, shown = self.pen(), self._shown
        lines = draw.head(pen, self._job_id, shown) + timeline(pen, shown, chosen_of(shown, self._try))
        self.lines("item-head").show(lines[: max(6, self.size.height - 8)])
        text = self._text()
        self.lines("tabs").show([self._tabs(text.note)])
        self._body = body(pen, text)
        self.the_list().show(len(self._body), lambda at: self._body[at])
        self.draw_footer()

    def _tabs(self, note: str) -> Text:
        line = self.pen().line()
        for number, tab in enumerate(TABS, 1):
            here = tab == self._tab
            style = self.palette.accent if here else self.palette.muted
            line.add(f"[{number} {tab}]" if here else f" {number} {tab} ", style)
        return line.end(note, self.palette.muted).done()

    def available(self) -> Iterable[tuple[str, str]]:
        row = self._shown.detail.row
        if row.state is ItemState.FAILED:
            yield "retry", "retry"
            yield "retry_with", "retry with"
        if self._shown.failed - (row.state is ItemState.FAILED) > 0:
            yield "next_failure previous_failure", "failure"
        if self._shown.total > 1:
            yield "previous_item next_item", "item"
        yield "copy", "copy"
        yield "page", "pager"
        yield "export", "save"
        yield "back", "back"
        yield "help", "help"

    def spare(self) -> Iterable[str]:
        return ("page", "copy", "export", "back", "previous_item next_item")

    def _go(self, index: int) -> None:
        if not 0 <= index < self._shown.total:
            return
        try:
            self._shown = self._inspector.look(index)
        except CheckpointError as error:
            self.complain(error)
        else:
            self._try = None
            self.the_list().move_to(0)
            self.repaint()

    def _show(self, tab: str) -> None:
        self._tab = tab
        self.the_list().move_to(0)
        self.repaint()

    def _to_try(self, by: int) -> None:
        number = len(self._shown.detail.attempts)
        if number:
            here = number - 1 if self._try is None else self._try
            self._try = max(0, min(here + by, number - 1))
            self.the_list().move_to(0)
            self.repaint()

    def action_left(self) -> None:
        self._to_try(-1)

    def action_right(self) -> None:
        self._to_try(1)

    def action_back(self) -> None:
        self.holy.go_back()

    def _chosen(self) -> Chosen:
        row = self._shown.detail.row
        failed = int(row.state is ItemState.FAILED)
        return Chosen(Selection(items=(row.item_id,)), 1, failed, "this item", (row.kind,) if row.kind else ())

    def action_retry(self) -> None:
        if self._shown.detail.row.state is ItemState.FAILED:
            self.holy.triage.retry(self._job_id, self._chosen())
        else:
            self.say("this item has not failed")

    def action_retry_with(self) -> None:
        self.holy.triage.retry_with(self._job_id, self._chosen())

    def action_accept(self) -> None:
        self.holy.triage.accept(self._job_id, self._chosen())

    def action_give_up(self) -> None:
        self.holy.triage.give_up(self._job_id, self._chosen())

    def action_undo(self) -> None:
        self.holy.triage.undo(self._job_id)

    def action_copy(self) -> None:
        """To the terminal's clipboard, which never says whether it took it."""
        self.app.copy_to_clipboard(self._text().text)
        self.say("sent to the clipboard; w saves to a file")

    def action_export(self) -> None:
        """Save the text that is shown, exactly."""
        self._save(f"{self._job_id}-{self._shown.detail.row.item_id}-{self._tab}", self._text().text)

    @work(thread=True, exit_on_error=False)
    def _save(self, name: str, text: str) -> None:
        try:
            path = save_text(Path.cwd(), name, text)
        except OSError as error:
            self.app.call_from_thread(self.complain, error)
        else:
            self.app.call_from_thread(self.say, f"saved to {path}")

    def action_page(self) -> None:
        """Show the text in the pager, all of it."""
        problem: Exception | None = None
        try:
            with self.app.suspend():
                try:  # what is raised in here would leave the app suspended
                    page_text(self._text().text)
                except (OSError, ValueError) as error:
                    problem = error
        except SuspendNotSupported as error:
            problem = error
        if problem is not None:
            self.say(f"no pager here: {problem}; w saves to a file", bad=True)

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
        self._show(TABS[0])

    def action_panel_2(self) -> None:
        self._show(TABS[1])

    def action_panel_3(self) -> None:
        self._show(TABS[2])

    def action_panel_4(self) -> None:
        self._show(TABS[3])

    def action_next_panel(self) -> None:
        self._show(TABS[(TABS.index(self._tab) + 1) % len(TABS)])
