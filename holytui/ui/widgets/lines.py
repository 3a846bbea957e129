"""A block of lines that repaints only what changed: the cheapest thing a terminal can be sent."""

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class Lines(Widget):
    """Draws lines as they are given; no focus, no scrolling, no markup."""

    DEFAULT_CSS = "Lines { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id, classes=classes)
        self._lines: list[Text] = []
        self._laid_out_again = False

    def show(self, lines: Sequence[Text]) -> None:
        """Replace the lines; those that are equal are not painted again."""
        before, self._lines = self._lines, list(lines)
        if len(before) != len(self._lines):
            self._laid_out_again = False
            self.refresh(layout=True)
            return
        if self.size.height != len(self._lines) and not self._laid_out_again:
            # A wish for another layout may be lost while a window is dragged; of a height that is given it is in vain.
            self._laid_out_again = True
            self.refresh(layout=True)
        for place, (old, new) in enumerate(zip(before, self._lines, strict=True)):
            if old != new or old.spans != new.spans:
                self.refresh(Region(0, place, max(1, self.size.width), 1))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002  # Textual's signature
        return len(self._lines)

    def render_line(self, y: int) -> Strip:
        width, style = self.size.width, self.rich_style
        if y >= len(self._lines):
            return Strip.blank(width, style)
        strip = Strip(self._lines[y].render(self.app.console)).apply_style(style)
        return strip.extend_cell_length(width, style).crop(0, width)
