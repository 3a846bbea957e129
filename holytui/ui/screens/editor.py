"""A job file as text, with what is wrong with it under it while it is written."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer

from holytui.core.display import count
from holytui.inputs.source import InputProblem
from holytui.offload import offload
from holytui.runs.desk import Glance
from holytui.runs.writing import replace_file
from holytui.ui.actions import EDITOR, bindings
from holytui.ui.draw.paths import near
from holytui.ui.draw.problems import problem_lines
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.dialogs import Choice, ChoiceDialog
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.typing import TypedText

SHOWN_PROBLEMS = 6
PAUSE_S = 0.25
"""Seconds without a key until the text is looked at."""


class EditorScreen(HolyScreen):
    """Saves on its key only; leaving with changes asks."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(EDITOR)
    name_in_registry = EDITOR

    def __init__(self, path: Path, text: str, note: str = "") -> None:
        """Edit a file.

        Args:
            path: of it.
            text: in it.
            note: what is to be said of it beside its name.
        """
        super().__init__()
        self._path = path
        self._note = note
        self._saved = self._on_disk = text
        self._glance: Glance | None = None
        self._later: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield TypedText(
            self._saved, id="text", compact=True, show_line_numbers=True, soft_wrap=False, tab_behavior="indent"
        )
        yield Lines(id="problems")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        # What a text area makes of the text: its line ends are all alike.
        self._saved = self._text_area.text
        self._text_area.focus()
        self._look()
        self.repaint()

    @property
    def _text_area(self) -> TypedText:
        return self.query_one("#text", TypedText)

    @property
    def _changed(self) -> bool:
        return self._text_area.text != self._saved

    def repaint(self) -> None:
        pen = self.pen()
        line = pen.line().gap(1).foreign(near(self._path), pen.width - 14, pen.palette.accent, left=True)
        line.text.rstrip()
        if self._changed:
            line.end("not saved", pen.palette.warn)
        else:
            line.end(self._note, pen.palette.muted)
        self.lines("title").show([line.done(), pen.blank()])
        if self._glance is None:
            problems = [pen.blank()]
        elif self._glance.problems:
            problems = problem_lines(pen, self._glance.problems, SHOWN_PROBLEMS)
        else:
            problems = [pen.plain(" nothing is wrong with this job file", pen.palette.muted)]
        self.lines("problems").show([pen.blank(), *problems, pen.blank()])
        self.draw_footer()

    def on_text_area_changed(self) -> None:
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(PAUSE_S, self._look)
        self.repaint()

    @work(exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        look = partial(self.holy.desk.glance, self._text_area.text, self._path, new=False)
        self._glance = await offload(look, "holytui-glance")
        self.repaint()

    def available(self) -> Iterable[tuple[str, str]]:
        yield "save", "save"
        yield "back", "back"

    def action_save(self) -> None:
        """Write the file, unless somebody else has written it meanwhile: that is said once first."""
        text = self._text_area.text
        try:
            there = self._path.read_bytes().decode("utf-8-sig", "replace")
            if there != self._on_disk:
                self._on_disk = there
                self.say("the file was changed by somebody else meanwhile; saving again replaces that", bad=True)
                return
            replace_file(self._path, text)
        except (OSError, InputProblem) as error:
            self.say(str(error), bad=True)
            return
        self._saved = self._on_disk = text
        wrong = len(self._glance.problems) if self._glance is not None else 0
        self.say(f"saved; {count(wrong)} problem{'s' if wrong > 1 else ''} to mend" if wrong else "saved")
        self.repaint()

    def action_back(self) -> None:
        if not self._changed:
            self.dismiss(None)
            return
        choices = [
            Choice("save", "save and leave", ""),
            Choice("drop", "leave without saving", "what was typed is lost"),
            Choice("stay", "go on editing", "esc"),
        ]

        def answered(answer: str | None) -> None:
            if answer == "save":
                self.action_save()
            if answer == "drop" or (answer == "save" and not self._changed):
                self.dismiss(None)

        self.app.push_screen(ChoiceDialog(self.pen(68), ["The changes are not saved.", ""], choices), answered)
