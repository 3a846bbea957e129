"""What is out on workers: open slices, the items in them, the money that is set aside for them. Pure bookkeeping."""

import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEAST, MOST = 20, 100
"""Items of a slice, where there are enough: fewer cost messages, more lie idle when a worker is slow."""
AHEAD_S = 2.0
"""A slice is worth about so many seconds of what its worker does."""
MOST_CHARS = 2_000_000
"""Of the texts of a slice together, unless one item alone has more."""


@dataclass(slots=True)
class OpenSlice:
    """Items that a worker has, or is about to get.

    Attributes:
        rounds: of the items that have not come back, by index.
        seen_at: seconds of listening (`Roster.listened_s`) at which its worker last said that it has it, or at which
            it was sent.
        arrived: its worker said so once.
    """

    name: str
    worker: str
    rounds: dict[int, int]
    reserved_usd: float
    seen_at: float
    spent_usd: float = 0.0
    arrived: bool = False

    def to_json(self) -> dict[str, Any]:
        """For the registry of open slices."""
        return {"w": self.worker, "items": list(self.rounds.items()), "reserved": self.reserved_usd}

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any], at: float) -> "OpenSlice":
        """A slice of an earlier session; raises KeyError, TypeError or ValueError when it is none."""
        return cls(name, data["w"], {int(index): int(round_) for index, round_ in data["items"]}, data["reserved"], at)


@dataclass(slots=True)
class OpenSlices:
    """All of them, by name and by item."""

    _by_name: dict[str, OpenSlice] = field(default_factory=dict)
    _by_index: dict[int, OpenSlice] = field(default_factory=dict)
    _short: dict[int, int] = field(default_factory=dict)
    _stem: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def open(self, worker: str, items: Mapping[int, int], reserved_usd: float, at: float) -> OpenSlice:
        """A new slice of (index, round) items for a worker."""
        fresh = OpenSlice(f"{self._stem}-{next(self._numbers)}", worker, dict(items), reserved_usd, at)
        self.adopt(fresh)
        return fresh

    def adopt(self, known: OpenSlice) -> None:
        """A slice that is open already."""
        self._by_name[known.name] = known
        self._by_index.update(dict.fromkeys(known.rounds, known))

    def holds(self, index: int, round_: int) -> bool:
        """Whether an item is out in this round."""
        found = self._by_index.get(index)
        return found is not None and found.rounds.get(index) == round_

    def name_of(self, index: int) -> str | None:
        """The slice that an item is out in."""
        found = self._by_index.get(index)
        return None if found is None else found.name

    def spent(self, index: int, usd: float) -> float | None:
        """A request of an item cost something.

        Returns:
            USD of it that were not set aside for the item's slice, which took them from others on its worker: they
            are from now on. None: the item is not out.
        """
        if usd:
            self._short.pop(index, None)
        found = self._by_index.get(index)
        if found is None:
            return None
        found.spent_usd += usd
        beyond = max(0.0, found.spent_usd - found.reserved_usd)
        found.reserved_usd += beyond
        return beyond

    def is_open(self, name: str) -> bool:
        """Whether a slice is."""
        return name in self._by_name

    def came_back(self, index: int) -> None:
        """An item has a result, or returned."""
        found = self._by_index.pop(index, None)
        if found is not None:
            found.rounds.pop(index, None)

    def came_short(self, index: int) -> None:
        """An item returned because what had been set aside did not do."""
        self._short[index] = self._short.get(index, 0) + 1

    def wants_more(self, index: int) -> float:
        """How many times the cost of an item is to be set aside.

        Once may have been a neighbour's doing. An item that comes back again, and nothing was spent for it, wants
        twice as much each time: so it is sent in the end, or the budget does not do for it.
        """
        return 2.0 ** max(0, self._short.get(index, 0) - 1)

    def close(self, name: str) -> OpenSlice | None:
        """A slice is over; with the items that have not come back. None: it was not open."""
        found = self._by_name.pop(name, None)
        if found is not None:
            for index in found.rounds:
                if self._by_index.get(index) is found:
                    del self._by_index[index]
        return found

    def of(self, worker: str) -> list[OpenSlice]:
        """A worker's."""
        return [one for one in self._by_name.values() if one.worker == worker]

    def in_hand(self, worker: str) -> int:
        """Items that a worker has."""
        return sum(len(one.rounds) for one in self.of(worker))

    @property
    def all(self) -> list[OpenSlice]:
        return list(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)


def shares(level: int, capacities: Mapping[str, int]) -> dict[str, int]:
    """How many requests each worker may have in flight, in proportion to what it can; their sum is the level at most.

    Args:
        level: requests of the job that may be in flight at once.
        capacities: requests that each worker can have in flight, by its name.
    """
    total = sum(capacities.values())
    if total <= level:
        return dict(capacities)
    given = {name: level * capacity // total for name, capacity in capacities.items()}
    rest = level - sum(given.values())
    # Whoever is owed the largest part of a request gets a whole one; by name where it is the same.
    owed = sorted(capacities, key=lambda name: (-(level * capacities[name] % total), name))
    for name in owed[:rest]:
        given[name] += 1
    return given


def target(share: int, rate_per_s: float) -> int:
    """Items that a worker should have in hand: as many as it sends, and as many as end before new ones arrive."""
    return 0 if share <= 0 else share + max(1, share // 4) + round(0.3 * rate_per_s)


def size(share: int, rate_per_s: float) -> int:
    """Items of a slice for a worker with this share that does so many items a second."""
    return max(1, min(MOST, max(min(LEAST, share), round(AHEAD_S * rate_per_s / 4))))


def as_many_as_fit(chars: Sequence[int], most: int) -> int:
    """How many of these items a slice takes, by their texts: at least one."""
    total = 0
    for count, one in enumerate(chars[:most]):
        total += one
        if count and total > MOST_CHARS:
            return count
    return min(most, len(chars))
