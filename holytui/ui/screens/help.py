"""Every key of the screen below, from the registry."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from holytui.ui.actions import Action, keys_of
from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList


class HelpScreen(ModalScreen[None]):
    """The keys; esc or any of its own closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "close", show=False),
        Binding("j,down", "move(1)", show=False),
        Binding("k,up", "move(-1)", show=False),
    ]

    def __init__(self, pen: Pen, actions: Sequence[Action], keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap
        self._pen = pen
        self._actions = actions

    def compose(self) -> ComposeResult:
        yield LineList(cursor_style=lambda: self._pen.palette.plain, id="help", marker="")

    def on_mount(self) -> None:
        lines = self.query_one("#help", LineList)
        lines.border_title = Text("keys")
        lines.show(len(self._actions), self._line)

    def _line(self, place: int) -> Text:
        action = self._actions[place]
        keys = " ".join(keys_of(action, self._keymap))
        return self._pen.line().gap(1).cell(keys, 18, self._pen.palette.accent).add(action.help).done()

    def action_move(self, by: int) -> None:
        self.query_one("#help", LineList).move(by)

    def action_close(self) -> None:
        self.dismiss(None)
