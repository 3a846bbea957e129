"""Preflight: opening never spends; only its enter and its f do."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType

from holytui.core.estimate_words import first_words
from holytui.core.progress import JobState
from holytui.offload import offload
from holytui.runs.desk import DeskError, JobSource, KeyCheck, Preview
from holytui.runs.handle import RunHandle
from holytui.ui.actions import PREFLIGHT, bindings, key_of
from holytui.ui.draw import preflight as draw
from holytui.ui.draw.preflight import FIRST_ITEMS
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
        self._key: KeyCheck | None = None
        self._prompts = False
        self._problem = ""
        self._probe: RunHandle | None = None
        self._starting = False

    def compose(self) -> ComposeResult:
        yield LineList(cursor_style=lambda: self.palette.plain, id="sheet", marker="")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self.repaint()
        self._read()
        self.set_interval(self.holy.settings.fast_s, self._watch)

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
        """Show a preview, and ask the provider about the key that it names."""
        self._preview = preview
        self.repaint()
        if preview.key_ok and self._key is None:
            self._ask()

    @work(exit_on_error=False)
    async def _ask(self) -> None:
        """In a thread that nobody waits for: a provider that is silent must hold neither the screen nor the end."""
        try:
            self._key = await offload(partial(self.holy.desk.check, self._source), "holytui-check")
        except DeskError as error:
            self._key = KeyCheck(str(error), bad=True)
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
        if self._prompts:
            return draw.prompts(pen, self._preview.estimate)
        height, probe = self.the_list().size.height, self._probe_words(self._preview)
        return draw.sheet(pen, self._preview, height, probe, self._key_words(self._preview))

    def _key_words(self, preview: Preview) -> KeyCheck | None:
        """What the provider says about the key so far; a bad one does not bar the way, so the way is told."""
        if not preview.key_ok:
            return None
        if self._key is None:
            asking = "" if preview.estimate.simulated else ", being checked"
            return KeyCheck(f"{preview.key_note}{asking}")
        if not self._key.advice:
            return self._key
        *others, last = self._key.advice
        key = key_of("open", self.holy.settings.keymap)
        return replace(self._key, advice=(*others, f"{last} {key} runs it all the same."))

    def _probe_words(self, preview: Preview) -> str:
        """What is to be said about the first few items; nothing where they are all there is."""
        if self._probe is not None:
            counters = self._probe.snapshot().counters
            return f"{counters.succeeded + counters.failed:,} have their result; enter shows the run"
        estimate = preview.estimate
        if not self._can_probe(preview):
            return ""
        key = key_of("first", self.holy.settings.keymap)
        return f"{first_words(estimate, FIRST_ITEMS)}; {key} runs them, and the numbers get sharper"

    def _can_probe(self, preview: Preview) -> bool:
        return preview.estimate.pending > FIRST_ITEMS and preview.key_ok and not preview.blockers

    def available(self) -> Iterable[tuple[str, str]]:
        if self._preview is not None and not self._preview.blockers and self._preview.key_ok:
            estimate = self._preview.estimate
            if self._probe is not None:
                yield "open", "show the run"
            else:
                yield "open", "run all" if estimate.pending == estimate.items else f"run {estimate.pending:,}"
            if self._probe is None and self._can_probe(self._preview):
                yield "first", f"{'next' if self._preview.existing else 'first'} {FIRST_ITEMS}"
        if self._preview is not None:
            yield "prompts", "facts" if self._prompts else "prompts"
        yield "back", "back"
        yield "help", "help"
        yield "quit", "quit"

    def action_open(self) -> None:
        """Run it; while the first few run, show them."""
        if self._probe is not None:
            self.holy.open_run(self._probe.job_id)
        elif self._may_start():
            self.holy.start(self._source)

    def action_first(self) -> None:
        """Run a few of it, so that the numbers for the rest are no guess."""
        if self._preview is None or self._probe is not None or not self._may_start():
            return
        if not self._can_probe(self._preview):
            self.say(f"there are no more than {FIRST_ITEMS}: enter runs them")
            return
        self._starting = True
        self._start_probe()

    def _may_start(self) -> bool:
        """Whether it can be started as it is; says why not."""
        preview = self._preview
        if preview is None or self._starting:
            return False
        for sentence in preview.blockers or (() if preview.key_ok else (preview.key_note,)):
            self.say(sentence, bad=True)
            return False
        return True

    @work(thread=True, exit_on_error=False)
    def _start_probe(self) -> None:
        try:
            handle = self.holy.desk.start(self._source, limit=FIRST_ITEMS)
        except DeskError as error:
            self.app.call_from_thread(self._follow, None, str(error))
        else:
            self.app.call_from_thread(self._follow, handle)

    def _follow(self, probe: RunHandle | None, problem: str = "") -> None:
        """The first few run now, or could not be started."""
        self._starting = False
        self._probe = probe
        if problem:
            self.say(problem, bad=True)
        self.repaint()

    def _watch(self) -> None:
        """Tell how far the first few are; when they are done, look at the job anew."""
        if self._probe is None:
            return
        if not self._probe.owned_here:
            ended = self._probe.snapshot()
            self._probe = None
            if ended.reason == "limit" or ended.state in {JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES}:
                self.say("the numbers are from answers now")
            else:
                self.say(ended.message, bad=True)
            self._read()
        self.repaint()

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
