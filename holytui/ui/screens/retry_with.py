"""Retry with changes: model, clock, tokens, and words to add to the prompt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input

from holytui.core.bounds import WIDEST_FACTOR
from holytui.core.work import Overrides
from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.lines import Lines

MOST_TOKENS = 10_000_000
WIDEST = float(WIDEST_FACTOR)
"""A clock ends at 600 s anyhow."""

FIELDS = (
    ("clock_factor", "clock", "times as wide; a number from 1 on"),
    ("max_tokens", "max tokens", "of an answer; empty: as in the job"),
    ("model", "model", "empty: as in the job"),
    ("prompt_suffix", "add to prompt", "written under the prompt; \\n is a new line"),
)


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """What a form begins with.

    Attributes:
        words: what is retried, e.g. `the 21 timeout.stall`.
        changes: that make sense for its kinds.
        models: known ones, to complete by.
        cost: what a retry with these changes costs, as a person reads it.
    """

    words: str
    changes: Overrides
    models: Sequence[str]
    cost: Callable[[Overrides], str]


class RetryWithDialog(ModalScreen[Overrides | None]):
    """A line a change, the sensible one filled in; enter retries, whichever line has the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, pen: Pen, plan: RetryPlan) -> None:
        super().__init__()
        self._pen = pen
        self._plan = plan

    def compose(self) -> ComposeResult:
        changes = self._plan.changes
        values = {
            "clock_factor": f"{changes.clock_factor:g}",
            "max_tokens": "" if changes.max_tokens is None else str(changes.max_tokens),
            "model": changes.model or "",
            "prompt_suffix": changes.prompt_suffix,
        }
        with Vertical(classes="dialog"):
            yield Lines(id="question")
            for name, label, note in FIELDS:
                with Horizontal(classes="field"):
                    yield Lines(id=f"label-{name}", classes="label")
                    suggester = SuggestFromList(self._plan.models) if name == "model" else None
                    field = Input(
                        values[name],
                        placeholder=note,
                        compact=True,
                        id=name,
                        suggester=suggester,
                        select_on_focus=True,
                    )
                    field.tooltip = label
                    yield field
            yield Lines(id="sum")

    def on_mount(self) -> None:
        pen = self._pen
        title = pen.line().gap(1).add("Retry ", pen.palette.accent).foreign(self._plan.words, pen.width - 24)
        title.text.rstrip()
        self.query_one("#question", Lines).show([title.add(" with changes").done(), pen.blank()])
        for name, label, _ in FIELDS:
            self.query_one(f"#label-{name}", Lines).show([pen.plain(f" {label}", pen.palette.muted)])
        self.query_one(f"#{self._first()}", Input).focus()
        self._judge()

    def _first(self) -> str:
        """The field that most likely is to be changed."""
        changes = self._plan.changes
        if changes.clock_factor != 1.0:
            return "clock_factor"
        return "max_tokens" if changes.max_tokens is not None else "model"

    def changes(self) -> Overrides:
        """What is written.

        Raises:
            ValueError: it cannot be used; the message says what and why.
        """
        text = {name: self.query_one(f"#{name}", Input).value.strip() for name, _, _ in FIELDS}
        suffix = text["prompt_suffix"].replace("\\n", "\n")
        return Overrides(
            model=text["model"] or None,
            clock_factor=_factor(text["clock_factor"]),
            max_tokens=_tokens(text["max_tokens"]),
            prompt_suffix=f"\n{suffix}" if suffix else "",
        )

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._judge()

    def _judge(self) -> None:
        pen = self._pen
        try:
            changes = self.changes()
            words = pen.plain(f" {self._plan.cost(changes)}")
        except ValueError as error:
            words = pen.plain(f" {error}", pen.palette.bad)
        keys = pen.plain(" enter retry   ↓ ↑ next line   esc back", pen.palette.muted)
        self.query_one("#sum", Lines).show([pen.blank(), words, keys])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        try:
            self.dismiss(self.changes())
        except ValueError:
            self._judge()

    def action_dismiss_none(self) -> None:
        self.dismiss(None)


def _factor(text: str) -> float:
    try:
        factor = float(text or "1")
    except ValueError:
        factor = 0.0
    if not 1 <= factor <= WIDEST:
        raise ValueError(f"clock: expected a number from 1 to {WIDEST:g}")
    return factor


def _tokens(text: str) -> int | None:
    if not text:
        return None
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or not 1 <= int(digits) <= MOST_TOKENS:
        raise ValueError("max tokens: expected a whole number above 0")
    return int(digits)
