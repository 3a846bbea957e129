"""Notices that the machine slept, or the process was stopped: what was in flight then fails for no fault of its own.

Linux counts the time asleep in CLOCK_BOOTTIME but not in CLOCK_MONOTONIC, by which all clocks here run: a laptop's
lid or a suspended virtual machine makes the first run ahead of the second (clock_gettime(2)). The time stopped is
counted by `work_clock`.
"""

import time
from collections.abc import Callable

ASLEEP_S = 5.0
"""The two clocks differ by this much more: it slept."""

EXCUSED_S = 60.0
"""Requests that were in flight, and fail within this time after waking, use no attempt (design, section 6)."""


def boot_time() -> float:
    """Seconds since the machine started, sleep included; without it where the system has no such clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Suspends:
    """Knows when the machine last woke up."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        awake: Callable[[], float] = time.monotonic,
        ever: Callable[[], float] = boot_time,
    ) -> None:
        """Begin to watch.

        Args:
            now: the clock by which requests are timed.
            awake: seconds without sleep, and without those in which the process was stopped.
            ever: seconds with both.
        """
        self._now = now
        self._awake = awake
        self._ever = ever
        self._difference = self._asleep()
        self._woke_at: float | None = None

    def look(self) -> float | None:
        """Compare the clocks, a few times a second; seconds slept when it just woke, else None."""
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
        return self._ever() - self._awake()
