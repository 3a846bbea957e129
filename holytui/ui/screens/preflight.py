"""Preflight: opening never spends; only its enter and its f do."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
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
from holytui.ui.draw.paths import near
from holytui.ui.draw.preflight import FIRST_ITEMS
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.screens.base import HolyScreen
from holytui.ui.triage import no_amount
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
        self._read_so_far = (0, 0)

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
        source = self._source
        try:
            preview = self.holy.desk.preview(source, self._count)
        except DeskError as error:
            self.app.call_from_thread(self._fail, source, str(error))
        else:
            self.app.call_from_thread(self.show, preview)

    def _count(self, items: int, unusable: int) -> None:
        """From the thread that reads; the next tick shows it."""
        self._read_so_far = (items, unusable)

    def show(self, preview: Preview) -> None:
        """Show a preview, and ask the provider about the key that it names."""
        self._preview, self._problem = preview, ""
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

    def _fail(self, source: JobSource, sentence: str) -> None:
        if source == self._source:
            self._problem = sentence
            self.repaint()

    def repaint(self) -> None:
        lines = self._sheet()
        self.the_list().show(len(lines), lambda place: lines[place])
        self.draw_footer()

    def _sheet(self) -> list[Text]:
        pen = self.pen()
        if self._problem:
            parts = self._problem.replace(str(self._source), near(self._source)).splitlines()
            return [line for part in parts for line in pen.paragraph(part, self.palette.bad)]
        if self._preview is None:
            return draw.reading(pen, *self._read_so_far)
        if self._prompts:
            return draw.prompts(pen, self._preview.estimate)
        height, probe = self.the_list().size.height, self._probe_words(self._preview)
        keys = draw.Keys(*(key_of(name, self.holy.settings.keymap) for name in ("prompts", "budget", "paste_key")))
        return draw.sheet(pen, self._preview, height, probe, self._key_words(self._preview), keys)

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
            yield "budget", "budget"
        yield "edit", "edit"
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
        way = f" {key_of('paste_key', self.holy.settings.keymap)} pastes it." if preview.key_missing else ""
        for sentence in preview.blockers or (() if preview.key_ok else (preview.key_note + way,)):
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
        """Tell how far the reading or the first few are; when those are done, look at the job anew."""
        if self._probe is None:
            if self._preview is None:
                self.repaint()
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

    def _key_is_wanted(self) -> bool:
        preview = self._preview
        return preview is not None and (preview.key_missing or (self._key is not None and self._key.refused))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to paste its key moves the sheet, as on every screen."""
        return self._key_is_wanted() if action == "paste_key" else super().check_action(action, parameters)

    def action_paste_key(self) -> None:
        """A key for this session: kept in memory only, and asked about at once."""
        if self._preview is None:
            return
        sentences = [
            f"The key for {self._preview.variable or 'the provider'}, for this session of holytui.",
            "It is not shown and goes to no file; whoever runs this job in the background gets it too.",
            "",
        ]

        def answered(text: str | None) -> None:
            if text is not None:
                self._key = None
                self._wish(api_key=text.strip())

        self.app.push_screen(AskLine(self.pen(68), sentences, verb="use it", check=no_key, secret=True), answered)

    def action_budget(self) -> None:
        """A budget for this run, as `--budget` gives it; the job file stays as it is."""
        preview = self._preview
        if preview is None:
            return
        budget = preview.estimate.budget_usd
        sentences = ["The budget of this job in USD, from its first request on. Its file stays as it is.", ""]

        def answered(text: str | None) -> None:
            if text is not None:
                self._wish(budget_usd=float(text.lstrip("$")))

        value = "" if budget is None else f"{budget:g}"
        self.app.push_screen(AskLine(self.pen(68), sentences, value=value, check=no_amount), answered)

    def _wish(self, *, budget_usd: float | None = None, api_key: str | None = None) -> None:
        if self._preview is None:
            return
        try:
            self.show(self.holy.desk.wish(self._source, self._preview, budget_usd=budget_usd, api_key=api_key))
        except DeskError as error:
            self._fail(self._source, str(error))

    def action_edit(self) -> None:
        """Edit the job file, then look at the job anew."""
        if self._probe is None and not self._starting:
            self.holy.editing.edit(self._source, self._look_anew)

    def _look_anew(self, path: Path, changed: bool) -> None:  # noqa: FBT001  # what an editor tells
        if changed:
            self._source, self._preview, self._key, self._problem = path, None, None, ""
            self._read_so_far = (0, 0)
            self._read()
        self.repaint()

    def action_back(self) -> None:
        if self._prompts:
            self.action_prompts()
        else:
            self.holy.go_back()


def no_key(text: str) -> str:
    """Why a text cannot be a key; empty where it can. The text itself is never in it."""
    key = text.strip()
    if not key:
        return "a key, please; esc leaves it"
    return "" if key.isascii() and key.isprintable() and " " not in key else "a key has no blanks or special signs"
