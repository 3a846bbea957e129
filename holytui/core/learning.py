"""Attempt clocks learned from how long answers really took: per step, model and length class of the prompt."""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from holytui.core.timeouts import LONGEST_TIER_S, TIERS, WIDEST_S

ENOUGH = 20
"""Observations before a clock follows them (design, section 6)."""

QUANTILE = 0.99
ROOM = 1.5
"""A clock gives this much more than the slowest answer but one in a hundred took."""

EXPIRED = 2.0
"""An attempt that its clock ended would have taken longer, nobody knows how long: it counts as twice the clock."""

REMEMBERED = 2_000
"""Newest observations that a clock follows: a provider that became slower is learned within as many answers."""

TOLD_CHANGE = 0.1
"""A clock that moved by less than this share is not worth a line of the log."""

Key = tuple[str, str, int]
"""Step, model that was asked, length class."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One attempt that ended, or that its clock ended.

    Attributes:
        seconds: it took; expired: it was ended by a clock of this length.
    """

    step: str
    model: str
    tier: int
    seconds: float
    expired: bool = False

    @property
    def key(self) -> Key:
        return self.step, self.model, self.tier


@dataclass(frozen=True, slots=True)
class LearnedClock:
    """An attempt clock as it stands for a step, model and length class.

    Attributes:
        seconds: its length; None until enough was observed.
        observed: attempts it knows of, over all sessions, as far back as the checkpoint was read.
        p50, p99: seconds that half, and all but one in a hundred, stayed below.
    """

    step: str
    model: str
    tier: int
    seconds: float | None
    observed: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long attempts took, counted by seconds.

    Attributes:
        edges: upper ends in seconds of all bins but the last, which is open.
        counts: attempts in each bin, one bin more than there are edges.
        clock: the attempt clock of the same step, model and length class.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    clock: LearnedClock


BINS = 5
"""Of a latency histogram."""

_ROUND_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
"""Widths of a bin that people can add up, in seconds."""


class _Durations:
    """The newest durations of one key, in order of length too."""

    def __init__(self) -> None:
        self.observed = 0
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, seconds: float) -> None:
        self.observed += 1
        self._newest.append(seconds)
        insort(self._sorted, seconds)
        if len(self._newest) > REMEMBERED:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]

    def quantile(self, share: float) -> float:
        """The smallest duration that at least this share does not exceed."""
        return self._sorted[max(0, math.ceil(share * len(self._sorted)) - 1)]

    def spread(self, most: int) -> list[float]:
        """At most so many durations, evenly from the shortest to the longest."""
        count = len(self._sorted)
        if count <= most:
            return list(self._sorted)
        return [self._sorted[place * (count - 1) // (most - 1)] for place in range(most)]

    def bins(self) -> tuple[tuple[float, ...], tuple[int, ...]]:
        """Edges and counts; all but one in twenty lie below the last edge."""
        wanted = self.quantile(0.95) / (BINS - 1)
        width = next((one for one in _ROUND_S if one >= wanted), _ROUND_S[-1])
        edges = tuple(width * place for place in range(1, BINS))
        at = [0, *(bisect_left(self._sorted, edge) for edge in edges), len(self._sorted)]
        return edges, tuple(after - before for before, after in pairwise(at))


class Learning:
    """What was observed so far; answers with clocks."""

    def __init__(self, on_change: Callable[[str], None] = lambda text: None) -> None:
        """Nothing is known yet.

        Args:
            on_change: told a sentence when a clock moved.
        """
        self._durations: dict[Key, _Durations] = {}
        self._told: dict[Key, float] = {}
        self.on_change = on_change

    def observe(self, seen: Observation) -> None:
        """One more attempt."""
        seconds = EXPIRED * seen.seconds if seen.expired else seen.seconds
        if not (math.isfinite(seconds) and seconds >= 0):
            return
        self._durations.setdefault(seen.key, _Durations()).add(seconds)
        self._tell(seen.key)

    def attempt_s(self, step: str, model: str, tier: int) -> float | None:
        """The learned attempt clock in seconds, before any widening; None until enough was observed."""
        durations = self._durations.get((step, model, tier))
        if durations is None or durations.observed < ENOUGH:
            return None
        return min(max(ROOM * durations.quantile(QUANTILE), tier_s(tier) / 2), WIDEST_S)

    def sample(self, most: int) -> list[Observation]:
        """What was observed, at most so many of each step, model and length class, spread over their range."""
        return [
            Observation(*key, seconds) for key, found in list(self._durations.items()) for seconds in found.spread(most)
        ]

    def clocks(self) -> tuple[LearnedClock, ...]:
        """All that is known, the best known first."""
        known = [
            LearnedClock(*key, self.attempt_s(*key), found.observed, found.quantile(0.5), found.quantile(QUANTILE))
            for key, found in list(self._durations.items())
        ]
        return tuple(sorted(known, key=lambda clock: -clock.observed))

    def latency(self) -> Latency | None:
        """How long attempts of the best known step, model and length class took; None while nothing is known."""
        clocks = self.clocks()
        if not clocks:
            return None
        best = clocks[0]
        edges, counts = self._durations[best.step, best.model, best.tier].bins()
        return Latency(edges, counts, best)

    def _tell(self, key: Key) -> None:
        clock = self.attempt_s(*key)
        if clock is None:
            return
        before = self._told.get(key, tier_s(key[2]))
        if key in self._told and abs(clock - before) <= TOLD_CHANGE * before:
            return
        self._told[key] = clock
        self.on_change(f"attempt clock of {key[0]}, {key[1]}, {tier_words(key[2])}: {before:.0f} to {clock:.0f} s")


def tier_s(tier: int) -> float:
    """Seconds that a length class gets before anything is learned, without the model's factor."""
    return TIERS[tier][1] if tier < len(TIERS) else LONGEST_TIER_S


def tier_words(tier: int) -> str:
    """`100–500 characters`."""
    bounds = [0, *(below for below, _ in TIERS)]
    if tier >= len(TIERS):
        return f"from {bounds[-1]:,} characters"
    return f"{bounds[tier]:,}–{bounds[tier + 1]:,} characters"
