"""A terminal that is sent only what changed shows the same as one that is sent everything."""

from collections.abc import Sequence

import pyte
from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from holytui.ui.painted import Painted

WIDTH, HEIGHT = 24, 3
SIZE = Size(WIDTH, HEIGHT)
CONSOLE = Console(color_system="256", force_terminal=True)
STYLES = [None, Style(color="red"), Style(color="green", bold=True), Style(bgcolor="blue")]

Screenful = list[list[tuple[str, int]]]
pieces = some.lists(some.tuples(some.text("ab 0●界e", max_size=10), some.integers(0, 3)), max_size=4)
screenfuls: some.SearchStrategy[Screenful] = some.lists(pieces, min_size=HEIGHT, max_size=HEIGHT)


def strip(parts: Sequence[tuple[str, int]]) -> Strip:
    """A line of the screen's width."""
    whole = Strip([Segment(text, STYLES[style]) for text, style in parts if text])
    return whole.extend_cell_length(WIDTH).crop(0, WIDTH)


def layout(content: Screenful) -> LayoutUpdate:
    return LayoutUpdate([[strip(parts)] for parts in content], Region(0, 0, WIDTH, HEIGHT))


def line(*texts: str) -> LayoutUpdate:
    """A screen whose first lines are these."""
    rows = [[(text, 0)] for text in texts]
    return layout([*rows, *[[("", 0)]] * (HEIGHT - len(rows))])


class Shown:
    """A terminal, and what it was sent."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self._stream.feed(data.replace("\n", ""))

    def cells(self) -> list[list[tuple[object, ...]]]:
        rows = self.screen.buffer
        return [[tuple(rows[y][x])[:4] for x in range(WIDTH)] for y in range(HEIGHT)]


def sent(painted: Painted, update: CompositorUpdate) -> str:
    return painted.changes(update, SIZE).render_segments(CONSOLE)


@given(some.lists(screenfuls, min_size=1, max_size=6))
def test_whatever_follows_whatever_the_screen_is_the_one_that_was_drawn(contents: list[Screenful]) -> None:
    painted, frugal = Painted(), Shown()
    for content in contents:
        frugal.feed(sent(painted, layout(content)))
        lavish = Shown()
        lavish.feed(layout(content).render_segments(CONSOLE))
        assert frugal.cells() == lavish.cells()


def test_what_is_there_already_is_not_sent() -> None:
    painted = Painted()
    sent(painted, line("doc_1  streaming   3", "doc_2  waiting     3"))
    assert sent(painted, line("doc_1  streaming   3", "doc_2  waiting     3")) == ""
    assert sent(painted, line("doc_1  streaming   4", "doc_2  waiting     3")) == "\x1b[1;20H4"
    assert sent(painted, line("doc_9  streaming   9", "doc_2  waiting     3")) == "\x1b[1;5H9\x1b[1;20H9"
    painted.forget()
    assert "streaming" in sent(painted, line("doc_9  streaming   9"))


def test_another_size_is_painted_anew() -> None:
    painted = Painted()
    sent(painted, line("doc_1"))
    again = painted.changes(line("doc_1"), Size(WIDTH + 1, HEIGHT)).render_segments(CONSOLE)
    assert "doc_1" in again


def test_a_line_with_wide_characters_is_sent_whole() -> None:
    painted = Painted()
    sent(painted, line("界 abc 1"))
    assert sent(painted, line("界 abc 2")).startswith("\x1b[1;1H界 abc 2")


def test_beyond_its_spans_an_update_says_nothing() -> None:
    """There it holds what lies behind the widgets that had nothing to paint."""
    painted = Painted()
    sent(painted, line("left      right"))
    chops = [{0: Strip([Segment("LEFT      ")]), 10: Strip([Segment("     ")])}]
    update = ChopsUpdate(chops, [(0, 0, 10)], [[10, WIDTH]])
    assert sent(painted, update) == "\x1b[1;1HLEFT"
    assert sent(painted, line("LEFT      right")) == ""


def test_an_update_of_a_kind_that_nobody_knows_is_sent_as_it_is() -> None:
    class Other(CompositorUpdate):
        def render_segments(self, console: Console) -> str:
            return "anything"

    painted = Painted()
    sent(painted, line("doc_1"))
    assert sent(painted, Other()) == "anything"
    assert "doc_1" in sent(painted, line("doc_1")), "what it painted is not known"
