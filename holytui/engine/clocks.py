"""The clocks of a request: whichever runs out first cancels it and gives the failure its name."""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Self

from holytui.core.failures import FailureKind
from holytui.core.timeouts import Clocks


class Phase(StrEnum):
    """What a request waits for now, in the words of the live panel."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    QUEUED = "queued"
    STREAMING = "streaming"
    SILENT = "silent"


SILENT_AFTER_S = 5.0
"""Seconds without content after which a stream is shown as silent."""

KINDS = {
    "connect": FailureKind.TIMEOUT_CONNECT,
    "first_token": FailureKind.TIMEOUT_FIRST_TOKEN,
    "stall": FailureKind.TIMEOUT_STALL,
    "attempt": FailureKind.TIMEOUT_ATTEMPT,
    "step": FailureKind.TIMEOUT_STEP,
}


class ClockExpired(Exception):
    """A clock ran out.

    Attributes:
        kind: which one.
        limit: its length in seconds.
    """

    def __init__(self, kind: FailureKind, limit: float) -> None:
        super().__init__(f"{kind.value}: {limit:g} s")
        self.kind = kind
        self.limit = limit


class Watch:
    """Watches one request with one timer; enter it around the request, tell it what arrives.

    The timer is re-armed lazily, when it fires: content costs one attribute a chunk, not a
    rescheduled timer.
    """

    def __init__(self, clocks: Clocks, step_left: float, now: Callable[[], float]) -> None:
        """Prepare to watch.

        Args:
            clocks: the limits of this attempt, in seconds.
            step_left: seconds left on the step clock.
            now: the clock that counts, in seconds; it may stand still while the loop's own goes on.
        """
        self._clocks = clocks
        self._step_left = step_left
        self._now = now
        self.started = now()
        self.connected_at: float | None = None
        self.first_at: float | None = None
        self.last_at: float | None = None
        self._keep_alive = False
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expired: tuple[str, float] | None = None

    def connected(self) -> None:
        """The connection is there; the first-token clock takes over."""
        if self.connected_at is None:
            self.connected_at = self._now()
            self._arm()

    def kept_alive(self) -> None:
        """The provider sent something that is not content: no clock moves."""
        self._keep_alive = True

    def content(self) -> None:
        """Text or reasoning arrived."""
        self.last_at = self._now()
        if self.first_at is None:
            self.first_at = self.last_at
            self._arm()

    def due(self) -> tuple[float, str, float]:
        """The clock that fires first: (when, its name, its limit in seconds)."""
        clocks = self._clocks
        ends = [
            (self.started + self._step_left, "step", clocks.step),
            (self.started + clocks.attempt, "attempt", clocks.attempt),
        ]
        if self.last_at is not None:
            ends.append((self.last_at + clocks.stall, "stall", clocks.stall))
        elif self.connected_at is not None:
            ends.append((self.connected_at + clocks.first_token, "first_token", clocks.first_token))
        else:
            ends.append((self.started + clocks.connect, "connect", clocks.connect))
        # At the same instant the narrower clock names the cause: it stands last.
        return min(reversed(ends), key=lambda end: end[0])

    def phase(self) -> Phase:
        """What the request waits for now."""
        if self.connected_at is None:
            return Phase.CONNECTING
        if self.last_at is None:
            return Phase.QUEUED if self._keep_alive else Phase.WAITING
        return Phase.SILENT if self._now() - self.last_at > SILENT_AFTER_S else Phase.STREAMING

    def since(self, at: float | None) -> float | None:
        """Seconds from the start to a moment, None if it never came."""
        return None if at is None else at - self.started

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self.started = self._now()
        self._arm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._expired is None:
            return
        name, limit = self._expired
        assert self._task is not None
        cancelled_by_others = self._task.uncancel() > 0
        if kind is asyncio.CancelledError and cancelled_by_others:
            return
        if kind is None or kind is asyncio.CancelledError:
            raise ClockExpired(KINDS[name], limit) from error

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        when, _, _ = self.due()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, when - self._now()), self._check)

    def _check(self) -> None:
        when, name, limit = self.due()
        if self._now() < when:
            self._arm()
            return
        self._expired = (name, limit)
        assert self._task is not None
        self._task.cancel()
