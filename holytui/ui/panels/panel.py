"""What the panels of a run share: a picture to draw, a title, the keys that are about what they show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from rich.style import Style
from textual.message import Message
from textual.widget import Widget

from holytui.core.command import Selection
from holytui.core.progress import InFlight, Snapshot
from holytui.ui.draw.pen import Pen

if TYPE_CHECKING:
    from holytui.ui.screens.base import HolyScreen


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture of a run; what panels draw.

    Attributes:
        flights: what is in hand, oldest first.
        now: Unix seconds.
    """

    snapshot: Snapshot
    flights: Sequence[InFlight]
    now: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a verb such as retry is about: marked items, a group of failures, or the item under the cursor.

    Attributes:
        selection: for the owner.
        number: of items in it; failed: how many of them have failed.
        words: for a question, e.g. `the 31 timeout.stall`.
        kinds: of the failures in it.
    """

    selection: Selection
    number: int
    failed: int
    words: str
    kinds: tuple[str, ...] = ()


class OpenItem(Message):
    """The screen of the item with this index is wanted."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class ShowItems(Message):
    """The item table is wanted, narrowed by these words of a filter."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class Movable(Protocol):
    """What movement keys move in."""

    @property
    def count(self) -> int:
        """Places there are."""

    def move(self, by: int) -> None:
        """Move the cursor by lines."""

    def move_to(self, place: int, *, direction: int = 1) -> None:
        """Put the cursor on a place, or on the nearest that can have it."""

    def half_page(self) -> int:
        """Lines that half a page has."""


class Panel(Widget):
    """A part of the run screen: draws one side of a run whenever it is shown a new moment."""

    DEFAULT_CSS = "Panel { layout: vertical; height: 1fr; }"
    can_focus = True
    panel_name: ClassVar[str] = ""
    number: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__(id=f"panel-{self.panel_name}")
        self.beside = False
        """It stands beside the others, so that it needs a title with its number."""
        self.zoomed = False
        """It was given the whole screen."""
        self._moment: Moment | None = None

    @property
    def holy_screen(self) -> "HolyScreen":
        return cast("HolyScreen", self.screen)

    def pen(self, less: int = 0) -> Pen:
        """A pen for the panel's own width, or for some cells less."""
        return self.holy_screen.pen(max(20, self.size.width - less))

    def titled(self, words: str) -> tuple[str, Style]:
        """The panel's title and its style: the accent is for the one that has the keys."""
        palette = self.holy_screen.palette
        if not self.beside:
            return words, palette.muted
        return f"{self.number} {words}", palette.accent if self.has_focus else palette.muted

    def show(self, moment: Moment) -> None:
        """Draw a new picture; kept for the next change of size."""
        self._moment = moment
        self.redraw()

    def redraw(self) -> None:
        """Draw the newest picture again."""
        if self._moment is not None and self.display and self.size.width:
            self.draw(self._moment)

    def draw(self, moment: Moment) -> None:
        """Write the panel's lines."""
        raise NotImplementedError

    def the_list(self) -> Movable | None:
        """Where movement keys go."""
        return None

    def verbs(self) -> Iterable[tuple[str, str]]:
        """(action id, verb) pairs that make sense on what is under the cursor, for the footer."""
        return ()

    def action_open(self) -> None:
        """Open what is under the cursor."""

    def chosen(self) -> Chosen | None:
        """What retry and its like are about; None: nothing in particular."""
        return None

    def has_keys(self) -> bool:
        """Whether movement keys come here: also while a line of its own is typed in."""
        return self.has_focus or self.has_focus_within

    def cursor_style(self) -> Style:
        """Of the line with the cursor; quiet while the keys go elsewhere."""
        palette = self.holy_screen.palette
        return palette.cursor if self.has_focus else palette.plain

    def on_resize(self) -> None:
        self.redraw()

    def on_focus(self) -> None:
        self.call_later(self.redraw)  # Textual's own handler, which comes after this one, sets `has_focus`

    def on_blur(self) -> None:
        self.call_later(self.redraw)
