"""The workers as the owner sees them: who is there, what each has in hand."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from holytui.core.progress import InFlight
from holytui.core.workers import WorkerSeen
from holytui.distributed import keys as names
from holytui.distributed.keys import JobKeys
from holytui.distributed.link import as_text
from holytui.engine.admission.outage import PROBE_FIRST_S

LOST_S = 10.0
"""Seconds of listening without a sign after which a worker's items run elsewhere."""
GAP_S = 1.0
"""Two looks that are further apart than this: nobody listened in between."""
SHOWN_S = 120.0
"""Seconds for which a worker that is gone is still listed."""


@dataclass(slots=True)
class Worker:
    """One worker, by its last sign of life.

    Attributes:
        heard_at: `Roster.listened_s` at its last sign.
        seen_at: Unix seconds.
        at: what it has in hand of this job, as its host says; empty where it has none.
        unable: why it cannot work on this job; empty where it can.
        fresh: it gave a sign since this roster began: the first one that is found may be an old one.
        ended: it said goodbye.
        knows: the newest good news that it has heard of, see `Roster.good_news`.
        lost: it was given up in this session: its items run elsewhere.
    """

    name: str
    host: str
    pid: int
    concurrency: int
    heard_at: float
    seen_at: float
    beat: int = -1
    fresh: bool = False
    ending: bool = False
    ended: bool = False
    unable: str = ""
    lost: bool = False
    share: int = 0
    knows: int = 0
    at: Mapping[str, Any] = field(default_factory=dict)

    @property
    def slices(self) -> Sequence[str]:
        """Names of those that it has, and of those whose end Redis does not have yet."""
        named: Sequence[str] = self.at.get("slices", ())
        return named

    @property
    def inside(self) -> int:
        """Requests under way."""
        return int(self.at.get("inside", 0))

    @property
    def rate_per_s(self) -> float:
        return float(self.at.get("rate", 0.0))

    @property
    def held(self) -> int:
        """Items that wait to learn whether their last failure was an outage's."""
        return int(self.at.get("held", 0))

    @property
    def gate_s(self) -> float:
        """Seconds until its gate for this job's provider opens; 0: it is open."""
        return float(self.at.get("gate_s", 0.0))

    @property
    def outage(self) -> bool:
        """It finds that the provider is down."""
        return bool(self.at.get("outage"))


class Roster:
    """Read several times a second."""

    def __init__(self, keys: JobKeys, now: Callable[[], float]) -> None:
        self._keys = keys
        self._now = now
        self._workers: dict[str, Worker] = {}
        self.read_at = -math.inf
        """On the loop's clock."""
        self.listened_s = 0.0
        """Seconds for which signs of life could be heard so far.

        Silence is counted in these: while this process was stopped, or Redis away, it says nothing of a worker.
        """
        self.answered_at = -math.inf
        """When a request of any worker was last answered, on the loop's clock."""
        self.good_news = 0
        """Goes up when one worker is answered while another finds that the provider is down, at most as often as an
        outage begins to probe: whoever finds so asks again at once."""
        self._news_at = -math.inf
        self._outage_since: float | None = None

    @property
    def down(self) -> bool:
        """Whether the provider is: some worker finds so, and since it does nobody was answered.

        Else it may be that machine's own network.
        """
        return self._outage_since is not None and self.answered_at < self._outage_since

    async def read(self, redis: Redis) -> None:
        """Look at all signs of life; for `Link.ask`."""
        listed = {as_text(name) for name in await redis.smembers(names.WORKERS)}
        known = sorted(listed | self._workers.keys())
        # Both parts of a sign at once: a worker that has just said that it is there says as well what it has.
        signs = [names.worker(name) for name in known] + [self._keys.at(name) for name in known]
        found = await redis.mget(signs) if known else []
        self._listened()
        for name, sign, hand in zip(known, found[: len(known)], found[len(known) :], strict=True):
            if sign is not None:
                self._heard(name, json.loads(sign), {} if hand is None else json.loads(hand))
            elif name not in self._workers:
                await redis.srem(names.WORKERS, name)  # long gone; one that is there says so again
        if not any(one.outage for one in self.able):
            self._outage_since = None
        elif self._outage_since is None:
            self._outage_since = self._now()

    def answered(self, sent_at: float) -> None:
        """A worker's request was, that was sent at this time on the loop's clock."""
        now, since = self._now(), self._outage_since
        self.answered_at = now
        if since is not None and sent_at > since and now - self._news_at > PROBE_FIRST_S:
            self.good_news += 1
            self._news_at = now

    def found_down(self, name: str) -> None:
        """A worker found that the provider is down: said with what it gives back, before its next sign of life."""
        worker = self._workers.get(name)
        if worker is not None and not worker.outage:
            worker.at = {**worker.at, "outage": True, "probe_in": PROBE_FIRST_S}

    def _listened(self) -> None:
        now = self._now()
        self.listened_s += min(now - self.read_at, GAP_S) if math.isfinite(self.read_at) else 0.0
        self.read_at = now

    def _heard(self, name: str, sign: Mapping[str, Any], hand: Mapping[str, Any]) -> None:
        worker = self._workers.get(name)
        if worker is None:
            heard_at = self.listened_s
            worker = Worker(name, sign["host"], sign["pid"], sign["concurrency"], heard_at, time.time(), sign["beat"])
            self._workers[name] = worker
        if sign["beat"] != worker.beat:
            worker.heard_at, worker.seen_at = self.listened_s, time.time()
            worker.beat, worker.fresh, worker.lost = sign["beat"], True, False
        worker.concurrency, worker.ending, worker.ended = sign["concurrency"], sign["ending"], sign["ended"]
        worker.at = hand

    def get(self, name: str) -> Worker | None:
        return self._workers.get(name)

    def alive(self, worker: Worker) -> bool:
        return not worker.lost and not worker.ended and self.listened_s - worker.heard_at < LOST_S

    @property
    def all_heard(self) -> bool:
        """Whether every worker that is there, or was some seconds ago, gave a sign since this roster began."""
        return all(one.fresh or one.ended for one in self._workers.values())

    @property
    def all(self) -> Sequence[Worker]:
        return list(self._workers.values())

    @property
    def able(self) -> list[Worker]:
        """Those that take items of this job."""
        return [one for one in self._workers.values() if self.alive(one) and not one.unable and not one.ending]

    def in_flight(self) -> list[InFlight]:
        """What workers have under way, oldest first."""
        found = [
            InFlight(**flight)
            for worker in self._workers.values()
            if self.alive(worker)
            for flight in worker.at.get("flights", ())
        ]
        return sorted(found, key=lambda flight: -flight.age)

    def seen(self) -> tuple[WorkerSeen, ...]:
        """For a snapshot."""
        return tuple(
            WorkerSeen(
                worker.name,
                worker.host,
                worker.pid,
                self.alive(worker) and not worker.ending,
                worker.inside if self.alive(worker) else 0,
                worker.concurrency,
                worker.share,
                round(worker.rate_per_s, 2) if self.alive(worker) else 0.0,
                worker.seen_at,
            )
            for worker in sorted(self._workers.values(), key=lambda one: one.name)
            if self.listened_s - worker.heard_at < SHOWN_S
        )
