"""The shared wait that a 429 closes for everyone."""

import random
from collections.abc import Callable

FIRST_WAIT_S = 1.0
LONGEST_GUESS_S = 60.0
GIVE_UP_S = 600.0
"""Without a success for this long, or told to wait longer, the job pauses instead of waiting."""

JITTER = 0.05
MOST_JITTER_S = 0.5
"""It opens up to this much later than asked for: machines that were refused together must not come back together."""

RAMP_S = 0.25
"""After opening, the slots are given out over this time, not all in one instant."""

TOLD_LATE_S = 0.5
"""What comes over the network comes late: the same moment, told again, is no new one."""


class Gate:
    """Closed until a moment; knows 429 episodes.

    An episode is all the 429s of requests that were sent before the gate closed: they are one event,
    however many requests were in flight.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._opens_at = 0.0
        self._closed_at: float | None = None
        self._first_refusal_at: float | None = None
        self._episodes = 0
        self.episode = 0
        """Number of the newest; goes up only."""

    @property
    def opens_in(self) -> float | None:
        """Seconds until it opens; None when it is open."""
        left = self._opens_at - self._now()
        return left if left > 0 else None

    @property
    def share(self) -> float:
        """The part of the slots that may be used, 0 to 1: it opens gradually."""
        if self._closed_at is None:
            return 1.0
        return min(1.0, max(0.0, (self._now() - self._opens_at) / RAMP_S))

    def refused(self, sent_at: float, retry_after_s: float | None) -> bool:
        """A request sent at `sent_at` got a 429; whether that begins a new episode."""
        now = self._now()
        begins = self._closed_at is None or sent_at > self._closed_at
        if begins:
            self._episodes += 1
            self.episode += 1
            self._closed_at = now
            if self._first_refusal_at is None:
                self._first_refusal_at = now
        guess = min(LONGEST_GUESS_S, FIRST_WAIT_S * 2 ** (self._episodes - 1))
        wait = retry_after_s if retry_after_s is not None else guess
        if now + wait > self._opens_at and (begins or retry_after_s is not None):
            self._opens_at = now + wait + random.uniform(0.0, min(MOST_JITTER_S, JITTER * wait))
        return begins

    def shut(self, seconds: float) -> None:
        """Another machine was refused: closed for this long. What was sent before is no new episode here."""
        now = self._now()
        if now + seconds > self._opens_at + TOLD_LATE_S:
            if self.opens_in is None:
                self._closed_at = now
            self._opens_at = now + seconds

    def succeeded(self) -> None:
        """A request was answered: the next guess starts small again."""
        self._episodes = 0
        self._first_refusal_at = None

    def reopen(self) -> None:
        """The wait was sat out elsewhere: begin anew."""
        self._opens_at = 0.0
        self._closed_at = None
        self.succeeded()

    def hopeless(self) -> bool:
        """Whether the provider wants a wait that a running job should not sit out."""
        if (self.opens_in or 0.0) > GIVE_UP_S:
            return True
        return self._first_refusal_at is not None and self._now() - self._first_refusal_at > GIVE_UP_S
