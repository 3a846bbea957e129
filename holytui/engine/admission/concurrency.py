"""How many requests may be in flight: the ceiling, shrunk by 429s, grown back by successes."""

import math
from collections.abc import Callable

SHRINK = 0.7
HOLD_S = 30.0
"""Seconds for which growth stays below the level that was refused."""

LONGEST_HOLD_S = 480.0
"""A level that is refused again each time it is reached is tried ever more rarely."""


class Concurrency:
    """Additive growth, multiplicative shrinking, as TCP does it (RFC 5681), below the ceiling.

    Jobs that ask one provider with one key share it: the ceiling is the sum of theirs.
    """

    def __init__(self, ceiling: int, now: Callable[[], float]) -> None:
        self._now = now
        self.ceiling = ceiling
        self.current = ceiling
        self.in_use = 0
        self.unsaved = 0
        self._successes = 0
        self._refused_level: int | None = None
        self._refused_at = 0.0
        self._hold_s = HOLD_S

    @property
    def free(self) -> int:
        """Requests that may be sent now.

        An answer keeps its place until it is committed: so a kill can cost no more answers than there were
        places, however far the writer lags behind.
        """
        return max(0, self.current - self.in_use - self.unsaved)

    @property
    def why(self) -> str:
        """Why fewer than the ceiling may be in flight, for a person; empty at the ceiling."""
        if self.current >= self.ceiling or self._refused_level is None:
            return ""
        held = self._refused_at + self._hold_s - self._now()
        text = f"429 at {self._refused_level} in flight"
        return f"{text}; not back there for {math.ceil(held)} s" if held > 0 else f"{text}; growing"

    def change_ceiling(self, by: int) -> None:
        """A job came, went, or wants more or fewer; at the ceiling it follows, below it it grows as ever."""
        at_ceiling = self.current >= self.ceiling
        self.ceiling = max(1, self.ceiling + by)
        self.current = self.ceiling if at_ceiling else min(self.current, self.ceiling)

    def shrink(self) -> None:
        """A 429 episode: fewer at once, and not back to this level for a while."""
        again = self._refused_level is not None and self.current >= self._refused_level
        self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S) if again else HOLD_S
        self._refused_level = self.current
        self._refused_at = self._now()
        self.current = max(1, int(self.current * SHRINK))
        self._successes = 0

    def forget(self) -> None:
        """What was refused was so long ago that it says nothing: back to the ceiling."""
        self.current = self.ceiling
        self._refused_level = None
        self._successes = 0

    def succeeded(self) -> None:
        """A request was answered; after `current` of them one more may be in flight."""
        self._successes += 1
        if self._successes < self.current or self.current >= self.ceiling:
            return
        self._successes = 0
        held = self._refused_level is not None and self._now() - self._refused_at < self._hold_s
        if held and self._refused_level is not None and self.current + 1 >= self._refused_level:
            return
        self.current += 1

    def stalled(self) -> None:
        """A 5xx or a timeout: no reason to grow."""
        self._successes = 0
