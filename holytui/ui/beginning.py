"""How a new job begins: from a folder or file, from nothing, or from a sample."""

from pathlib import Path
from typing import TYPE_CHECKING

from holytui.inputs.source import InputProblem
from holytui.runs.desk import Sample
from holytui.runs.drafting import Draft, draft_of, draft_of_sample
from holytui.ui.completing import PathSuggester
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.screens.dialogs import Choice, ChoiceDialog
from holytui.ui.screens.new_job import NewJobScreen

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp


class Beginning:
    """Asks, reads off the loop, and opens the form with a draft."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def ask(self) -> None:
        """What to begin from."""
        samples = {f"sample {sample.name}": sample for sample in self._app.desk.samples()}
        choices = [
            Choice("path", "a folder or file", "how it is read is found out"),
            Choice("scratch", "from scratch", "a small simulated job, to be changed"),
            *(Choice(words, words, sample.description) for words, sample in samples.items()),
        ]

        def answered(answer: str | None) -> None:
            if answer == "path":
                self._ask_path()
            elif answer == "scratch":
                self._open(draft_of(None, Path.cwd()))
            elif answer is not None:
                self._from_sample(samples[answer])

        self._app.push_screen(ChoiceDialog(self._app.dialog_pen(), ["A new job, begun from", ""], choices), answered)

    def _ask_path(self, begun: str = "", problem: str = "") -> None:
        sentences = [*([problem, ""] if problem else []), "The folder or file with what is to be asked about:", ""]

        def answered(text: str | None) -> None:
            if text is not None:
                self._app.run_worker(
                    lambda: self._look(text), thread=True, exit_on_error=False, exclusive=True, group="beginning"
                )

        dialog = AskLine(
            self._app.dialog_pen(),
            sentences,
            value=begun,
            verb="begin",
            check=lambda text: "" if text.strip() else "a path, please",
            suggester=PathSuggester(),
        )
        self._app.push_screen(dialog, answered)

    def _look(self, text: str) -> None:
        """In a thread: a folder may hold very much."""
        try:
            draft = draft_of(Path(text.strip()).expanduser(), Path.cwd())
        except (InputProblem, RuntimeError) as error:
            self._app.call_from_thread(self._ask_path, text, str(error))
        else:
            self._app.call_from_thread(self._open, draft)

    def _from_sample(self, sample: Sample) -> None:
        try:
            self._open(draft_of_sample(sample.path))
        except InputProblem as error:
            self._app.say(str(error), bad=True)

    def _open(self, draft: Draft) -> None:
        self._app.hush()
        self._app.push_screen(NewJobScreen(draft))
