"""How fast a session goes, and when it will end: from its own completions, weighted by step."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holytui.core.progress import Eta

ENOUGH_RESULTS = 10
"""Before this many results of the session there is no ETA."""

WINDOW_S = 120.0
"""The rate looks this far back, in seconds; a slow job's window reaches back to `ENOUGH_RESULTS` results."""

THROUGHPUT_MINUTES = 60
BAND_FLOOR = 0.04
"""The band is never narrower than this share of the middle: rates wander."""


SLICE_S = 1.0
"""Completions this close together are one entry: a fast job has tens of thousands in its window."""


@dataclass(slots=True)
class _Slice:
    """Completions of about one second: the first's time, their weights added up, the items they closed."""

    at: float
    weight: float = 0.0
    results: int = 0
    items: int = 0


class Pace:
    """Takes completions as they are recorded, answers with rate and ETA. Knows no clock of its own."""

    def __init__(self, started: float) -> None:
        """Begin a session at this time, in seconds of any steady clock."""
        self._started = started
        self._recent: deque[_Slice] = deque()
        self._seconds: dict[str, float] = {}
        self._count: dict[str, int] = {}
        self._items = 0
        self._minutes: deque[int] = deque([0], maxlen=THROUGHPUT_MINUTES)
        self._causes: deque[str] = deque([""], maxlen=THROUGHPUT_MINUTES)
        self._minute = 0

    def step_done(self, now: float, step: str, duration_s: float, *, closes_item: bool) -> None:
        """A step ended, after so many active seconds."""
        self._seconds[step] = self._seconds.get(step, 0.0) + duration_s
        self._count[step] = self._count.get(step, 0) + 1
        if not self._recent or now - self._recent[-1].at >= SLICE_S:
            self._recent.append(_Slice(now))
            self._forget(now)
        newest = self._recent[-1]
        newest.weight += max(duration_s, 1e-3)
        newest.results += 1
        newest.items += closes_item
        if closes_item:
            self._items += 1
            self._roll(now)
            self._minutes[-1] += 1

    def rate_per_s(self, now: float) -> float:
        """Items closed a second, of late."""
        self._forget(now)
        items = sum(part.items for part in self._recent)
        return items / self._window(now) if items else 0.0

    def throughput(self, now: float) -> tuple[float, ...]:
        """Items a minute, oldest first, the running minute last."""
        self._roll(now)
        return tuple(float(count) for count in self._minutes)

    def slowed(self, now: float, cause: str) -> None:
        """Something held the run up in this minute; the first cause of a minute is its cause."""
        self._roll(now)
        self._causes[-1] = self._causes[-1] or cause

    def causes(self, now: float) -> tuple[str, ...]:
        """What held the run up, by the minutes of `throughput`; empty for nothing."""
        self._roll(now)
        return tuple(self._causes)

    def eta(self, now: float, remaining: Mapping[str, int], reason: str, oldest_s: float = 0.0) -> Eta:
        """When the remaining steps will be done.

        Args:
            now: on the same clock as the completions.
            remaining: steps without a result, by name.
            reason: why it goes as it goes; shown beside the band.
            oldest_s: seconds that the slowest step in hand may still take: the tail's floor.
        """
        if not any(remaining.values()):
            return Eta(0.0, 0.0, 0.0, reason)
        if self._items < ENOUGH_RESULTS:
            return Eta(reason=f"after {ENOUGH_RESULTS} answers")
        self._forget(now)
        work_rate = sum(part.weight for part in self._recent) / self._window(now)
        if work_rate <= 0:
            return Eta(reason=reason)
        work = sum(count * self._mean(step) for step, count in remaining.items())
        mid = max(work / work_rate, oldest_s)
        spread = max(BAND_FLOOR, self._spread(now))
        return Eta(mid * (1 - spread), mid, mid * (1 + spread), reason)

    def _mean(self, step: str) -> float:
        """Active seconds a step takes; a step not seen yet is taken for an average one."""
        if self._count.get(step):
            return max(self._seconds[step] / self._count[step], 1e-3)
        return max(sum(self._seconds.values()) / max(1, sum(self._count.values())), 1e-3)

    def _window(self, now: float) -> float:
        """Seconds the recent completions span; never so short that one burst looks like a rate."""
        begin = self._started if not self._recent else max(self._started, now - WINDOW_S)
        if self._recent:
            begin = min(begin, self._recent[0].at)
        return max(now - begin, 0.5)

    def _spread(self, now: float) -> float:
        """Half the band as a share of the middle: twice the standard error over eighths of the window."""
        window = self._window(now)
        slots = [0.0] * 8
        for part in self._recent:
            slot = min(7, int((now - part.at) / window * 8))
            slots[max(0, slot)] += part.weight
        mean = sum(slots) / 8
        if mean <= 0:
            return 0.5
        variance = sum((value - mean) ** 2 for value in slots) / 7
        return min(0.5, 2 * math.sqrt(variance / 8) / mean)

    def _forget(self, now: float) -> None:
        results = sum(part.results for part in self._recent)
        while self._recent and self._recent[0].at < now - WINDOW_S:
            results -= self._recent[0].results
            if results < ENOUGH_RESULTS:
                return
            self._recent.popleft()

    def _roll(self, now: float) -> None:
        minute = int((now - self._started) // 60)
        for _ in range(min(minute - self._minute, THROUGHPUT_MINUTES)):
            self._minutes.append(0)
            self._causes.append("")
        self._minute = max(self._minute, minute)


def explain(
    *,
    current: int,
    ceiling: int,
    in_use: int,
    gate_opens_in: float | None,
    pending: int,
    ages: Sequence[float],
    probe_in: float | None = None,
    waits_for: str = "",
) -> str:
    """The reason beside the ETA, in the words of the screens.

    Args:
        current: requests allowed at once now.
        ceiling: requests allowed at once at most.
        in_use: requests in flight.
        gate_opens_in: seconds until a closed gate opens, else None.
        pending: items not taken up yet.
        ages: seconds for which each item in hand has been in hand.
        probe_in: seconds until a provider that is down is asked again, else None.
        waits_for: what sending waits for beside a slot, e.g. `rpm of the job file`; empty for nothing.
    """
    if probe_in is not None:
        return f"provider down: next try in {math.ceil(probe_in)} s"
    if gate_opens_in is not None:
        return f"gate opens in {math.ceil(gate_opens_in)} s"
    if waits_for:
        return f"limited by {waits_for}"
    if current < ceiling:
        return f"slowed by rate limit: {current}/{ceiling}"
    if pending == 0 and ages:
        return f"slow tail: {len(ages)} left, the oldest {int(max(ages))} s"
    if in_use >= current:
        return f"limited by concurrency: {in_use}/{ceiling}"
    return "steady"
