"""Small questions over a screen: each shows what it would do and cost before it does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from holytui.core.display import about_usd, cell_width, count, items_words
from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines

WIDTH = 70


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a dialog: what it is called, what it means."""

    id: str
    words: str
    note: str


class ChoiceDialog(ModalScreen[str | None]):
    """Sentences and a few choices; enter takes one, esc none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", show=False),
        Binding("enter", "choose", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
    ]

    def __init__(self, pen: Pen, sentences: Sequence[str], choices: Sequence[Choice]) -> None:
        super().__init__()
        self._pen = pen
        self._sentences = sentences
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines(id="question")
            yield LineList(cursor_style=lambda: self._pen.palette.cursor, id="choices")

    def on_mount(self) -> None:
        pen = self._pen
        lines = [line for sentence in self._sentences for line in pen.paragraph(sentence)]
        self.query_one("#question", Lines).show(lines)
        choices = self.query_one("#choices", LineList)
        choices.styles.height = len(self._choices)
        choices.show(len(self._choices), self._line)
        choices.focus()

    def _line(self, place: int) -> Text:
        choice = self._choices[place]
        words = max(18, *(cell_width(choice.words) + 2 for choice in self._choices))
        line = self._pen.line().cell(choice.words, words)
        return line.cell(choice.note, self._pen.width - words - 2, self._pen.palette.muted).done()

    def action_move(self, by: int) -> None:
        self.query_one("#choices", LineList).move(by)

    def action_choose(self) -> None:
        self.dismiss(self._choices[self.query_one("#choices", LineList).cursor].id)

    def action_dismiss_none(self) -> None:
        self.dismiss(None)

    def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        message.stop()
        self.action_choose()


@dataclass(frozen=True, slots=True)
class KindTick:
    """A failure kind in the retry dialog.

    Attributes:
        usd: what the same attempts cost last time, None if nobody knows.
        ticked: it may succeed another time.
    """

    kind: str
    number: int
    usd: float | None
    ticked: bool
    advice: str


class RetryDialog(ModalScreen[tuple[tuple[str, ...], bool] | None]):
    """Failed items by kind, ticked by sense; gives the kinds to retry, and whether something is to be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", show=False),
        Binding("enter", "choose", show=False),
        Binding("e", "choose_with_changes", show=False),
        Binding("space", "tick", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
    ]

    def __init__(self, pen: Pen, ticks: Sequence[KindTick], *, simulated: bool) -> None:
        super().__init__()
        self._pen = pen
        self._ticks = ticks
        self._simulated = simulated
        self._ticked = {tick.kind for tick in ticks if tick.ticked}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines(id="question")
            yield LineList(cursor_style=lambda: self._pen.palette.cursor, id="choices")
            yield Lines(id="sum")

    def on_mount(self) -> None:
        pen = self._pen
        self.query_one("#question", Lines).show([pen.plain(" Retry failed items by kind", pen.palette.accent)])
        choices = self.query_one("#choices", LineList)
        choices.styles.height = len(self._ticks)
        choices.show(len(self._ticks), self._line)
        choices.focus()
        self._add_up()

    def _line(self, place: int) -> Text:
        tick, muted = self._ticks[place], self._pen.palette.muted
        line = self._pen.line().add("[x] " if tick.kind in self._ticked else "[ ] ")
        kinds = max(cell_width(tick.kind) for tick in self._ticks)
        line.cell(count(tick.number), 5, right=True).gap(2).cell(tick.kind, min(20, kinds + 2))
        return line.cell(tick.advice, self._pen.width - line.text.cell_len, muted).done()

    def _add_up(self) -> None:
        chosen = [tick for tick in self._ticks if tick.kind in self._ticked]
        items = sum(tick.number for tick in chosen)
        costs = [tick.usd for tick in chosen]
        known = None if any(cost is None for cost in costs) else sum(cost or 0.0 for cost in costs)
        cost = "cost unknown" if known is None else about_usd(known)
        label = ", simulated: not charged" if self._simulated else ""
        pen = self._pen
        line = pen.line().gap(1).add(f"{items_words(items)}, {cost}{label}")
        keys = pen.plain(" enter retry   e retry with changes   space tick   esc back", pen.palette.muted)
        self.query_one("#sum", Lines).show([pen.blank(), line.done(), keys])

    def action_move(self, by: int) -> None:
        self.query_one("#choices", LineList).move(by)

    def action_tick(self) -> None:
        kind = self._ticks[self.query_one("#choices", LineList).cursor].kind
        self._ticked.symmetric_difference_update({kind})
        self.query_one("#choices", LineList).repaint()
        self._add_up()

    def action_choose(self) -> None:
        self._choose(with_changes=False)

    def action_choose_with_changes(self) -> None:
        self._choose(with_changes=True)

    def _choose(self, *, with_changes: bool) -> None:
        kinds = tuple(sorted(self._ticked))
        self.dismiss((kinds, with_changes) if kinds else None)

    def action_dismiss_none(self) -> None:
        self.dismiss(None)


class FilterBar(Input):
    """One line that narrows a list while it is typed; esc clears and closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]

    def __init__(self, on_text: Callable[[str], None]) -> None:
        super().__init__(placeholder="filter: words, states, kinds", id="filter", compact=True, select_on_focus=False)
        self._on_text = on_text
        self.display = False

    def begin(self) -> None:
        self.display = True
        self.focus()

    def show(self, words: str) -> None:
        """Show what a list was narrowed by elsewhere."""
        with self.prevent(Input.Changed):
            self.value = words
        self.display = True

    @property
    def active(self) -> bool:
        """It is shown: it narrows something, or is about to."""
        return bool(self.display)

    def action_close(self) -> None:
        """Clear the filter."""
        with self.prevent(Input.Changed):
            self.value = ""
        self.display = False
        self._let_go()
        self._on_text("")

    def _let_go(self) -> None:
        """Give the keys to what was narrowed, where that takes them."""
        around = self.parent
        self.screen.set_focus(around if isinstance(around, Widget) and around.can_focus else None)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._on_text(message.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._let_go()
