"""A list of any length with a cursor: draws the lines that are visible, and asks for no others."""

from collections.abc import Callable

from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

LineSource = Callable[[int], Text]


class LineList(ScrollView, inherit_bindings=False):
    """Lines from a function of their place; movement keys are the screen's to route here.

    A scroll view's own would scroll under a cursor that stays behind. Without a marker nothing shows where the cursor
    is: then it is the line on top, and moving it scrolls.
    """

    can_focus = True

    class Chosen(Message):
        """A line was clicked twice, or clicked while it had the cursor."""

        def __init__(self, source: "LineList", place: int) -> None:
            super().__init__()
            self.source = source
            self.place = place

    class Moved(Message):
        """The cursor stands elsewhere."""

        def __init__(self, source: "LineList", place: int) -> None:
            super().__init__()
            self.source = source
            self.place = place

    def __init__(
        self,
        *,
        cursor_style: Callable[[], Style],
        keys: Callable[[], bool] = lambda: True,
        id: str | None = None,  # noqa: A002  # Textual's name
        marker: str = "> ",
    ) -> None:
        """An empty list.

        Args:
            cursor_style: of the line with the cursor.
            keys: whether movement keys come here now; without them no line is marked.
            id: Textual's.
            marker: before the line with the cursor; empty: nothing shows where it is.
        """
        super().__init__(id=id)
        self._keys = keys
        self._cursor_style = cursor_style
        self._marker = marker
        self._source: LineSource = lambda place: Text("")
        self._selectable: Callable[[int], bool] = lambda place: True
        self._count = 0
        self._cursor = 0

    @property
    def cursor(self) -> int:
        """The place of the cursor, from 0."""
        return self._cursor

    @property
    def count(self) -> int:
        return self._count

    def show(
        self,
        count: int,
        source: LineSource,
        *,
        selectable: Callable[[int], bool] = lambda place: True,
        cursor: int | None = None,
    ) -> None:
        """Show so many lines; the cursor stays where it is, if there is still a line.

        Args:
            count: of lines.
            source: draws the line of a place.
            selectable: whether a place can have the cursor.
            cursor: where what had the cursor stands now, if it has moved.
        """
        self._source, self._selectable = source, selectable
        if count != self._count:
            self._count = count
            self.virtual_size = Size(self.size.width, count)
        before = self._cursor
        self._cursor = self._near(min(before if cursor is None else cursor, max(0, count - 1)), 1)
        if self._cursor != before and self._marker:
            self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
        self.refresh()

    def repaint(self) -> None:
        """The lines changed, not their number."""
        self.refresh()

    def repaint_line(self, place: int) -> None:
        """This line changed."""
        self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))

    @property
    def in_view(self) -> range:
        """Places of the lines that are visible."""
        first = self.scroll_offset.y
        return range(first, max(first, min(self._count, first + self.size.height)))

    def move(self, by: int) -> None:
        """Move the cursor by lines."""
        self.move_to(self._cursor + by, direction=1 if by >= 0 else -1)

    def move_to(self, place: int, *, direction: int = 1) -> None:
        """Put the cursor on a line, or on the nearest that can have it."""
        if not self._count:
            return
        if not self._marker:
            self._cursor = max(0, min(place, self._count - self.size.height))
            self.scroll_to(y=self._cursor, animate=False, force=True)
            return
        before = self._cursor
        self._cursor = self._near(max(0, min(place, self._count - 1)), direction)
        if self._cursor == before:
            return
        self.repaint_line(before)
        self.repaint_line(self._cursor)
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True)
        self.post_message(self.Moved(self, self._cursor))

    def half_page(self) -> int:
        return max(1, self.size.height // 2)

    def _near(self, place: int, direction: int) -> int:
        """The nearest line that can have the cursor, first in this direction."""
        for step in (direction, -direction):
            at = place
            while 0 <= at < self._count:
                if self._selectable(at):
                    return at
                at += step
        return 0

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, self._count)

    def on_click(self, event: Click) -> None:
        place = self.scroll_offset.y + event.y
        if place >= self._count:
            return
        if place == self._cursor:
            self.post_message(self.Chosen(self, place))
        else:
            self.move_to(place)

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        place = self.scroll_offset.y + y
        if place >= self._count:
            return Strip.blank(width, base)
        text = self._source(place)
        here = place == self._cursor and self._selectable(place)
        if self._marker and self._selectable(place):
            text = Text(self._marker if here and self._keys() else " " * len(self._marker), end="").append_text(text)
        cursor = self._cursor_style()
        if here and cursor.reverse:
            # Colours would become grounds, a patch each.
            text = Text(text.plain, end="")
        strip = Strip(text.render(self.app.console))
        if here:
            strip = strip.apply_style(cursor)
        return strip.apply_style(base).extend_cell_length(width, base).crop(0, width)
