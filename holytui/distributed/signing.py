"""A worker's sign of life: that it is there, and what it has in hand of each job."""

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from holytui.distributed import keys as names
from holytui.distributed.keys import JobKeys
from holytui.distributed.slices import OpenSlice
from holytui.distributed.wire import dumps

GONE_S = 20
"""Seconds after which Redis forgets a worker that says nothing."""
SHOWN = 64
"""Flights of a job that a worker tells of, the oldest first."""


class Signs:
    """Of one worker; on its loop's thread. What takes a client of Redis is for `Link.ask`."""

    def __init__(self, worker: str, concurrency: int) -> None:
        self._worker = worker
        self._concurrency = concurrency
        self._beats = 0
        self._has: dict[JobKeys, dict[str, OpenSlice]] = {}

    def take(self, keys: JobKeys, message: Mapping[str, Any]) -> None:
        """A slice has arrived."""
        items = {int(work["i"]): int(work["r"]) for work in message["works"]}
        one = OpenSlice(message["slice"], self._worker, items, float(message["reserved_usd"]), 0.0)
        self._has.setdefault(keys, {})[one.name] = one

    def drop(self, keys: JobKeys, name: str) -> None:
        """Redis has the end of a slice, or nobody waits for it."""
        has = self._has.get(keys, {})
        has.pop(name, None)
        if not has:
            self._has.pop(keys, None)

    async def write(self, redis: Redis, hands: Iterable[tuple[JobKeys, Mapping[str, Any]]], *, ending: bool) -> None:
        """Say that it is there.

        Args:
            redis: the client.
            hands: what each of its hosts has in hand: one job may have several, of one session each.
            ending: it takes nothing more.
        """
        self._beats += 1
        by_job: dict[JobKeys, list[Mapping[str, Any]]] = {keys: [] for keys in self._has}
        for keys, hand in hands:
            by_job.setdefault(keys, []).append(hand)
        # All at once: who sees the beat sees as well what was in hand then.
        async with redis.pipeline(transaction=True) as pipe:
            pipe.set(names.worker(self._worker), self._about(ending=ending), ex=GONE_S)
            pipe.sadd(names.WORKERS, self._worker)
            for keys, of_job in by_job.items():
                at = {"slices": list(self._has.get(keys, ())), **together(of_job)}
                pipe.set(keys.at(self._worker), dumps(at), ex=GONE_S)
            await pipe.execute()

    async def note_slices(self, redis: Redis) -> None:
        """Note what is in hand where the next owner finds it, if it is not there.

        A Redis that was killed may have lost the last that the owner noted.
        """
        for keys, has in list(self._has.items()):
            carried = list(has.values())
            async with redis.pipeline(transaction=False) as pipe:
                for one in carried:
                    pipe.hexists(keys.slices, one.name)
                known = await pipe.execute()
            missing = [one for one, is_known in zip(carried, known, strict=True) if not is_known]
            if missing:
                await self._note(redis, keys, missing)

    async def _note(self, redis: Redis, keys: JobKeys, missing: Sequence[OpenSlice]) -> None:
        gone = await redis.smismember(keys.gone, [one.name for one in missing])
        for one, is_gone in zip(missing, gone, strict=True):
            if not is_gone:
                await redis.hsetnx(keys.slices, one.name, dumps(one.to_json()))
        # Some may have ended meanwhile, and that is why they were missing.
        over = [one.name for one in missing if one.name not in self._has.get(keys, ())]
        if over:
            await redis.hdel(keys.slices, *over)

    async def farewell(self, redis: Redis) -> None:
        """Say that it is not there any more: whatever is still on its way to it runs elsewhere at once."""
        self._beats += 1
        async with redis.pipeline(transaction=True) as pipe:
            pipe.set(names.worker(self._worker), self._about(ending=True, ended=True), ex=GONE_S)
            pipe.srem(names.WORKERS, self._worker)
            await pipe.execute()

    def _about(self, *, ending: bool, ended: bool = False) -> str:
        return dumps(
            {
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "concurrency": self._concurrency,
                "beat": self._beats,
                "ending": ending,
                "ended": ended,
            }
        )


def together(hands: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several hosts have in hand of one job, as if it were one."""
    if not hands:
        return {}
    flights = [flight for hand in hands for flight in hand["flights"]]
    sums = {name: sum(hand[name] for hand in hands) for name in ("inside", "idle", "held", "rate", "reserved")}
    return {
        **sums,
        "outage": any(hand["outage"] for hand in hands),
        "probe_in": max(hand["probe_in"] for hand in hands),
        "gate_s": max(hand["gate_s"] for hand in hands),
        "flights": sorted(flights, key=lambda flight: -flight["age"])[:SHOWN],
    }
