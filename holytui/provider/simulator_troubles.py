"""What the simulated provider as a whole does at a moment, whatever it is asked: outages, limits, a key that dies."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

from holytui.provider.simulation import SimulatorOptions, Window

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request is turned away.

    Attributes:
        reason: the name of a refusal, or `reset`: the connection goes without an answer.
        retry_after: the header's value, None: it is not sent.
    """

    reason: str
    retry_after: str | None = None


class Bucket:
    """An allowance of so many units a minute that refills steadily; it starts full."""

    def __init__(self, per_minute: float, now: Callable[[], float]) -> None:
        """Start full.

        Args:
            per_minute: units, above 0.
            now: seconds.
        """
        self.per_minute = per_minute
        self._now = now
        self._level = per_minute
        self._at = now()

    @property
    def left(self) -> float:
        return min(self.per_minute, self._level + (self._now() - self._at) * self.per_minute / MINUTE_S)

    @property
    def reset_s(self) -> float:
        """Seconds until it is full again."""
        return (self.per_minute - self.left) * MINUTE_S / self.per_minute

    def wait_s(self, units: float) -> float:
        """Seconds until so many may be taken; more than it holds wait for a full one and overdraw it."""
        return max(0.0, min(units, self.per_minute) - self.left) * MINUTE_S / self.per_minute

    def take(self, units: float) -> None:
        self._level = self.left - units
        self._at = self._now()


class Troubles:
    """The provider's state between requests; its clock starts with the first one."""

    def __init__(self, options: SimulatorOptions, now: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._now = now
        self._began: float | None = None
        self._down = cycle((Trouble("server_error"), Trouble("reset")))
        allowed = {"requests": options.rpm, "tokens": options.tpm}
        self._buckets = {what: Bucket(units, now) for what, units in allowed.items() if units is not None}

    def meet(self, *, nth: int, in_flight: int, tokens: int) -> Trouble | None:
        """What becomes of a request; None: it is let through, and what it takes is counted.

        Args:
            nth: of all requests, from 1.
            in_flight: requests at this moment, this one too.
            tokens: of its prompt and its answer.
        """
        if self._began is None:
            self._began = self._now()
        options = self._options
        if self._is_in(options.outage):
            return next(self._down)
        if options.refuse is not None and self._is_in(options.refuse):
            return Trouble("rate_limit", options.refuse.retry_after)
        if options.max_in_flight is not None and in_flight > options.max_in_flight:
            return Trouble("rate_limit", "1")
        if options.auth_after is not None and nth > options.auth_after:
            return Trouble("auth")
        return self._take({"requests": 1, "tokens": tokens})

    def limit_headers(self) -> dict[str, str]:
        """What is left of the allowances, as OpenAI tells it; nothing where there is no limit."""
        headers = {}
        for what, bucket in self._buckets.items():
            headers[f"x-ratelimit-limit-{what}"] = f"{bucket.per_minute:.0f}"
            headers[f"x-ratelimit-remaining-{what}"] = str(max(0, math.floor(bucket.left)))
            headers[f"x-ratelimit-reset-{what}"] = duration(bucket.reset_s)
        return headers

    def _is_in(self, window: Window | None) -> bool:
        if window is None or self._began is None:
            return False
        return window.start_s <= self._now() - self._began < window.start_s + window.seconds

    def _take(self, units: dict[str, int]) -> Trouble | None:
        wait = max((bucket.wait_s(units[what]) for what, bucket in self._buckets.items()), default=0.0)
        if wait > 0:
            return Trouble("rate_limit", str(math.ceil(wait)))
        for what, bucket in self._buckets.items():
            bucket.take(units[what])
        return None


def duration(seconds: float) -> str:
    """`1m30s`, `6.12s` or `250ms`, as the headers spell it."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 2), MINUTE_S)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
