"""How fast requests may be sent: what the job file allows a minute, and what the provider says is left.

No library: each of these has to be asked together with slots, gate and budget, without waiting, and be given back
what a request did not use; the kept limiters either wait themselves or keep an entry per token.
"""

from collections.abc import Callable
from dataclasses import dataclass

MINUTE_S = 60.0
LONGEST_RESET_S = 600.0
"""A provider that names a longer wait without refusing anything is not believed until it answers 429."""


class Bucket:
    """So many units a minute, never more in any minute: a small burst, and a steady refill below the rate."""

    def __init__(self, per_minute: float, now: Callable[[], float]) -> None:
        """Start full.

        Args:
            per_minute: requests or tokens, above 0.
            now: seconds.
        """
        self._now = now
        self._burst = max(1.0, per_minute / MINUTE_S)
        self._per_s = (per_minute - (self._burst - 1.0)) / MINUTE_S
        self._level = self._burst
        self._at = now()

    def delay(self, units: float) -> float:
        """Seconds until so many units may be used; more than the burst waits for a full bucket and overdraws it."""
        missing = min(units, self._burst) - self._refilled()
        return max(0.0, missing / self._per_s)

    def use(self, units: float) -> None:
        """Take units out; negative ones give back what was not needed."""
        self._level = min(self._burst, self._refilled() - units)
        self._at = self._now()

    def _refilled(self) -> float:
        return min(self._burst, self._level + (self._now() - self._at) * self._per_s)


@dataclass(frozen=True, slots=True)
class Left:
    """What a provider says is left of an allowance, as `x-ratelimit-remaining-*` and `-reset-*` tell it.

    Attributes:
        units: requests or tokens; reset_s: seconds until the allowance is whole again.
    """

    units: float
    reset_s: float


class Allowance:
    """Spreads what is left until the reset, before a 429 has to say so.

    The newest answer counts, by when its request was sent: what was sent after it is taken off.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left = 0.0
        self._resets_at = 0.0
        self._told_of = -1
        self._next_at = 0.0

    def told(self, left: Left, serial: int, used_since: float) -> None:
        """A provider's word.

        Args:
            left: what it said with the answer to a request.
            serial: that request's place in the order of sending.
            used_since: units that were sent after that request.
        """
        if serial < self._told_of or not 0 < left.reset_s <= LONGEST_RESET_S:
            return
        self._told_of = serial
        self._left = left.units - used_since
        self._resets_at = self._now() + left.reset_s

    def delay(self, units: float, roomy: float) -> float:
        """Seconds until so many units may be sent; none while what is left is more than `roomy`."""
        now = self._now()
        if now >= self._resets_at or self._left - units > roomy:
            return 0.0
        if self._left < units:
            return self._resets_at - now
        return max(0.0, self._next_at - now)

    def use(self, units: float) -> None:
        """Units were sent: the next ones in proportion to the time that is left."""
        now = self._now()
        if now >= self._resets_at:
            return
        self._left -= units
        if self._left > 0:
            self._next_at = now + (self._resets_at - now) * units / (self._left + units)
