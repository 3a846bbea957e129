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

from holytui.core.display import count
from holytui.core.estimate_words import again_words, first_words, pending_words
from holytui.core.progress import JobState
from holytui.offload import offload
from holytui.runs.desk import Changed, DeskError, JobSource, KeyCheck, Preview
from holytui.runs.handle import RunHandle
from holytui.ui.actions import PREFLIGHT, bindings, key_of
from holytui.ui.draw import preflight as draw
from holytui.ui.draw.paths import near
from holytui.ui.draw.preflight import FIRST_ITEMS
from holytui.ui.roster import EVERY_S, Roster
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.dialogs import Choice, ChoiceDialog
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from holytui.ui.wishing import Wishing

KEYS_NAMED = ("prompts", "budget", "paste_key", "open", "retry_all", "executor")
"""As `draw.Keys` takes them."""


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
        self._wishing = Wishing(self, self.show, self._fail)
        self._roster = Roster(self.repaint)

    def compose(self) -> ComposeResult:
        yield LineList(cursor_style=lambda: self.palette.plain, id="sheet", marker="")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self.repaint()
        self._read()
        self.set_interval(self.holy.settings.fast_s, self._watch)
        self.set_interval(EVERY_S, self._look_for_workers)

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
        if preview.on_workers:
            self._look_for_workers()
        elif preview.key_ok and self._key is None and not preview.idle:
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
        keys = draw.Keys(*(key_of(name, self.holy.settings.keymap) for name in KEYS_NAMED))
        crew = draw.Crew(self._roster.workers, self._roster.problem)
        return draw.sheet(pen, self._preview, height, probe, self._key_words(self._preview), keys, crew)

    def _key_words(self, preview: Preview) -> KeyCheck | None:
        """What the provider says about the key so far; a bad one does not bar the way, so the way is told."""
        if not preview.key_ok:
            return None
        if preview.on_workers:
            return KeyCheck(preview.key_note)
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
            done = counters.succeeded + counters.failed
            return f"{f'{done:,} have their result' if done else 'none is back yet'}; enter shows the run"
        estimate = preview.estimate
        if not self._can_probe(preview):
            return ""
        key = key_of("first", self.holy.settings.keymap)
        return f"{first_words(estimate, FIRST_ITEMS)}; {key} runs them, and the numbers get sharper"

    def _can_probe(self, preview: Preview) -> bool:
        enough = preview.estimate.pending > FIRST_ITEMS and preview.changed is None
        return enough and preview.key_ok and not preview.blockers

    def available(self) -> Iterable[tuple[str, str]]:
        preview = self._preview
        if preview is not None and (self._probe is not None or preview.idle):
            yield "open", "show the run"
        elif preview is not None and not preview.blockers and preview.key_ok:
            yield "open", _verb(preview)
            if self._can_probe(preview):
                yield "first", f"{draw.which(preview)} {FIRST_ITEMS}"
        if preview is not None and not preview.idle:
            yield "prompts", "facts" if self._prompts else "prompts"
            yield "budget", "budget"
            yield "executor", "here" if preview.on_workers else "on workers"
        yield "edit", "edit"
        yield "back", "back"
        yield "help", "help"
        yield "quit", "quit"

    def spare(self) -> Iterable[str]:
        """What the sheet names beside what it changes goes first; the help never does."""
        return ("quit", "back", "budget", "executor", "edit", "prompts", "first")

    def action_open(self) -> None:
        """Run it; where there is nothing to run, or the first few run already, show that."""
        if self._probe is not None:
            self.holy.open_run(self._probe.job_id)
        elif self._preview is not None and self._preview.idle:
            self.holy.show_run(self._preview.job_id)
        elif self._may_start() and self._preview is not None:
            if self._preview.changed is None:
                self.holy.start(self._source)
            else:
                self._ask_about(self._preview, self._preview.changed)

    def _ask_about(self, preview: Preview, changed: Changed) -> None:
        """Steps have changed since their items were answered: paying for those again is a person's decision."""
        answers = "the answer" if changed.answered == 1 else f"the {count(changed.answered)} answers"
        sentences = [f"{draw.changed_words(changed)}.", ""]
        choices = [
            Choice("run", f"run {count(changed.answered)} again", again_words(preview.estimate, changed.again)),
            Choice("keep", f"keep {answers}", pending_words(preview.estimate)),
            Choice("no", "cancel", "esc"),
        ]

        def answered(answer: str | None) -> None:
            if answer in {"run", "keep"}:
                self.holy.start(self._source, answer)

        self.app.push_screen(ChoiceDialog(self.pen(68), sentences, choices), answered)

    def action_first(self) -> None:
        """Run a few of it, so that the numbers for the rest are no guess."""
        if self._probe is not None or not self._may_start() or self._preview is None:
            return
        if not self._can_probe(self._preview):
            key = key_of("open", self.holy.settings.keymap)
            changed = self._preview.changed is not None
            few = f"there are no more than {FIRST_ITEMS}: {key} runs them"
            self.say(f"its steps have changed: {key} asks what becomes of the answers" if changed else few)
            return
        self._starting = True
        self._start_probe()

    def _may_start(self) -> bool:
        """Whether it can be started as it is; says why not."""
        preview = self._preview
        if preview is None or self._starting:
            if not (self._problem or self._starting):
                self.say("a moment: its input is being read")
            return False
        if self._wishing.choosing:
            self.say("a moment: where it runs is being changed")
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
        if preview is None or preview.on_workers:
            return False
        return preview.key_missing or (self._key is not None and self._key.refused)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to paste its key moves the sheet, as on every screen."""
        return self._key_is_wanted() if action == "paste_key" else super().check_action(action, parameters)

    def action_paste_key(self) -> None:
        """A key for this session: kept in memory only, and asked about at once."""
        if self._preview is None:
            return
        self._wishing.key(self._source, self._preview, self._forget_key)

    def _forget_key(self) -> None:
        self._key = None

    def action_budget(self) -> None:
        """A budget for this run; the job file stays as it is."""
        if self._preview is not None:
            self._wishing.budget(self._source, self._preview)

    def action_executor(self) -> None:
        """Here or on workers, for this job in this session; the other way round the next time."""
        preview = self._preview
        if preview is None or preview.idle or self._starting or self._wishing.choosing:
            return
        if self._probe is not None:
            self.say(f"the first {FIRST_ITEMS} run already")
            return
        self.run_worker(self._wishing.executor(self._source, preview), exit_on_error=False)

    def _look_for_workers(self) -> None:
        if self._preview is not None and self._preview.on_workers and self.in_sight:
            self.run_worker(self._roster.look(self.holy.desk), exit_on_error=False)

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


def _verb(preview: Preview) -> str:
    estimate = preview.estimate
    if preview.changed is not None:
        return "run or keep"
    return "run all" if estimate.pending == estimate.items else f"run {estimate.pending:,}"
