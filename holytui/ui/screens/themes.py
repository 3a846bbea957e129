"""Themes, each tried on while the cursor is on it."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines


class ThemesScreen(ModalScreen[str | None]):
    """Enter keeps the theme under the cursor, esc puts the one of before back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss_none", show=False),
        Binding("enter", "choose", show=False),
        Binding("j,down,T", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
    ]

    def __init__(self, pen: Callable[[], Pen], names: Sequence[str], now: str, wear: Callable[[str], None]) -> None:
        """Show the themes.

        Args:
            pen: of the theme that is worn at the moment.
            names: of all themes.
            now: the one that is worn.
            wear: puts another one on.
        """
        super().__init__()
        self._pen = pen
        self._names = names
        self._before = now
        self._wear = wear

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Lines(id="question")
            yield LineList(cursor_style=lambda: self._pen().palette.cursor, id="choices")
            yield Lines(id="sum")

    def on_mount(self) -> None:
        lines = self.query_one("#choices", LineList)
        lines.styles.height = len(self._names)
        lines.show(len(self._names), self._line)
        lines.move_to(self._names.index(self._before))
        lines.focus()
        self._draw()

    def _draw(self) -> None:
        pen = self._pen()
        self.query_one("#question", Lines).show([pen.plain(" Theme", pen.palette.accent), pen.blank()])
        sample = pen.line().gap(1).add("✓ succeeded  ", pen.palette.good).add("✗ failed  ", pen.palette.bad)
        sample.add("paused  ", pen.palette.warn).add("quiet", pen.palette.muted)
        keys = pen.plain(" enter keep it   esc as before", pen.palette.muted)
        self.query_one("#sum", Lines).show([pen.blank(), sample.done(), keys])
        self.query_one("#choices", LineList).repaint()

    def _line(self, place: int) -> Text:
        return self._pen().line().foreign(self._names[place], 40).done()

    def _current(self) -> str:
        return self._names[self.query_one("#choices", LineList).cursor]

    def on_line_list_moved(self) -> None:
        self._wear(self._current())
        self._draw()

    def action_move(self, by: int) -> None:
        self.query_one("#choices", LineList).move(by)

    def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        message.stop()
        self.action_choose()

    def action_choose(self) -> None:
        self.dismiss(self._current())

    def action_dismiss_none(self) -> None:
        self._wear(self._before)
        self.dismiss(None)
