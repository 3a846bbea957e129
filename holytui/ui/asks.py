"""What is asked before something is spent, stopped or left: each question, and what follows its answer."""

from typing import TYPE_CHECKING

from holytui.core.bounds import MOST_AT_ONCE
from holytui.core.command import Command, Verb
from holytui.core.display import count, items_words
from holytui.core.progress import JobState, Snapshot
from holytui.core.words import title_of
from holytui.ui.draw.words import expected_cost, in_vain
from holytui.ui.screens.dialogs import Choice, ChoiceDialog

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp

NO = Choice("no", "no", "esc")


def is_unread(snapshot: Snapshot) -> bool:
    """A job that was made but whose input nobody has read yet: what it would do is for the preflight to show."""
    rests = snapshot.state in {JobState.READY, JobState.PAUSED, JobState.STOPPED, JobState.INTERRUPTED}
    return rests and snapshot.owner is None and snapshot.counters.total == 0


class Asks:
    """The questions of the app; holds no state."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def pause_or_resume(self, job_id: str) -> None:
        """Pause what runs, at once; resume what rests, after showing count and cost."""
        app = self._app
        handle = app.desk.view(job_id)
        snapshot = handle.snapshot()
        if snapshot.state in {JobState.RUNNING, JobState.PREPARING}:
            handle.send(Command(Verb.PAUSE))
            app.say(f"pausing: {snapshot.requests_in_flight} in flight finish first")
        elif snapshot.owner is not None:
            handle.send(Command(Verb.RESUME))
            app.say("going on")
        elif is_unread(snapshot):
            app.open_preflight(job_id)
        elif not snapshot.pending:
            app.say("nothing is pending: R retries what failed" if snapshot.counters.failed else "nothing is pending")
        else:
            self._resume(job_id, snapshot)

    def change_ceiling(self, job_id: str, *, up: bool) -> None:
        """More or fewer requests at once, a step that fits their number; at once, for it spends nothing by itself."""
        handle = self._app.desk.view(job_id)
        snapshot = handle.snapshot()
        if snapshot.owner is None:
            self._app.say("nothing runs here")
            return
        step = max(1, snapshot.ceiling // 8)
        ceiling = min(MOST_AT_ONCE, snapshot.ceiling + step) if up else max(1, snapshot.ceiling - step)
        handle.send(Command(Verb.CEILING, ceiling=ceiling))
        self._app.say(f"at most {ceiling} in flight, for this session")

    def offer_resume(self, job_id: str) -> None:
        """The question with which a job that was named on the command line opens, if it rests with work left."""
        snapshot = self._app.desk.view(job_id).snapshot()
        if snapshot.owner is None and snapshot.pending:
            self._resume(job_id, snapshot)

    def _resume(self, job_id: str, snapshot: Snapshot) -> None:
        note = self._app.desk.key_note(job_id)
        if not note.ok:
            # The preflight is where a key is pasted, and where everything else that bars the way is told.
            self._app.open_preflight(job_id)
            self._app.say(note.words, bad=True)
            return
        _, mark, digits = note.words.partition("…")
        key = f", key {mark}{digits}" if mark else ""
        cost = expected_cost(snapshot, snapshot.pending)
        where = ", on workers" if note.on_workers else ""
        question = f"Resume {items_words(snapshot.pending)}, {cost}{key}{where}?"
        dialog = ChoiceDialog(self._app.dialog_pen(), [question, ""], [Choice("yes", "resume", "enter"), NO])

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._app.start(job_id)

        self._app.push_screen(dialog, answered)

    def stop(self, job_id: str) -> None:
        """Stop a run, after saying what it costs."""
        handle = self._app.desk.view(job_id)
        snapshot = handle.snapshot()
        if snapshot.owner is None:
            self._app.say("nothing runs here")
            return
        sentences = [
            f"Stop {title_of(snapshot)} now?",
            f"{count(snapshot.requests_in_flight)} in flight return to pending{in_vain(snapshot)}.",
            "",
        ]
        choices = [
            Choice("stop", "stop now", "p resumes it later"),
            Choice("pause", "pause", "what is in flight finishes first"),
            Choice("no", "cancel", "esc"),
        ]

        def answered(answer: str | None) -> None:
            if answer == "stop":
                handle.send(Command(Verb.STOP))
            elif answer == "pause":
                handle.send(Command(Verb.PAUSE))

        self._app.push_screen(ChoiceDialog(self._app.dialog_pen(), sentences, choices), answered)

    def export(self, job_id: str) -> None:
        """Which format; the file stands in the working folder."""
        choices = [
            Choice("jsonl", "jsonl", "a line an item, everything recorded"),
            Choice("csv", "csv", "opens in a spreadsheet"),
            Choice("json", "json", "one array"),
        ]

        def answered(fmt: str | None) -> None:
            if fmt is not None:
                self._app.export(job_id, fmt)

        sentences = [f"Export {job_id} into the working folder as", ""]
        self._app.push_screen(ChoiceDialog(self._app.dialog_pen(), sentences, choices), answered)
