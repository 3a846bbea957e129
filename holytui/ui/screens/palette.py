"""The palette: every command that works here, every job and theme, found by a few letters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input

from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.line_list import LineList

MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the palette.

    Attributes:
        words: what it does; may hold foreign text.
        keys: that do the same, empty where none do.
        run: does it.
        id: of an action, another word to find it by.
    """

    words: str
    keys: str
    run: Callable[[], object]
    id: str = ""


class PaletteScreen(ModalScreen[Entry | None]):
    """Best match first; enter does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss_none", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
    ]

    def __init__(self, pen: Pen, entries: Sequence[Entry]) -> None:
        super().__init__()
        self._pen = replace(pen, width=pen.width - 2)  # a scrollbar, and a blank before it
        self._entries = entries
        self._found: list[Entry] = list(entries)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Input(placeholder="a command, a job, a theme", compact=True, id="line")
            lines = LineList(cursor_style=lambda: self._pen.palette.cursor, id="choices")
            lines.can_focus = False
            yield lines

    def on_mount(self) -> None:
        self.query_one("#choices", LineList).styles.height = MOST_SHOWN
        self.query_one("#line", Input).focus()
        self._list("")

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._list(message.value)

    def _list(self, query: str) -> None:
        self._found = found(self._entries, query.strip()) if query.strip() else list(self._entries)
        lines = self.query_one("#choices", LineList)
        lines.show(len(self._found), self._line)
        lines.move_to(0)

    def _line(self, place: int) -> Text:
        entry, pen = self._found[place], self._pen
        line = pen.line().foreign(entry.words, pen.width - len(entry.keys) - 6)
        return line.end(entry.keys, pen.palette.muted).done()

    def action_move(self, by: int) -> None:
        self.query_one("#choices", LineList).move(by)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._take()

    def on_line_list_chosen(self, message: LineList.Chosen) -> None:
        message.stop()
        self._take()

    def _take(self) -> None:
        place = self.query_one("#choices", LineList).cursor
        self.dismiss(self._found[place] if place < len(self._found) else None)

    def action_dismiss_none(self) -> None:
        self.dismiss(None)


def found(entries: Sequence[Entry], query: str) -> list[Entry]:
    """The entries that match, best first: an action's own name, then where words begin so, then letters anywhere."""
    matcher = Matcher(query)
    hits = []
    for place, entry in enumerate(entries):
        begins, score = _begins(entry, query.lower()), matcher.match(entry.words)
        if begins or score > 0:
            hits.append((-begins, -score, place, entry))
    return [entry for *_, entry in sorted(hits, key=lambda hit: hit[:3])]


def _begins(entry: Entry, query: str) -> int:
    """3: what it is called is this, or begins so; 2: its words do; 1: one of them does; 0: none."""
    if entry.id.startswith(query) or entry.id.replace("_", " ").startswith(query):
        return 3
    words = entry.words.lower()
    return 2 if words.startswith(query) else int(f" {query}" in words)
