"""Pages of a long list, read as they come into view and kept for a while."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
PAGE = 100
"""Rows that are read at once: few enough that a key does not wait for them, behind an engine at full speed too."""

KEPT = 40


class Pages(Generic[T]):
    """Rows by place; reads a page when one of its rows is asked for."""

    def __init__(self, read: Callable[[int, int], Sequence[T]]) -> None:
        """Args: read: rows from an offset, at most so many."""
        self._read = read
        self._pages: OrderedDict[int, Sequence[T]] = OrderedDict()
        self._newest: dict[int, T] = {}

    def row(self, place: int) -> T | None:
        """The row at a place, None beyond the end."""
        if place in self._newest:
            return self._newest[place]
        number = place // PAGE
        if number not in self._pages:
            self._pages[number] = self._read(number * PAGE, PAGE)
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        page = self._pages[number]
        return page[place % PAGE] if place % PAGE < len(page) else None

    def renew(self, offset: int, rows: Sequence[T]) -> list[int]:
        """Take these for the newest, forget all others; the places where they differ from what was known."""
        newest = dict(enumerate(rows, offset))
        others = [place for place, row in newest.items() if self._known(place) != row]
        self.forget()
        self._newest = newest
        return others

    def forget(self) -> None:
        """What was read may be out of date."""
        self._pages.clear()
        self._newest.clear()

    def _known(self, place: int) -> T | None:
        if place in self._newest:
            return self._newest[place]
        page = self._pages.get(place // PAGE, ())
        return page[place % PAGE] if place % PAGE < len(page) else None
