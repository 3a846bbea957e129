"""Every key of the screen below, from the registry, with the id to remap it by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from holytui.core.display import cell_width, wrap
from holytui.ui.actions import Action, keys_of
from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList

WIDTH = 90
"""Cells of a line at most."""

AROUND = 7
"""Cells of the dialog that lines do not have: its margins and the scrollbar."""

KEYS_WIDTH = 16
"""Cells of the keys' column; more where a person has given an action more keys."""

WRAPPED_BELOW = 60
"""Cells below which what a key does stands under it: beside it there is room for no sentence."""


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
        self._pen = replace(pen, width=min(WIDTH, pen.width - AROUND))
        self._actions = actions

    def compose(self) -> ComposeResult:
        yield LineList(cursor_style=lambda: self._pen.palette.plain, id="help", marker="")

    def on_mount(self) -> None:
        lines, pen = self.query_one("#help", LineList), self._pen
        words = "id, for [keymap] in config.toml" if pen.width >= WRAPPED_BELOW else "id"
        title = pen.line().gap(1).add("KEYS", pen.palette.accent).end(words, pen.palette.muted)
        told = [title.done(), pen.blank(), *(line for action in self._actions for line in self._lines_of(action))]
        lines.show(len(told), lambda place: told[place])

    def _lines_of(self, action: Action) -> list[Text]:
        """Keys, what they do, and the id at the right edge; words that do not fit go on in the next line."""
        pen, keys = self._pen, " ".join(keys_of(action, self._keymap))
        narrow = pen.width < WRAPPED_BELOW
        column = max(KEYS_WIDTH, cell_width(keys) + 1)
        first = pen.line().gap(1).cell(keys, column, pen.palette.accent)
        if narrow:
            under = [pen.line().gap(3).add(part).done() for part in wrap(action.help, pen.width - 4)]
            return [first.end(action.id, pen.palette.muted).done(), *under]
        part, *rest = wrap(action.help, pen.width - column - cell_width(action.id) - 4)
        head = first.add(part).end(action.id, pen.palette.muted).done()
        return [head, *(pen.line().gap(column + 1).add(part).done() for part in rest)]

    def action_move(self, by: int) -> None:
        self.query_one("#help", LineList).move(by)

    def action_close(self) -> None:
        self.dismiss(None)
