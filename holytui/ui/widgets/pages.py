"""Pages of a long list, read as they come into view and kept for a while."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
PAGE = 200
KEPT = 20


class Pages(Generic[T]):
    """Rows by place; reads a page when one of its rows is asked for."""

    def __init__(self, read: Callable[[int, int], Sequence[T]]) -> None:
        """Args: read: rows from an offset, at most so many."""
        self._read = read
        self._pages: OrderedDict[int, Sequence[T]] = OrderedDict()

    def row(self, place: int) -> T | None:
        """The row at a place, None beyond the end."""
        number = place // PAGE
        if number not in self._pages:
            self._pages[number] = self._read(number * PAGE, PAGE)
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        page = self._pages[number]
        return page[place % PAGE] if place % PAGE < len(page) else None

    def forget(self) -> None:
        """What was read may be out of date."""
        self._pages.clear()
