"""A job that waits for its provider in the middle of a session: for a rate limit, an outage, or a balance."""

import asyncio
import time
from dataclasses import replace

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState
from holytui.engine.admission.breaker import Halt

LOOK_S = 1.0
"""Looked at by the wall clock at least this often, in seconds: a machine that slept must not oversleep."""

BALANCE_S = 600.0
"""Seconds between two looks at a balance that was empty, one item each."""


class Sleep:
    """Sleeps until a wake time, or until somebody wakes it; on the loop's thread."""

    def __init__(self) -> None:
        self._woken: asyncio.Event | None = None
        self._ended = False

    @property
    def asleep(self) -> bool:
        return self._woken is not None

    def lie_down(self) -> None:
        """From now on somebody may wake it: before anybody is told that it sleeps, so that no call is missed."""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Go on now."""
        if self._woken is not None:
            self._woken.set()

    def end(self) -> None:
        """Go on now, and never sleep again: the session is being stopped."""
        self._ended = True
        self.wake()

    async def until(self, wake_at: float) -> None:
        """Return at this Unix time, or when woken."""
        assert self._woken is not None, "it lies down first"
        woken = asyncio.create_task(self._woken.wait())
        try:
            while not (self._ended or self._woken.is_set()) and (left := wake_at - time.time()) > 0:
                await asyncio.wait({woken}, timeout=min(left, LOOK_S))
        finally:
            self._woken = None
            woken.cancel()


class Patience:
    """Decides which halts a session sits out."""

    def __init__(self, *, stays: bool, wait_for_balance_s: float | None) -> None:
        """For one session.

        Args:
            stays: pauses for the provider are sat out; else the session ends with its wake time.
            wait_for_balance_s: seconds for which an empty balance is waited for; None: not at all.
        """
        self._stays = stays
        self._balance_s = wait_for_balance_s
        self._empty_since: float | None = None
        self._answers = 0

    def judge(self, halt: Halt | None, answers: int) -> Halt | None:
        """The halt as it is to be told: an empty balance that may still be waited for becomes a pause.

        Args:
            halt: why the runner ended.
            answers: attempts recorded so far; more of them since the last look mean that the balance was filled.
        """
        if halt is None or halt.reason != FailureKind.QUOTA.value or self._balance_s is None:
            return halt
        now = time.time()
        if self._empty_since is None or answers > self._answers:
            self._empty_since = now
        self._answers = answers
        if now - self._empty_since >= self._balance_s:
            return halt
        wake_at = min(now + BALANCE_S, self._empty_since + self._balance_s)
        return replace(halt, state=JobState.PAUSED, wake_at=wake_at)

    def sits_out(self, halt: Halt | None) -> bool:
        """Whether the session goes on after the halt's wake time."""
        if halt is None or halt.wake_at is None or halt.state is not JobState.PAUSED:
            return False
        return self._stays or halt.reason == FailureKind.QUOTA.value
