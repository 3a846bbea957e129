"""Open slices in Redis: where the next owner finds what this one has sent."""

import contextlib
import json
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from holytui.distributed.keys import CELERY_PREFIX, KEPT_S, JobKeys, queue
from holytui.distributed.link import Link, as_text
from holytui.distributed.slices import OpenSlice
from holytui.distributed.wire import dumps


class Registry:
    """Of one job. Every call raises LinkDown or LinkRefused when Redis cannot be asked."""

    def __init__(self, link: Link, keys: JobKeys) -> None:
        self._link = link
        self._keys = keys

    async def begin(self, spec: str) -> None:
        """A session does: workers are told what they need to know of it, and nothing of the job goes by itself."""
        keys = self._keys

        def fill(pipe: Pipeline) -> None:
            pipe.set(keys.spec, spec)
            pipe.persist(keys.out)

        await self._at_once(fill)

    async def note(self, one: OpenSlice) -> None:
        """It is open."""
        text = dumps(one.to_json())
        await self._link.ask(lambda redis: redis.hset(self._keys.slices, one.name, text))

    async def read(self, at: float) -> list[OpenSlice]:
        """What is open, as of so many seconds of listening."""
        found = await self._link.ask(lambda redis: redis.hgetall(self._keys.slices))
        return [OpenSlice.from_json(as_text(name), json.loads(text), at) for name, text in found.items()]

    async def disown(self, names: Sequence[str]) -> None:
        """Workers that have these slices let go of them, and a message that is still on its way is dropped."""
        keys = self._keys

        def fill(pipe: Pipeline) -> None:
            pipe.sadd(keys.gone, *names)
            pipe.expire(keys.gone, KEPT_S)
            pipe.hdel(keys.slices, *names)

        await self._at_once(fill)

    async def purge(self, worker: str) -> None:
        """Throw away what was on its way to a worker that is gone: prompts, and nobody would take them off for hours.

        Celery's transport keeps what was not acknowledged in a hash, as [message, exchange, queue], and its names by
        age beside it.
        """
        unacked, mine = f"{CELERY_PREFIX}unacked", queue(worker)
        tags = []
        for tag, held in (await self._link.ask(lambda redis: redis.hgetall(unacked))).items():
            with contextlib.suppress(ValueError, TypeError):
                tags += [tag] if json.loads(held)[-1] == mine else []

        def fill(pipe: Pipeline) -> None:
            pipe.delete(f"{CELERY_PREFIX}{mine}")
            if tags:
                pipe.hdel(unacked, *tags)
                pipe.zrem(f"{unacked}_index", *tags)

        await self._at_once(fill)

    async def expire(self) -> None:
        """The session ends with slices that it does not know the end of: what their workers still tell is kept a while.

        The spec goes at once: by that a worker knows that nobody waits.
        """
        keys = self._keys

        def fill(pipe: Pipeline) -> None:
            pipe.delete(keys.spec)
            pipe.expire(keys.orders, KEPT_S)
            pipe.expire(keys.out, KEPT_S)

        await self._at_once(fill)

    async def clear(self) -> None:
        """Nothing of the job is out any more: nothing of it stays but the names of slices that were lost.

        A worker that slept meanwhile lets go of them by these.
        """
        keys = self._keys
        await self._link.ask(lambda redis: redis.delete(keys.spec, keys.orders, keys.slices, keys.out))

    async def _at_once(self, fill: Callable[[Pipeline], None]) -> None:
        """Write several things, all of them or none."""

        async def write(redis: Redis) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                fill(pipe)
                await pipe.execute()

        await self._link.ask(write)
