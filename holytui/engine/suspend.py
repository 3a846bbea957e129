"""Notices that the machine slept: what was in flight then fails for no fault of its own.

Linux counts the time asleep in CLOCK_BOOTTIME but not in CLOCK_MONOTONIC, by which all clocks here run: a laptop's
lid or a suspended virtual machine makes the first run ahead of the second (clock_gettime(2)).
"""

import time
from collections.abc import Callable

ASLEEP_S = 5.0
"""The two clocks differ by this much more: the machine slept."""

EXCUSED_S = 60.0
"""Requests that were in flight, and fail within this time after waking, use no attempt (design, section 6)."""


def boot_time() -> float | None:
    """Seconds since the machine started, sleep included; None where the system has no such clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


class Suspends:
    """Knows when the machine last woke up."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        awake: Callable[[], float] = time.monotonic,
        ever: Callable[[], float | None] = boot_time,
    ) -> None:
        """Begin to watch.

        Args:
            now: the loop's clock, by which requests are timed.
            awake: seconds without sleep.
            ever: seconds with it, None where nobody counts them.
        """
        self._now = now
        self._awake = awake
        self._ever = ever
        self._difference = self._asleep()
        self._woke_at: float | None = None

    def look(self) -> float | None:
        """Compare the clocks, a few times a second; seconds slept when the machine just woke, else None."""
        asleep = self._asleep()
        slept, self._difference = asleep - self._difference, asleep
        if slept <= ASLEEP_S:
            return None
        self._woke_at = self._now()
        return slept

    def excuses(self, started: float) -> bool:
        """Whether a request that was sent then and fails now was cut off by a sleep."""
        self.look()
        if self._woke_at is None or started > self._woke_at:
            return False
        return self._now() - self._woke_at < EXCUSED_S

    def _asleep(self) -> float:
        ever = self._ever()
        return 0.0 if ever is None else ever - self._awake()
