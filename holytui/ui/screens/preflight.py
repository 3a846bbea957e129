"""Preflight: opening never spends; only its enter does."""

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.runs.desk import DeskError, JobSource, Preview
from holytui.ui.actions import PREFLIGHT, bindings
from holytui.ui.draw import preflight as draw
from holytui.ui.screens.base import HolyScreen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines


class PreflightScreen(HolyScreen):
    """Reads the input off the loop, then shows what a run would do and cost."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PREFLIGHT)
    name_in_registry = PREFLIGHT

    def __init__(self, source: JobSource) -> None:
        super().__init__()
        self._source = source
        self._preview: Preview | None = None
        self._prompts = False
        self._problem = ""

    def compose(self) -> ComposeResult:
        yield LineList(cursor_style=lambda: self.palette.plain, id="sheet", marker="")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self.repaint()
        self._read()

    def the_list(self) -> LineList:
        return self.query_one("#sheet", LineList)

    @work(thread=True, exit_on_error=False)
    def _read(self) -> None:
        try:
            preview = self.holy.desk.preview(self._source)
        except DeskError as error:
            self.app.call_from_thread(self._fail, str(error))
        else:
            self.app.call_from_thread(self.show, preview)

    def show(self, preview: Preview) -> None:
        """Show a preview."""
        self._preview = preview
        self.repaint()

    def _fail(self, sentence: str) -> None:
        self._problem = sentence
        self.repaint()

    def repaint(self) -> None:
        lines = self._sheet()
        self.the_list().show(len(lines), lambda place: lines[place])
        self.draw_footer()

    def _sheet(self) -> list[Text]:
        pen = self.pen()
        if self._problem:
            parts = self._problem.splitlines()
            return [line for part in parts for line in pen.paragraph(part, self.palette.bad)]
        if self._preview is None:
            return [pen.plain(" Reading the input …", self.palette.muted)]
        return (
            draw.prompts(pen, self._preview.estimate)
            if self._prompts
            else draw.sheet(pen, self._preview, self.the_list().size.height)
        )

    def available(self) -> Iterable[tuple[str, str]]:
        if self._preview is not None and not self._preview.blockers and self._preview.key_ok:
            estimate = self._preview.estimate
            yield "open", "run all" if estimate.pending == estimate.items else f"run {estimate.pending:,}"
        if self._preview is not None:
            yield "prompts", "facts" if self._prompts else "prompts"
        yield "back", "back"
        yield "help", "help"
        yield "quit", "quit"

    def action_open(self) -> None:
        """Run it: the one key here that spends."""
        if self._preview is None:
            return
        for sentence in self._preview.blockers or (() if self._preview.key_ok else (self._preview.key_note,)):
            self.say(sentence, bad=True)
            return
        self.holy.start(self._source)

    def action_prompts(self) -> None:
        if self._preview is None:
            return
        self._prompts = not self._prompts
        self.the_list().move_to(0)
        self.repaint()

    def action_back(self) -> None:
        if self._prompts:
            self.action_prompts()
        else:
            self.holy.go_back()
