"""How many requests may be in flight: the ceiling, shrunk by 429s, grown back by successes."""

from collections.abc import Callable

SHRINK = 0.7
HOLD_S = 30.0
"""Seconds for which growth stays below the level that was refused."""


class Concurrency:
    """Additive growth, multiplicative shrinking, as TCP does it (RFC 5681), below the user's ceiling."""

    def __init__(self, ceiling: int, now: Callable[[], float]) -> None:
        self._now = now
        self.ceiling = ceiling
        self.current = ceiling
        self.in_use = 0
        self.unsaved = 0
        self._successes = 0
        self._refused_level: int | None = None
        self._refused_at = 0.0

    @property
    def free(self) -> int:
        """Requests that may be sent now.

        An answer keeps its place until it is committed: so a kill can cost no more answers than there were
        places, however far the writer lags behind.
        """
        return max(0, self.current - self.in_use - self.unsaved)

    def shrink(self) -> None:
        """A 429 episode: fewer at once, and not back to this level for a while."""
        self._refused_level = self.current
        self._refused_at = self._now()
        self.current = max(1, int(self.current * SHRINK))
        self._successes = 0

    def succeeded(self) -> None:
        """A request was answered; after `current` of them one more may be in flight."""
        self._successes += 1
        if self._successes < self.current or self.current >= self.ceiling:
            return
        self._successes = 0
        held = self._refused_level is not None and self._now() - self._refused_at < HOLD_S
        if held and self._refused_level is not None and self.current + 1 >= self._refused_level:
            return
        self.current += 1

    def stalled(self) -> None:
        """A 5xx or a timeout: no reason to grow."""
        self._successes = 0
