"""A new job as a form: what is wrong is said under each field, the first prompts stand beside it."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.suggester import SuggestFromList
from textual.timer import Timer
from textual.widgets import Input, TextArea

from holytui.core.job_checks import SOURCES
from holytui.inputs.source import InputProblem
from holytui.offload import offload
from holytui.provider.presets import PRESETS
from holytui.resources import price_table
from holytui.runs.desk import Glance
from holytui.runs.drafting import Draft, file_name, save_draft
from holytui.ui.actions import NEW_JOB, bindings, key_of
from holytui.ui.completing import PathSuggester
from holytui.ui.draw import preflight as draw
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.problems import problem_lines
from holytui.ui.job_fields import FIELDS, WITHOUT_FIELDS, data_with, field_of, in_form, kind_of, values_of
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.dialogs import Choice, ChoiceDialog
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.widgets.choice_line import ChoiceLine
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.typing import TypedLine, TypedText

WIDE = 120
"""Columns from which the prompts stand beside the form."""

LABEL, FORM, PROMPTS = 12, 64, 6
"""Columns of the labels and of the form beside prompts; lines of the prompts under a form."""

PATH_LABELS = {"glob": "pattern", "count": "how many"}

PAUSE_S = 0.3
"""Seconds without a key until the form is looked at."""


FORM_KEYS = (("tab", "next field"), ("shift+tab", "previous"), ("right", "completes"))


class NewJobScreen(HolyScreen):
    """Writes nothing until it is saved; leaving with something typed asks."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(NEW_JOB),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]
    name_in_registry = NEW_JOB

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._data = {"name": draft.name, **{key: value for key, value in draft.data.items() if key != "name"}}
        self._values = values_of(self._data)
        self._glance: Glance | None = None
        self._later: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        with Container(id="new-job"):
            with Vertical(id="form"):
                for field in FIELDS:
                    if field.id == "path":
                        with Horizontal(classes="field"):
                            yield Lines(id="label-kind", classes="label")
                            yield ChoiceLine(SOURCES, kind_of(self._data), self.pen, id="kind")
                    with Horizontal(classes="field" if field.id != "prompt" else "field tall", id=f"row-{field.id}"):
                        yield Lines(id=f"label-{field.id}", classes="label")
                        yield self._widget(field.id, field.hint)
                    yield Lines(id=f"problem-{field.id}", classes="problem")
                yield Lines(id="problem-", classes="problem")
            with Vertical(id="prompts"):
                yield Lines(id="first-prompts")
        yield Lines(id="footer")

    def _widget(self, name: str, hint: str) -> TypedLine | TypedText:
        if name == "prompt":
            return TypedText(self._values[name], id=name, compact=True, highlight_cursor_line=False)
        suggester = {
            "provider": SuggestFromList(list(PRESETS)),
            "model": SuggestFromList(sorted(price_table())),
            "path": PathSuggester(),
        }.get(name)
        hint = ", ".join(PRESETS) if name == "provider" else hint
        return TypedLine(self._values[name], id=name, placeholder=hint, suggester=suggester)

    def on_mount(self) -> None:
        self.query_one("#name", Input).focus()
        self.repaint()
        self._look()

    def repaint(self) -> None:
        pen = self.pen()
        wide = self.size.width >= WIDE
        self.query_one("#new-job").set_class(wide, "wide")
        form, prompts, prompt = self.query_one("#form"), self.query_one("#prompts"), self.query_one("#prompt")
        form.styles.width = FORM if wide else "1fr"
        prompts.styles.height = "1fr" if wide else PROMPTS
        prompt.styles.height = max(4, self.size.height - (15 if wide else 20))
        line = pen.line().gap(1).add("New job", pen.palette.accent)
        # What was found in a file says nothing of another kind of input.
        what = self._draft.what if self._kind == kind_of(self._data) else ""
        line.gap(3).foreign(what, pen.width - 14, pen.palette.muted)
        self.lines("title").show([line.done(), pen.blank()])
        self._label()
        self.query_one("#kind", ChoiceLine).draw()
        self._show_glance()
        self.draw_footer()

    def on_descendant_focus(self) -> None:
        self._label()

    def _label(self) -> None:
        """The field that has the keys is the accent."""
        pen, focused = self.pen(LABEL + 1), self.focused.id if self.focused is not None else ""
        for name, label in (("kind", "input"), *((field.id, field.label) for field in FIELDS)):
            style = pen.palette.accent if name == focused else pen.palette.muted
            self.lines(f"label-{name}").show([pen.plain(f" {label}", style)])
        style = pen.palette.accent if focused == "path" else pen.palette.muted
        self.lines("label-path").show([pen.plain(f" {PATH_LABELS.get(self._kind, 'file')}", style)])
        self.query_one("#row-id").display = self._kind not in WITHOUT_FIELDS
        preset = PRESETS.get(self.query_one("#provider", Input).value)
        hint = next(field.hint for field in FIELDS if field.id == "base_url")
        self.query_one("#base_url", Input).placeholder = (preset.base_url or "") if preset is not None else hint

    def _show_glance(self) -> None:
        """Each problem under its field, those of no field at the end; the first prompts beside."""
        wide = self.size.width >= WIDE
        form = self.pen((FORM if wide else self.size.width) - 1)
        problems = self._glance.problems if self._glance is not None else ()
        for name in ("", *(field.id for field in FIELDS)):
            mine = [problem for problem in problems if field_of(problem.key) == name]
            lines = self.lines(f"problem-{name}")
            lines.display = bool(mine)
            if name:
                narrow = self.pen(form.width - LABEL)
                sentences = [
                    line for problem in mine for line in narrow.paragraph(in_form(problem.message), form.palette.bad)
                ]
            else:
                sentences = problem_lines(form, mine, 6)
            lines.show(sentences)
        pen = self.pen(self.size.width - FORM - 3 if wide else self.size.width - 1)
        self.lines("first-prompts").show(self._prompts(pen))

    def _prompts(self, pen: Pen) -> list[Text]:
        head = [pen.plain(" First prompts", pen.palette.muted)]
        if self._glance is None:
            return [*head, pen.plain(" reading …", pen.palette.muted)]
        if not self._glance.prompts:
            return [*head, pen.plain(" none yet: see what is to be mended", pen.palette.muted)]
        shown = [draw.prompt(pen, *found, title=pen.palette.muted) for found in self._glance.prompts]
        return [line for lines in shown for line in (*lines, pen.blank())]

    @property
    def _kind(self) -> str:
        return self.query_one("#kind", ChoiceLine).chosen

    def _typed(self) -> dict[str, str]:
        values = {field.id: self.query_one(f"#{field.id}", Input).value for field in FIELDS if field.id != "prompt"}
        return {**values, "prompt": self.query_one("#prompt", TextArea).text}

    def data(self) -> dict[str, Any]:
        """The job file's data, as the form says."""
        return data_with(self._data, self._kind, self._typed())

    @property
    def _changed(self) -> bool:
        return self._typed() != self._values or self._kind != kind_of(self._data)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._label()
        self._look_soon()

    def on_text_area_changed(self) -> None:
        self._look_soon()

    def on_choice_line_changed(self) -> None:
        self.repaint()
        self._look_soon()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.focus_next()

    def _look_soon(self) -> None:
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(PAUSE_S, self._look)

    @work(exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        await self._judge()

    async def _judge(self) -> Glance:
        """In a thread that nobody waits for: the input may be large, or on a disk that hangs."""
        path = self._draft.base_dir / "new.toml"
        text = self._draft.text_of(self.data())
        self._glance = glance = await offload(partial(self.holy.desk.glance, text, path), "holytui-glance")
        self._show_glance()
        return glance

    def available(self) -> Iterable[tuple[str, str]]:
        yield "save", "save"
        yield "back", "back"

    def draw_footer(self) -> None:
        """With the keys of any form."""
        pen, keymap = self.pen(), self.holy.settings.keymap
        own = [(key_of(action, keymap), verb) for action, verb in self.available()]
        line = pen.line().gap(1)
        for key, words in (*own[:1], *FORM_KEYS, *own[1:]):
            line.add(f"{key} ", pen.palette.accent).add(f"{words}   ", pen.palette.muted)
        self.lines("footer").show([line.done()])

    @work(exclusive=True, exit_on_error=False, group="save")
    async def action_save(self) -> None:
        """Ask for the file's name, where all is well; else go to what is not."""
        glance = await self._judge()
        if glance.problems:
            number = len(glance.problems)
            self.say(f"{number} problem{'s' if number > 1 else ''} to mend first", bad=True)
            fields = [field_of(problem.key) for problem in glance.problems]
            first = next((field.id for field in FIELDS if field.id in fields), None)
            if first is not None:
                self.query_one(f"#{first}").focus()
            return
        sentences = ["Write the job file to:", ""]
        value = file_name(self._typed()["name"], Path.cwd())
        dialog = AskLine(self.pen(68), sentences, value=value, verb="write it", check=cannot_be_written)
        self.app.push_screen(dialog, self._save)

    def _save(self, file: str | None) -> None:
        if file is None:
            return
        path = Path(file.strip()).expanduser()
        try:
            save_draft(self._draft, self.data(), path)
        except (InputProblem, FileExistsError) as error:
            self.say(str(error), bad=True)
        else:
            self.holy.hush()
            self.app.switch_screen(PreflightScreen(path.resolve()))

    def action_back(self) -> None:
        if not self._changed:
            self.holy.go_back()
            return
        choices = [Choice("drop", "leave", "what was typed is lost"), Choice("stay", "go on", "esc")]

        def answered(answer: str | None) -> None:
            if answer == "drop":
                self.holy.go_back()

        self.app.push_screen(ChoiceDialog(self.pen(68), ["The new job is not saved.", ""], choices), answered)


def cannot_be_written(text: str) -> str:
    """Why a new job file cannot be written there; empty where it can."""
    try:
        path = Path(text.strip()).expanduser()
        if not text.strip() or path.is_dir():
            return "the name of a file, please"
        if path.suffix != ".toml":
            return "a job file's name ends in .toml"
        if path.exists():
            return f"{path} is there already; another name, please"
        return "" if path.parent.is_dir() else f"there is no folder {path.parent}"
    except (OSError, RuntimeError, ValueError) as error:
        return str(error)
