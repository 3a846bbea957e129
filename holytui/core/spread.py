"""Figures that are known as a range: what was seen, how far it scatters, what more of it comes to."""

import math
from dataclasses import dataclass

FLOOR = 0.02
"""A forecast is never surer than this share of itself, however alike what it was made from."""


@dataclass(frozen=True, slots=True)
class Range:
    """From low to high, with what is most likely between; nothing at all by default."""

    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def times(self, factor: float) -> "Range":
        """All of it so many times; the factor is not negative."""
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    def at_most(self, limit: float) -> "Range":
        """No part of it above the limit."""
        return Range(min(self.low, limit), min(self.mid, limit), min(self.high, limit))


@dataclass(frozen=True, slots=True)
class Spread:
    """Figures of one kind as three sums, which a query can make or a run add up."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> "Spread":
        """With one more figure."""
        return Spread(self.count + 1, self.total + value, self.squares + value * value)

    def __add__(self, other: "Spread") -> "Spread":
        return Spread(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Zero before anything was seen."""
        return self.total / self.count if self.count else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of such figures, as far as those seen tell; zero for fewer than two."""
        if self.count < 2:
            return 0.0
        return math.sqrt(max(0.0, self.squares - self.total * self.mean) / (self.count - 1))

    def more(self, number: int) -> Range:
        """What so many further figures of this kind come to, added up.

        Two standard errors either way, more where few were seen: both the mean is uncertain and what comes. The
        figures are taken for positive ones.

        Args:
            number: how many are still to come.
        """
        expected = self.mean * number
        if self.count < 2:
            return Range(0.0, expected, expected * 2)
        errors = 2 + 5 / (self.count - 1)
        margin = errors * self.deviation * math.sqrt(number * (1 + number / self.count))
        margin = max(margin, FLOOR * expected)
        return Range(max(0.0, expected - margin), expected, expected + margin)
