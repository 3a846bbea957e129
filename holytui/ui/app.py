"""The terminal UI's app: opens screens, routes what they ask for, and leaves cleanly."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import BindingType

from holytui.core.command import Command
from holytui.core.progress import LIVE_STATES
from holytui.runs.desk import Desk, DeskError, JobSource, Leaving
from holytui.runs.handle import RunHandle
from holytui.store.trouble import CheckpointError
from holytui.ui.actions import app_bindings
from holytui.ui.asks import Asks, is_unread
from holytui.ui.beginning import Beginning
from holytui.ui.departure import Departure, QuitDialog, hand_over
from holytui.ui.draw.pen import Pen
from holytui.ui.editing import Editing
from holytui.ui.jobs_order import neighbour
from holytui.ui.overlays import Overlays
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.item import ItemScreen
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from holytui.ui.settings import UiExit, UiSettings
from holytui.ui.shelving import Shelving
from holytui.ui.terminal_app import TerminalApp
from holytui.ui.theme import Palette, palette
from holytui.ui.triage import Triage

DIALOG = 68
"""Cells of a dialog's line: its width without margins and the cursor's mark."""

HANGUP, TERMINATED = 129, 143
"""Exit codes of the two signals that end it."""


class HolytuiApp(TerminalApp):
    """Holds the desk; screens ask it to open, start, stop and leave."""

    CSS_PATH = "holytui.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = app_bindings()
    TITLE = "holytui"

    def __init__(
        self,
        desk: Desk,
        settings: UiSettings,
        *,
        open_job: JobSource | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Build the app.

        Args:
            desk: the runs and the checkpoint folder.
            settings: of the user.
            open_job: what to open at the start, else the jobs screen: a job file for its preflight, or the id of
                a saved job, to be resumed after a question.
            clock: Unix time, seconds.
        """
        super().__init__(ascii=settings.ascii)
        self.desk = desk
        self.settings = settings
        self.now = clock
        self.asks = Asks(self)
        self.departure = Departure(self)
        self.triage = Triage(self)
        self.shelving = Shelving(self)
        self._jobs = JobsScreen()
        self.editing = Editing(self)
        self.beginning = Beginning(self)
        self.overlays = Overlays(self)
        self._open_job = open_job
        self._going: set[str] = set()
        for theme in settings.themes.values():
            self.register_theme(theme)
        self.theme = settings.theme
        if settings.keymap:
            self.set_keymap(dict(settings.keymap))

    @property
    def palette(self) -> Palette:
        return palette(self.current_theme)

    def dialog_pen(self) -> Pen:
        """A pen for the lines of a dialog."""
        return Pen(self.palette, DIALOG, self.settings.ascii)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._told_to_end, HANGUP, Leaving.HANGUP)
        loop.add_signal_handler(signal.SIGTERM, self._told_to_end, TERMINATED, Leaving.TERMINATED)
        self.push_screen(self._jobs)
        if isinstance(self._open_job, Path):
            self.open_preflight(self._open_job)
        elif self._open_job is not None:
            self.open_saved(self._open_job)
            self.call_after_refresh(self.asks.offer_resume, self._open_job)
        if self.settings.notice:
            self.say(self.settings.notice)
        if self.settings.bell:
            self.set_interval(self.settings.slow_s, self._ring)

    def _ring(self) -> None:
        """A run that went and does not go any more is worth a bell, wherever one looks."""
        running = {handle.job_id for handle in self.desk.running_here() if handle.snapshot().state in LIVE_STATES}
        if self._going - running:
            self.bell()
        self._going = running

    def _told_to_end(self, code: int, why: Leaving) -> None:
        """The link broke or the system ends us: save first, then go."""
        self.desk.shutdown(why)
        self.exit(UiExit(code), return_code=code)

    def open_preflight(self, source: JobSource) -> None:
        self.hush()
        self.push_screen(PreflightScreen(source))

    def open_saved(self, job_id: str) -> None:
        """Open a saved job: on its preflight as long as nobody has read its input, else on its run."""

        def opened() -> None:
            if is_unread(self.desk.view(job_id).snapshot()):
                self.open_preflight(job_id)
            else:
                self.open_run(job_id)

        self._ask(opened)

    def open_neighbour(self, job_id: str, by: int, panel: int) -> None:
        """Show the job before or after this one instead, on the panel with this number."""
        other = neighbour(self.desk.jobs(), self._jobs.order, job_id, by)
        if other is None:
            self.say("there is no other job")
            return

        def shown() -> None:
            screen = RunScreen(self.desk.view(other), self.desk.reader(other), panel)
            self.hush()
            self.switch_screen(screen)

        self._ask(shown)

    def open_run(self, job_id: str) -> None:
        """Open the run of a saved job; one that cannot be read says why."""
        try:
            screen = RunScreen(self.desk.view(job_id), self.desk.reader(job_id))
        except (DeskError, CheckpointError) as error:
            self.say(str(error), bad=True)
        else:
            self.hush()
            self.push_screen(screen)

    def open_item(self, job_id: str, index: int) -> None:
        """Open an item; one that cannot be read says why."""
        try:
            screen = ItemScreen(self.desk, job_id, index)
        except (DeskError, CheckpointError) as error:
            self.say(str(error), bad=True)
        else:
            self.hush()
            self.push_screen(screen)

    def go_back(self) -> None:
        """One screen back; the jobs screen is the last."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    @work(thread=True, exit_on_error=False, exclusive=True, group="start")
    def start(self, source: JobSource, drift: str | None = None) -> None:
        """Run a job here, and show it; owned elsewhere it opens as a viewer.

        `drift` is what becomes of the answers of steps that have changed: `run` or `keep`.
        """
        try:
            handle = self.desk.start(source, drift=drift)
        except DeskError as error:
            self.call_from_thread(self.say, str(error), bad=True)
        else:
            self.call_from_thread(self._show_run, handle)

    @work(thread=True, exit_on_error=False, exclusive=True, group="start")
    def retry(self, job_id: str, command: Command, done: str) -> None:
        """Take failed items of a resting job up again, off the loop: it waits for the job's lock and its input."""
        try:
            self.desk.retry(job_id, command)
        except DeskError as error:
            self.call_from_thread(self.say, str(error), bad=True)
        else:
            self.call_from_thread(self.say, done)

    def show_run(self, job_id: str) -> None:
        """Show the run of a saved job in the place of its preflight."""
        self._ask(lambda: self._show_run(self.desk.view(job_id)))

    def _show_run(self, handle: RunHandle) -> None:
        self._jobs.stand_on(handle.job_id)
        if isinstance(self.screen, RunScreen) and self.screen.job_id == handle.job_id:
            self.screen.tick()
            return
        try:
            screen = RunScreen(handle, self.desk.reader(handle.job_id))
        except DeskError as error:
            self.say(str(error), bad=True)
            return
        self.hush()
        below = self.screen_stack[-2] if isinstance(self.screen, PreflightScreen) else None
        if isinstance(below, RunScreen) and below.job_id == handle.job_id:
            self.pop_screen()  # its file was edited from there
        elif below is not None:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def edit(self, source: JobSource) -> None:
        """Edit the job file of a job; one that was changed is looked at before it is run."""

        def done(path: Path, changed: bool) -> None:  # noqa: FBT001  # what an editor tells
            if changed:
                self.open_preflight(path)

        self.editing.edit(source, done)

    def pause_or_resume(self, job_id: str) -> None:
        self._ask(lambda: self.asks.pause_or_resume(job_id))

    def change_ceiling(self, job_id: str, *, up: bool) -> None:
        self._ask(lambda: self.asks.change_ceiling(job_id, up=up))

    def ask_stop(self, job_id: str) -> None:
        self._ask(lambda: self.asks.stop(job_id))

    def ask_detach(self, job_id: str) -> None:
        self._ask(lambda: self.departure.detach(job_id))

    def ask_export(self, job_id: str) -> None:
        self._ask(lambda: self.asks.export(job_id))

    def _ask(self, question: Callable[[], None]) -> None:
        try:
            question()
        except (DeskError, CheckpointError) as error:
            self.say(str(error), bad=True)

    @work(thread=True, exit_on_error=False)
    def export(self, job_id: str, fmt: str) -> None:
        """Write the file off the loop, then say where it is."""
        try:
            path = self.desk.export(job_id, fmt)
        except DeskError as error:
            self.call_from_thread(self.say, str(error), bad=True)
        else:
            self.call_from_thread(self.say, f"exported to {path}")

    @work(thread=True, exit_on_error=False, exclusive=True, group="leave")
    def hand_over(self, jobs: Sequence[str], *, then_quit: bool) -> None:
        """Hand runs to the background, off the loop: it waits until they are taken up."""
        told, failed = hand_over(self, jobs)
        self.call_from_thread(self.departure.handed_over, told, failed=failed, then_quit=then_quit)

    def leave(self, lines: Sequence[str] = ()) -> None:
        """Stop what runs here, safely, and go; the lines stay in the scrollback."""
        self.desk.shutdown()
        self.exit(UiExit(0, tuple(lines)))

    def action_help(self) -> None:
        self.overlays.help()

    def action_theme(self) -> None:
        self.overlays.themes()

    def action_palette(self) -> None:
        self.overlays.palette()

    def wear(self, theme: str) -> None:
        """Put a theme on; every screen is drawn anew."""
        self.theme = theme
        for screen in self.screen_stack:
            if isinstance(screen, HolyScreen):
                screen.repaint()

    async def action_quit(self) -> None:
        self.departure.quit()

    def action_force_quit(self) -> None:
        """ctrl+c: asks while a job runs; once more: stops safely and quits."""
        if isinstance(self.screen, QuitDialog):
            self.leave()
        else:
            self.departure.quit()


def run_app(desk: Desk, settings: UiSettings, *, open_job: JobSource | None = None) -> UiExit:
    """Run the terminal UI to its end; the terminal is restored whatever happens.

    Raises:
        Exception: a defect ended it.
    """
    # No animation: over SSH each frame is paid for in keystroke delay.
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    app = HolytuiApp(desk, settings, open_job=open_job)
    result = app.run(mouse=settings.mouse)
    if result is not None:
        return result
    if app.defect is not None:
        desk.shutdown(Leaving.CRASHED)
        raise app.defect
    if app.is_web:
        # Nobody quit: the page was closed, or its link broke.
        desk.shutdown(Leaving.HANGUP)
        return UiExit(HANGUP)
    return UiExit(app.return_code or 0)
