"""Marked items of a table: single ones, or all of an order but some; a million cost no more than one."""

from array import array

from holytui.store.ordering import Order, among


class Marks:
    """Holds indices of items."""

    def __init__(self) -> None:
        self._all_below = 0
        self._members: array[int] | None = None
        self._turned: set[int] = set()

    def __contains__(self, index: int) -> bool:
        base = index < self._all_below if self._members is None else among(self._members, index)
        return base is not (index in self._turned)

    def __len__(self) -> int:
        base = self._all_below if self._members is None else len(self._members)
        return base + sum(1 if index in self else -1 for index in self._turned)

    def turn(self, index: int) -> None:
        """Mark an item, or take its mark away."""
        self._turned ^= {index}

    def mark_all(self, order: Order) -> None:
        """Mark the items of an order, and no others."""
        self.clear()
        self._members = order.members()
        self._all_below = order.count if self._members is None else 0

    def clear(self) -> None:
        """Take all marks away."""
        self._all_below, self._members, self._turned = 0, None, set()

    def indices(self, most: int) -> list[int] | None:
        """The marked items from the smallest index; None if they are more than so many."""
        if len(self) > most:
            return None
        base = range(self._all_below) if self._members is None else self._members
        return sorted({*(index for index in base if index in self), *(i for i in self._turned if i in self)})
