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

LOST_S = 10.0
"""Seconds without a sign after which a worker's items run elsewhere."""
SHOWN_S = 120.0
"""Seconds for which a worker that is gone is still listed."""


@dataclass(slots=True)
class Worker:
    """One worker, by its last sign of life.

    Attributes:
        heard_at: on the loop's clock.
        seen_at: Unix seconds.
        at: what it has in hand of this job, as its host says; empty where it has none.
        unable: why it cannot work on this job; empty where it can.
        lost: it was given up in this session: its items run elsewhere.
    """

    name: str
    host: str
    pid: int
    concurrency: int
    heard_at: float
    seen_at: float
    beat: int = -1
    ending: bool = False
    unable: str = ""
    lost: bool = False
    share: int = 0
    at: Mapping[str, Any] = field(default_factory=dict)

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
        self.read_at = 0.0
        """On the loop's clock."""
        self.answered_at = -math.inf
        """When a request of any worker was last answered, on the loop's clock."""
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
        self.read_at = self._now()
        if not known:
            return
        about = await redis.mget([names.worker(name) for name in known])
        at = await redis.mget([self._keys.at(name) for name in known])
        for name, sign, hand in zip(known, about, at, strict=True):
            if sign is not None:
                self._heard(name, json.loads(sign), {} if hand is None else json.loads(hand))
            elif name not in listed:
                self._workers[name].ending = True  # it said goodbye
            elif name not in self._workers:
                await redis.srem(names.WORKERS, name)  # long gone; one that is there says so again
        if not any(one.outage for one in self.able):
            self._outage_since = None
        elif self._outage_since is None:
            self._outage_since = self._now()

    def _heard(self, name: str, sign: Mapping[str, Any], hand: Mapping[str, Any]) -> None:
        now = self._now()
        worker = self._workers.get(name)
        if worker is None:
            worker = Worker(name, sign["host"], sign["pid"], sign["concurrency"], now, time.time())
            self._workers[name] = worker
        if sign["beat"] != worker.beat:
            worker.heard_at, worker.seen_at = now, time.time()
            worker.beat, worker.lost = sign["beat"], False
        worker.concurrency, worker.ending = sign["concurrency"], sign["ending"]
        worker.at = hand

    def redis_was_gone(self) -> None:
        """Nobody could be heard: the silence says nothing of the workers."""
        now = self._now()
        for worker in self._workers.values():
            worker.heard_at = now

    def get(self, name: str) -> Worker | None:
        return self._workers.get(name)

    def alive(self, worker: Worker) -> bool:
        return not worker.lost and self._now() - worker.heard_at < LOST_S

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
        now = self._now()
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
            if now - worker.heard_at < SHOWN_S
        )
