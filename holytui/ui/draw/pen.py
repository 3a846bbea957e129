"""Lines of text in fixed columns: every draw module writes with one of these."""

from dataclasses import dataclass, field

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, fit, fit_left, safe, wrap
from holytui.core.work import ItemState
from holytui.ui.theme import Palette

ITEM_GLYPHS = {
    ItemState.PENDING: "○",
    ItemState.RUNNING: "●",
    ItemState.SUCCEEDED: "✓",
    ItemState.FAILED: "✗",
}
ASCII = str.maketrans(
    {"○": ".", "●": ">", "✓": "+", "✗": "x", "×": "x", "◐": "=", "‖": "#", "■": "!", "━": "=", "─": "-", "·": "-",
     "…": "~", "–": "-", "—": "-", "╌": "-", "┄": "-", "↓": "v", "↑": "^", "→": ">", "µ": "u",
     "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#", "█": "#",
     "▌": "|", "▎": "|", "▊": "|", "▐": "|", "•": "*", "␀": "?", "␛": "?", "␡": "?"}
)  # fmt: skip
"""Ours, and those of Textual's scroll bars and toasts."""


@dataclass(frozen=True, slots=True)
class Pen:
    """How lines are written: styles, width in cells, and whether only ASCII may be used."""

    palette: Palette
    width: int
    ascii: bool = False

    def line(self) -> "Line":
        return Line(self)

    def plain(self, text: str, style: Style | None = None) -> Text:
        """A line of our own words."""
        return self.line().add(text, style).done()

    def paragraph(self, sentence: str, style: Style | None = None) -> list[Text]:
        """Foreign words wrapped to the width, one blank in."""
        width = max(20, self.width - 2)
        return [self.line().gap(1).foreign(part, width, style).done() for part in wrap(safe(sentence), width)]

    def blank(self) -> Text:
        return Text("")

    def glyphs(self, text: str) -> str:
        return text.translate(ASCII) if self.ascii else text


@dataclass(slots=True)
class Line:
    """A line being written, column by column."""

    pen: Pen
    text: Text = field(default_factory=lambda: Text(no_wrap=True, end=""))

    def add(self, words: str, style: Style | None = None) -> "Line":
        """Our own words, as they are."""
        self.text.append(self.pen.glyphs(words), style or self.pen.palette.plain)
        return self

    def cell(self, words: str, width: int, style: Style | None = None, *, right: bool = False) -> "Line":
        """Our own words in a column of this width."""
        cut = fit(self.pen.glyphs(words), width)
        pad = " " * max(0, width - cell_width(cut))
        return self.add(pad + cut if right else cut + pad, style)

    def foreign(self, words: str, width: int, style: Style | None = None, *, left: bool = False) -> "Line":
        """Somebody else's text in a column of this width, made safe; `left` cuts ids at their beginning."""
        shown = safe(words, limit=max(4 * width, 40))
        cut = fit_left(shown, width) if left else fit(shown, width)
        return self.add(cut + " " * max(0, width - cell_width(cut)), style)

    def gap(self, width: int) -> "Line":
        self.text.append(" " * max(0, width))
        return self

    def end(self, words: str, style: Style | None = None) -> "Line":
        """Words that end at the right edge, if they fit."""
        words = self.pen.glyphs(words)
        room = self.pen.width - 1 - self.text.cell_len
        if cell_width(words) <= room:
            self.gap(room - cell_width(words)).add(words, style)
        return self

    def done(self) -> Text:
        self.text.truncate(self.pen.width)
        return self.text
