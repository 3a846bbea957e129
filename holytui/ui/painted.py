"""What the terminal shows, so that it is sent only the cells that are others now.

Textual sends every line of a widget that asks to be painted, from its first cell: a table that changed one number, or a
layout that came out the same, is sent whole. Behind SSH bytes are what a key waits for. This stands between Textual's
compositor and the terminal, hence below every widget, and knows both sides: nothing that is drawn has to care.

It reads Textual's own updates (`_compositor`), which are no public interface: what it does not know it passes on.
"""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

from holytui.ui.draw.pen import ASCII

Cell = tuple[str, str]
"""What stands in a cell, and its colours as they are sent."""

UNKNOWN: Cell = ("?", "?")
"""A cell that nobody knows anything of."""

BEHIND: str = ""
"""Stands in the second cell of a wide character."""

WORTH_SENDING = 8
"""Equal cells between two that differ are sent with them up to so many: going there takes as many bytes."""


class Painted:
    """The cells of one terminal."""

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002  # the option's name
        """Begin with a terminal of which nothing is known; `ascii`: our glyphs and Textual's become ASCII."""
        self._ascii = ascii
        self._size = Size(0, 0)
        self._rows: list[list[Cell]] = []

    def forget(self) -> None:
        """Someone else has written to the terminal: the next update is sent as it is."""
        self._size = Size(0, 0)

    def changes(self, update: CompositorUpdate, size: Size) -> CompositorUpdate:
        """An update that sends only what differs; looked at when it is rendered, for some never are."""
        return _Changes(self, update, size)

    def render(self, update: CompositorUpdate, size: Size, console: Console) -> str:
        """What to send for this update."""
        pieces = _pieces(update)
        if pieces is None:
            self.forget()
            return update.render_segments(console)
        if size != self._size:
            self._size = size
            self._rows = [[UNKNOWN] * size.width for _ in range(size.height)]
        return "".join(sent for y, x, strip in pieces for sent in self._differences(y, x, strip, console))

    def _differences(self, y: int, x: int, strip: Strip, console: Console) -> Iterator[str]:
        """Where this piece differs from what stands there, with how to get there; it stands there from now on."""
        if not 0 <= y < len(self._rows):
            return
        if self._ascii:
            strip = _in_ascii(strip)
        row, new = self._rows[y], _cells(strip, console)
        new = new[: max(0, len(row) - x)]
        old = row[x : x + len(new)]
        if old == new:
            return
        row[x : x + len(new)] = new
        # Terminals differ in how wide they draw what is not one cell wide: such a piece is sent whole, so that what
        # one of them gets wrong is at least overwritten.
        spans = [(0, len(new))] if _uneven(old) or _uneven(new) else _spans(old, new)
        for begin, end in spans:
            yield Control.move_to(x + begin, y).segment.text
            yield strip.crop(begin, end).render(console)


class _Changes(CompositorUpdate):
    def __init__(self, painted: Painted, update: CompositorUpdate, size: Size) -> None:
        self._painted = painted
        self._update = update
        self._size = size

    def render_segments(self, console: Console) -> str:
        return self._painted.render(self._update, self._size, console)


def _pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]] | None:
    """An update as (line, first cell, strip); None when it is of a kind that we do not know."""
    if isinstance(update, LayoutUpdate):
        return _of_layout(update)
    if isinstance(update, ChopsUpdate):
        return _of_chops(update)
    return None


def _of_layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, strips in enumerate(update.strips, update.region.y):
        yield y, update.region.x, Strip.join(list(strips))


def _of_chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # Beyond its spans a line holds what lies behind, of widgets that had nothing to paint.
            begin, until = max(x, first), min(end, last)
            if strip is not None and begin < until:
                yield y, begin, strip.crop(begin - x, until - x)


def _in_ascii(strip: Strip) -> Strip:
    if strip.text.isascii():
        return strip
    return Strip([Segment(text.translate(ASCII), style) for text, style, _ in strip], strip.cell_length)


def _cells(strip: Strip, console: Console) -> list[Cell]:
    cells: list[Cell] = []
    system = COLOR_SYSTEMS[console.color_system or "truecolor"]
    for text, style, _ in strip:
        colours = "" if style is None else Strip.render_style(style, "", system)
        if text.isascii():
            cells += [(character, colours) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
            else:
                cells += [(character, colours), *[(BEHIND, colours)] * (width - 1)]
    return cells


def _uneven(cells: Sequence[Cell]) -> bool:
    return any(len(text) != 1 for text, _ in cells)


def _spans(old: Sequence[Cell], new: Sequence[Cell]) -> list[tuple[int, int]]:
    """Stretches in which two rows of cells differ, those that lie close to each other as one."""
    spans: list[tuple[int, int]] = []
    for place, (before, now) in enumerate(zip(old, new, strict=True)):
        if before == now:
            continue
        if spans and place - spans[-1][1] <= WORTH_SENDING:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans
