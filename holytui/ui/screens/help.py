"""Every key of the screen below, from the registry, with the id to remap it by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from holytui.ui.actions import Action, keys_of
from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList

WIDTH = 90
"""Cells of a line at most."""

AROUND = 7
"""Cells of the dialog that lines do not have: its margins and the scrollbar."""

HEAD = 2
"""Lines above the first key."""


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
        lines = self.query_one("#help", LineList)
        lines.show(len(self._actions) + HEAD, self._line)

    def _line(self, place: int) -> Text:
        if place < HEAD:
            muted = self._pen.palette.muted
            title = (
                self._pen.line()
                .gap(1)
                .add("KEYS", self._pen.palette.accent)
                .end("id, for [keymap] in config.toml", muted)
            )
            return title.done() if place == 0 else self._pen.blank()
        action = self._actions[place - HEAD]
        keys = " ".join(keys_of(action, self._keymap))
        line = self._pen.line().gap(1).cell(keys, 16, self._pen.palette.accent).add(action.help)
        return line.end(action.id, self._pen.palette.muted).done()

    def action_move(self, by: int) -> None:
        self.query_one("#help", LineList).move(by)

    def action_close(self) -> None:
        self.dismiss(None)
