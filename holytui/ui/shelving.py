"""What is asked before a job is renamed, made again or thrown away, and what follows the answer."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from holytui.core.display import count, usd
from holytui.core.identity import job_id_of
from holytui.core.progress import Snapshot
from holytui.runs.desk import DeskError, Shelved
from holytui.store.catalog import JobEntry
from holytui.store.shelf import TRASH
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.screens.dialogs import Choice, ChoiceDialog

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp

Then = Callable[[Shelved], None]
"""Told on the loop's thread what came of it, when it is done."""


class Shelving:
    """The questions about jobs as a whole; holds no state."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def rename(self, job: JobEntry, then: Then) -> None:
        """Another name for a job at rest; its job file finds it as before."""
        if self._is_busy(job, "renamed"):
            return
        sentences = [f"{job.job_id} gets another name; its job file goes on with it as before. The new name:", ""]
        self._ask_name(job, sentences, job.job_id, "rename", partial(self._app.desk.shelf.rename, job.job_id), then)

    def duplicate(self, job: JobEntry, then: Then) -> None:
        """The same job once more, with nothing done."""
        if job.snapshot is None:
            self._app.say(f"{job.job_id} cannot be read: there is nothing to make another one from", bad=True)
            return
        sentences = [
            f"A new job like {job.job_id}: same input, provider and steps, with no answers and nothing spent. It "
            f"rests until p runs it. Its name:",
            "",
        ]
        name = _free(job.job_id, self._taken())
        self._ask_name(job, sentences, name, "make it", partial(self._app.desk.shelf.duplicate, job.job_id), then)

    def delete(self, job: JobEntry, then: Then) -> None:
        """Throw a job at rest away, after saying what goes with it."""
        if self._is_busy(job, "deleted"):
            return
        sentences = [
            f"Delete {job.job_id}? {_what_goes(job.snapshot)}",
            f"It goes into {TRASH} of this folder, which is never emptied.",
            "",
        ]
        choices = [Choice("yes", "delete", "u undoes"), Choice("no", "cancel", "esc")]

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._do(partial(self._app.desk.shelf.delete, job.job_id), then)

        self._app.push_screen(ChoiceDialog(self._app.dialog_pen(), sentences, choices), answered)

    def undo(self, then: Then) -> None:
        """Take back the last delete or rename."""
        self._do(self._app.desk.shelf.undo, then)

    def _ask_name(  # one question, all of it different each time
        self,
        job: JobEntry,
        sentences: Sequence[str],
        value: str,
        verb: str,
        act: Callable[[str], Shelved],
        then: Then,
    ) -> None:
        taken = self._taken() - {job.job_id}

        def check(text: str) -> str:
            if not text.strip():
                return "a name: letters, digits and -"
            job_id = job_id_of(text)
            if job_id == job.job_id:
                return "that is its name now"
            return f"there is a job {job_id} already" if job_id in taken else ""

        def note(text: str) -> str:
            job_id = job_id_of(text)
            return "" if job_id == text else f"as {job_id}"

        def answered(text: str | None) -> None:
            if text is not None:
                self._do(partial(act, job_id_of(text)), then)

        dialog = AskLine(self._app.dialog_pen(), sentences, value=value, verb=verb, check=check, note=note)
        self._app.push_screen(dialog, answered)

    def _is_busy(self, job: JobEntry, done: str) -> bool:
        """Whether somebody has it; then that is said. The lock decides, this only spares a question."""
        if job.snapshot is None or job.snapshot.owner is None:
            return False
        state = job.snapshot.state.value
        self._app.say(f"{job.job_id} is {state}: x stops it, then it can be {done}")
        return True

    def _taken(self) -> frozenset[str]:
        return frozenset(entry.job_id for entry in self._app.desk.jobs())

    def _do(self, act: Callable[[], Shelved], then: Then) -> None:
        """Off the loop: it waits for the job's lock and the disk."""

        def work() -> None:
            try:
                done = act()
            except DeskError as error:
                self._app.call_from_thread(partial(self._app.say, str(error), bad=True))
            else:
                self._app.call_from_thread(told, done)

        def told(done: Shelved) -> None:
            self._app.say(done.words)
            then(done)

        self._app.run_worker(work, thread=True, exit_on_error=False, group="shelf")


def _free(job_id: str, taken: frozenset[str]) -> str:
    return next(name for number in itertools.count(2) if (name := f"{job_id}-{number}") not in taken)


def _what_goes(snapshot: Snapshot | None) -> str:
    """What a job's folder holds, in a sentence."""
    if snapshot is None:
        return "It cannot be read as it is."
    counters = snapshot.counters
    if not counters.succeeded and not counters.failed:
        return "Nothing is answered yet."
    answers = f"{count(counters.succeeded)} answer" + ("" if counters.succeeded == 1 else "s")
    failed = f" and {count(counters.failed)} failed items" if counters.failed > 1 else ""
    failed = " and a failed item" if counters.failed == 1 else failed
    cost = "simulated" if snapshot.simulated else f"paid with {usd(counters.spend.money)}"
    return f"With it go {answers}{failed}, {cost}."
