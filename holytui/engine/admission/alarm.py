"""The moment at which a door looks again although nobody knocks."""

import asyncio
from collections.abc import Callable

GRAIN_S = 0.001
"""What the loop's timers can tell apart; they may ring by so much too early."""


class Alarm:
    """One timer on the running loop."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at = 0.0
        # No TimerHandle: uvloop gives a plain one, which knows no time, for a wait that it rounds to nothing.
        self._timer: asyncio.Handle | None = None

    def set(self, seconds: float) -> None:
        """Ring in so many seconds, whatever was set before."""
        self.off()
        loop = asyncio.get_running_loop()
        self._at = loop.time() + seconds
        self._timer = loop.call_later(seconds, self._rings)

    def set_by(self, seconds: float) -> None:
        """Ring in so many seconds at the latest."""
        seconds = max(seconds, GRAIN_S)
        if self._timer is None or self._at > asyncio.get_running_loop().time() + seconds:
            self.set(seconds)

    def off(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rings(self) -> None:
        self._timer = None
        self._ring()
