"""What a worker has to tell the owner: kept until Redis has it, in order, batch by batch."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from holytui.core.work import AttemptEvent, Notice, Outcome, Pardon
from holytui.distributed.keys import KEPT_S, JobKeys
from holytui.distributed.link import AGAIN_S, Link, LinkDown, LinkRefused
from holytui.distributed.wire import dumps, event_to_json

GATHER_S = 0.01
"""Events that come within this time of each other travel together."""
MOST_AT_ONCE = 200
MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class _Entry:
    keys: JobKeys
    text: str
    told: Callable[[], None] | None
    closes: str | None


class Outbox:
    """Of all jobs on one worker; on the loop's thread.

    A batch has a number: where Redis took one and could not say so any more, it comes twice, and the owner knows.
    """

    def __init__(self, link: Link, worker: str) -> None:
        self._link = link
        self._worker = worker
        self._waiting: deque[_Entry] = deque()
        self._filled = asyncio.Event()
        self._number = 0

    def put(
        self,
        keys: JobKeys,
        event: dict[str, Any],
        told: Callable[[], None] | None = None,
        closes: str | None = None,
    ) -> None:
        """Tell something, in its turn.

        Args:
            keys: of the job.
            event: JSON.
            told: called once Redis has it.
            closes: a slice that is not open any more once Redis has this.
        """
        self._waiting.append(_Entry(keys, dumps(event), told, closes))
        self._filled.set()

    @property
    def empty(self) -> bool:
        """Redis has everything."""
        return not self._waiting

    @property
    def answers(self) -> int:
        """Answers that Redis has not taken over yet."""
        return sum(entry.told is not None and entry.closes is None for entry in self._waiting)

    async def run(self) -> None:
        """Send what comes in, for ever."""
        while True:
            await self._filled.wait()
            await asyncio.sleep(GATHER_S)
            batch = self._next()
            self._number += 1
            await self._send(batch)
            for entry in batch:
                self._waiting.popleft()
                if entry.told is not None:
                    entry.told()
            if not self._waiting:
                self._filled.clear()

    def _next(self) -> list[_Entry]:
        """The oldest entries, as far as they are of one job."""
        batch: list[_Entry] = []
        size = 0
        for entry in self._waiting:
            if batch and (entry.keys != batch[0].keys or len(batch) >= MOST_AT_ONCE or size > MOST_BYTES):
                break
            batch.append(entry)
            size += len(entry.text)
        return batch

    async def _send(self, batch: Sequence[_Entry]) -> None:
        keys = batch[0].keys
        fields: dict[Any, Any] = {
            "w": self._worker,
            "n": self._number,
            "e": f"[{','.join(entry.text for entry in batch)}]",
        }
        closed = [entry.closes for entry in batch if entry.closes is not None]

        async def write(redis: Redis) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.xadd(keys.out, fields)
                if closed:
                    pipe.hdel(keys.slices, *closed)
                pipe.exists(keys.spec)
                *_, waited_for = await pipe.execute()
            if not waited_for:  # it is kept all the same: it is paid for, and the job may be resumed
                await redis.expire(keys.out, KEPT_S)

        while True:
            try:
                return await self._link.ask(write)
            except (LinkDown, LinkRefused):
                await asyncio.sleep(AGAIN_S)


class JobSink:
    """Implements `core.work.Sink` for one job on a worker."""

    def __init__(self, outbox: Outbox, keys: JobKeys, on_cost: Callable[[int, float], None]) -> None:
        """A sink.

        Args:
            outbox: of the worker.
            keys: of the job.
            on_cost: told (item's index, USD) with each request that cost something.
        """
        self._outbox = outbox
        self._keys = keys
        self._on_cost = on_cost
        self.on_saved: Callable[[int], None] = lambda answers: None
        """Told how many answers Redis has taken over."""
        self.results = 0
        """Closing outcomes so far."""

    def attempt(self, event: AttemptEvent) -> None:
        if event.cost.usd:
            self._on_cost(event.index, event.cost.usd)
        self._outbox.put(self._keys, event_to_json(event))

    def pardon(self, pardon: Pardon) -> None:
        self._outbox.put(self._keys, event_to_json(pardon))

    def outcome(self, outcome: Outcome) -> None:
        told = None if outcome.kind is not None else lambda: self.on_saved(1)
        self._outbox.put(self._keys, event_to_json(outcome), told)
        self.results += outcome.closes is not None

    def notice(self, notice: Notice) -> None:
        self._outbox.put(self._keys, event_to_json(notice))
