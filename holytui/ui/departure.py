"""Going away: from the terminal UI, and of a run to the background; what runs is asked about first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from holytui.core.display import count
from holytui.core.progress import LIVE_STATES, JobState
from holytui.core.words import title_of
from holytui.runs.desk import DeskError
from holytui.runs.handle import RunHandle
from holytui.ui.draw.words import in_vain
from holytui.ui.screens.dialogs import Choice, ChoiceDialog

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp

ALIVE = LIVE_STATES | {JobState.PAUSED}
NAMED = 3
"""Runs that the quit dialog names one by one."""


class QuitDialog(ChoiceDialog):
    """The question on leaving; a second ctrl+c answers it with stop and quit."""


class Departure:
    """The questions before anything is left; holds no state."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def _alive_here(self) -> list[RunHandle]:
        return [handle for handle in self._app.desk.running_here() if handle.snapshot().state in ALIVE]

    def quit(self) -> None:
        """Leave; with a run alive, ask what becomes of it."""
        app, running = self._app, self._alive_here()
        if not running:
            app.leave()
            return
        shots = [handle.snapshot() for handle in running]
        sentences = [
            f"{title_of(shot)} is {shot.state.value}: {count(shot.requests_in_flight)} in flight, "
            f"{count(shot.pending)} pending."
            for shot in shots[:NAMED]
        ]
        if len(shots) > NAMED:
            sentences.append(f"{count(len(shots) - NAMED)} more run here.")
        flying = sum(shot.requests_in_flight for shot in shots)
        vain = in_vain(shots[0]) if len(shots) == 1 else ""
        choices = [
            Choice("leave", "leave it running" if len(shots) == 1 else "leave them running", "in the background"),
            Choice("stop", "stop and quit", f"{count(flying)} in flight return to pending{vain}"),
            Choice("no", "cancel", "esc"),
        ]

        def answered(answer: str | None) -> None:
            if answer == "leave":
                app.hand_over([handle.job_id for handle in running], then_quit=True)
            elif answer == "stop":
                app.leave()

        app.push_screen(QuitDialog(self._app.dialog_pen(), [*sentences, ""], choices), answered)

    def detach(self, job_id: str) -> None:
        """Hand one run to the background, and go or stay."""
        app = self._app
        snapshot = app.desk.view(job_id).snapshot()
        if all(handle.job_id != job_id for handle in self._alive_here()):
            owner = snapshot.owner
            app.say("nothing runs here" if owner is None else f"it runs apart already: pid {owner.pid} on {owner.host}")
            return
        flying = count(snapshot.requests_in_flight)
        sentences = [
            f"Let {title_of(snapshot)} run on in the background, apart from this terminal?",
            f"{flying} in flight are asked again there{in_vain(snapshot)}.",
            "",
        ]
        choices = [
            Choice("go", "detach and quit", "holytui shows it again"),
            Choice("stay", "detach, stay here", "this screen goes on showing it"),
            Choice("no", "cancel", "esc"),
        ]

        def answered(answer: str | None) -> None:
            if answer in {"go", "stay"}:
                app.hand_over([job_id], then_quit=answer == "go")

        app.push_screen(ChoiceDialog(self._app.dialog_pen(), sentences, choices), answered)

    def handed_over(self, told: Sequence[str], *, failed: bool, then_quit: bool) -> None:
        """The background took them, or some of them not; runs that are still here are asked about."""
        if then_quit and not self._alive_here():
            self._app.leave(told)
            return
        self._app.say(told[0], bad=failed)
        if then_quit:
            self.quit()


def hand_over(app: "HolytuiApp", jobs: Sequence[str]) -> tuple[list[str], bool]:
    """Hand runs to the background one by one; what to tell, and whether one of them rests now. Blocks."""
    lines, failed = [], False
    for job_id in jobs:
        try:
            lines += app.desk.leave_running(job_id).splitlines()
        except DeskError as error:
            lines.append(f"{job_id} rests: {error}")
            failed = True
    return lines, failed
