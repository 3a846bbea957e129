"""A question that is answered with one line: a budget, a reason, a name."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input

from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.lines import Lines
from holytui.ui.widgets.typing import TypedLine


class AskLine(ModalScreen[str | None]):
    """Sentences, a line to write on, and what is wrong with it; enter takes it, esc none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(
        self,
        pen: Pen,
        sentences: Sequence[str],
        *,
        value: str = "",
        verb: str = "keep it",
        check: Callable[[str], str] = lambda text: "",
        note: Callable[[str], str] = lambda text: "",
        secret: bool = False,
        suggester: Suggester | None = None,
    ) -> None:
        """Ask.

        Args:
            pen: of the dialog's width.
            sentences: above the line.
            value: to begin with.
            verb: what enter does.
            check: what is wrong with a text, in a sentence; empty: nothing.
            note: how a text that is good will be taken; empty: as it stands.
            secret: what is typed is not shown.
            suggester: of completions; tab takes one.
        """
        super().__init__()
        self._pen = pen
        self._sentences = sentences
        self._value = value
        self._verb = verb
        self._check = check
        self._note = note
        self._secret = secret
        self._suggester = suggester

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines(id="question")
            yield TypedLine(self._value, id="line", suggester=self._suggester, secret=self._secret)
            yield Lines(id="sum")

    def on_mount(self) -> None:
        lines = [line for sentence in self._sentences for line in self._pen.paragraph(sentence)]
        self.query_one("#question", Lines).show(lines)
        self.query_one("#line", Input).focus()
        self._judge(self._value)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._judge(message.value)

    def _judge(self, text: str) -> None:
        pen, wrong = self._pen, self._check(text)
        words, style = (wrong, pen.palette.bad) if wrong else (self._note(text), pen.palette.muted)
        problem = pen.line().gap(1).foreign(words, pen.width - 2, style).done() if words else pen.blank()
        tab = "   tab completes" if self._suggester is not None else ""
        keys = pen.plain(f" enter {self._verb}{tab}   esc back", pen.palette.muted)
        self.query_one("#sum", Lines).show([problem, keys])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if not self._check(message.value):
            self.dismiss(message.value)

    def action_complete(self) -> None:
        """Take the completion that is shown."""
        line = self.query_one("#line", Input)
        line.action_end()
        line.action_cursor_right()

    def action_dismiss_none(self) -> None:
        self.dismiss(None)
