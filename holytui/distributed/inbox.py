"""The owner's end of the stream: read in order, recorded, and only then taken off."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from redis.asyncio import Redis

from holytui.distributed.keys import JobKeys
from holytui.distributed.link import Link, as_text
from holytui.store.writer import Writer

BLOCK_MS = 300
MOST_AT_ONCE = 100
BEGIN = "0-0"


class Inbox:
    """Reads a job's stream; how far it was read is recorded in the checkpoint, with what was read."""

    def __init__(self, link: Link, keys: JobKeys, writer: Writer, read_up_to: str, take: Callable[..., None]) -> None:
        """An inbox.

        Args:
            link: to Redis.
            keys: of the job.
            writer: of its checkpoint.
            read_up_to: the place of the last entry that was recorded; empty: none was.
            take: told (worker, event) for each event, in order.
        """
        self._link = link
        self._keys = keys
        self._writer = writer
        self._place = read_up_to or BEGIN
        self._recorded = BEGIN
        self._trimmed = BEGIN
        self._take = take
        self._batches: dict[str, int] = {}
        self._one_reads = asyncio.Lock()

    async def find_place(self) -> None:
        """Begin where the checkpoint says, unless that Redis is gone and another one counts anew.

        Raises:
            LinkDown, LinkRefused: Redis cannot be asked.
        """
        if not await self._link.ask(lambda redis: redis.exists(self._keys.out)):
            return
        about: Mapping[Any, Any] = await self._link.ask(lambda redis: redis.xinfo_stream(self._keys.out))
        last = as_text(about.get("last-generated-id") or about.get(b"last-generated-id") or BEGIN)
        if _order(last) < _order(self._place):
            self._place = BEGIN

    async def read(self, *, wait: bool) -> int:
        """Take what is there; how many entries it was.

        Raises:
            LinkDown, LinkRefused: Redis cannot be asked.
        """
        async with self._one_reads:
            return await self._read(BLOCK_MS if wait else None)

    async def read_to_the_end(self) -> None:
        """Take everything that is there by now.

        Raises:
            LinkDown, LinkRefused: Redis cannot be asked.
        """
        while await self.read(wait=False) == MOST_AT_ONCE:
            pass

    async def _read(self, block: int | None) -> int:
        found = await self._link.ask(
            lambda redis: redis.xread({self._keys.out: self._place}, count=MOST_AT_ONCE, block=block)
        )
        entries = _entries(found)
        for place, fields in entries:
            self._place = place
            self._open(fields)
        if entries:
            self._writer.read_up_to(self._place).add_done_callback(
                partial(self._is_recorded, asyncio.get_running_loop(), self._place)
            )
        await self._trim()
        return len(entries)

    def _open(self, fields: Mapping[str, Any]) -> None:
        worker, number = as_text(fields["w"]), int(fields["n"])
        if self._batches.get(worker, 0) >= number:
            return  # Redis had it, and could not say so: it was sent again
        self._batches[worker] = number
        for event in json.loads(fields["e"]):
            self._take(worker, event)

    def _is_recorded(self, loop: asyncio.AbstractEventLoop, place: str, done: "Future[None]") -> None:
        """On the writer's thread."""
        if not done.cancelled() and done.exception() is None:
            with contextlib.suppress(RuntimeError):  # the loop may be closing
                loop.call_soon_threadsafe(self._note, place)

    def _note(self, place: str) -> None:
        self._recorded = max(self._recorded, place, key=_order)

    async def _trim(self) -> None:
        """Take off what is recorded."""
        if _order(self._recorded) <= _order(self._trimmed):
            return
        recorded = self._recorded
        await self._link.ask(partial(_trim_to, self._keys.out, recorded))
        self._trimmed = recorded

    async def finish(self) -> None:
        """Take off what is recorded by now; what is left is read by the next session.

        Raises:
            LinkDown, LinkRefused: Redis cannot be asked.
        """
        await self._trim()


async def _trim_to(stream: str, place: str, redis: Redis) -> None:
    milliseconds, number = _order(place)
    await redis.xtrim(stream, minid=f"{milliseconds}-{number + 1}", approximate=False)


def _order(place: str) -> tuple[int, int]:
    milliseconds, _, number = place.partition("-")
    return int(milliseconds), int(number or 0)


def _entries(found: Any) -> list[tuple[str, dict[str, Any]]]:
    """Entries of the one stream that was read; the library gives a list or a mapping, by its protocol."""
    if not found:
        return []
    streams = list(found.values()) if isinstance(found, dict) else [entries for _, entries in found]
    flat: list[tuple[str, dict[str, Any]]] = []
    for entries in streams:
        for part in entries:
            many = part if isinstance(part, list) else [part]
            flat += [(as_text(place), {as_text(key): value for key, value in fields.items()}) for place, fields in many]
    return flat
