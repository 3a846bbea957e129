"""One of a few words, all of them shown; left and right go from one to the next."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from holytui.ui.draw.pen import Pen
from holytui.ui.widgets.lines import Lines

GAP = 3


class ChoiceLine(Lines):
    """Takes the focus like a field of a form."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "go(-1)", show=False),
        Binding("right,l,space", "go(1)", show=False),
    ]

    class Changed(Message):
        """Another word is chosen."""

    def __init__(self, words: Sequence[str], chosen: str, pen: Callable[[], Pen], *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = list(words)
        self._chosen = self._words.index(chosen)
        self._pen = pen

    @property
    def chosen(self) -> str:
        return self._words[self._chosen]

    def on_mount(self) -> None:
        self.draw()

    def on_focus(self) -> None:
        self.draw()

    def on_blur(self) -> None:
        self.draw()

    def draw(self) -> None:
        """Brackets mark the chosen one where colours do not."""
        self.show([self._line()])

    def _line(self) -> Text:
        pen = self._pen()
        line = pen.line()
        for place, word in enumerate(self._words):
            here = place == self._chosen
            style = (pen.palette.accent if self.has_focus else pen.palette.plain) if here else pen.palette.muted
            line.add(f"[{word}]" if here else f" {word} ", style).gap(1)
        return line.done()

    def action_go(self, by: int) -> None:
        self._choose((self._chosen + by) % len(self._words))

    def _choose(self, place: int) -> None:
        self._chosen = place
        self.draw()
        self.post_message(self.Changed())

    def on_click(self, event: Click) -> None:
        at = 0
        for place, word in enumerate(self._words):
            at += len(word) + GAP
            if event.x < at:
                self._choose(place)
                return
