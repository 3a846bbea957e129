"""Attempt clocks learned from how long answers really took: per step, model and length class of the prompt."""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

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

    def clocks(self) -> tuple[LearnedClock, ...]:
        """All that is known, the best known first."""
        known = [
            LearnedClock(*key, self.attempt_s(*key), found.observed, found.quantile(0.5), found.quantile(QUANTILE))
            for key, found in list(self._durations.items())
        ]
        return tuple(sorted(known, key=lambda clock: -clock.observed))

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
