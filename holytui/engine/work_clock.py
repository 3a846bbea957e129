"""The clock of everything that waits here: it stands still while the process does.

ctrl+z, `kill -STOP` or a machine with no time left for us stop the process, but not CLOCK_MONOTONIC: by that, every
request in flight would have run out of time the moment we go on, with its answer waiting unread in the socket.
"""

from collections.abc import Callable

BEAT_S = 0.25
"""Seconds between two beats, by which the clock knows that the process is at work."""

HELD_S = 1.0
"""Seconds without a look at the clock after which nobody was at work, not even slowly."""


class WorkClock:
    """Seconds by the loop's clock, without those in which the loop did not turn.

    Whoever runs the loop calls `now` every `BEAT_S` at least. What comes first after a stop, be it a beat or a timer
    that is long overdue, sees the gap and takes it away: no timer is ahead of it.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        """Begin; `time` is the loop's clock, in seconds."""
        self._time = time
        self._seen = time()
        self.held_s = 0.0
        """Seconds that were taken away so far."""

    def now(self) -> float:
        """Seconds at work, from an arbitrary beginning."""
        at = self._time()
        if at - self._seen > HELD_S:
            self.held_s += at - self._seen
        self._seen = at
        return at - self.held_s
