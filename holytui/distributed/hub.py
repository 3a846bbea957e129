"""A worker: one loop that hosts the slices of all jobs, says that it is there, and heeds the owners' orders."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import uvloop
from redis.asyncio import Redis

from holytui.distributed.hosting import JobHost
from holytui.distributed.keys import JobKeys
from holytui.distributed.link import AGAIN_S, Link, LinkDown, LinkRefused
from holytui.distributed.opening import Opening, Settings, Unable
from holytui.distributed.orders import Orders
from holytui.distributed.outbox import Outbox
from holytui.distributed.signing import Signs
from holytui.distributed.spec import Spec
from holytui.engine.work_clock import BEAT_S, WorkClock

HEED_S = 0.1
"""Seconds between two looks at the owners' orders."""
TELL_S = 0.25
"""Seconds between two signs of life."""
IDLE_S = 60.0
"""Seconds for which a job's connections are kept without anything to do."""
MOST_KNOWN = 10_000
"""Names of slices that a worker remembers."""
FAREWELL_S = 3.0
"""Seconds for which what was cancelled at the end may still be told; answers may for longer."""


class Hub:
    """Started once in a process. Slices come from Celery's threads and wait there until they are done."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        """A worker that does nothing yet.

        Args:
            settings: how it works.
            say: told sentences for whoever looks at its terminal.
        """
        self._settings = settings
        self._say = say
        self.name = f"{socket.gethostname()}-{os.getpid()}-{int(time.time()) % 100_000}"
        self._hosts: dict[tuple[str, str], JobHost] = {}
        self._one_opens = asyncio.Lock()
        self._known: dict[str, None] = {}
        self._signs = Signs(self.name, settings.concurrency)
        self._ending = False
        self._hurries = False
        self._at_work = 0
        self._started = threading.Event()
        self.over = threading.Event()
        """Set when nobody needs to wait for a slice any more."""
        self._loop = uvloop.new_event_loop()
        self._clock = WorkClock(self._loop.time)
        self._thread = threading.Thread(target=self._run, name="holytui-worker", daemon=True)

    def start(self) -> None:
        """Begin to say that it is there."""
        self._thread.start()
        self._started.wait()

    def take(self, message: Mapping[str, Any]) -> "Future[None]":
        """Work on a slice; done when the owner's stream has all of it. From any thread."""
        return asyncio.run_coroutine_threadsafe(self._slice(message), self._loop)

    def wind_down(self, seconds: float) -> None:
        """Send nothing new; what is in flight has so many seconds to finish, then it is cancelled. From any thread.

        Answers that Redis has not taken over are paid for: for them it waits until it is told to end a second time.
        """

        async def end() -> None:
            self._hurries, self._ending = self._ending, True
            for host in self._hosts.values():
                host.drain()
            until = self._loop.time() + seconds
            # Polled: slices end by themselves, one after the other.
            while self._busy() and self._loop.time() < until:  # noqa: ASYNC110  # bounded by the clock
                await asyncio.sleep(0.05)
            for host in self._hosts.values():
                host.let_go(host.names)
            await self._hand_over()
            self.over.set()

        asyncio.run_coroutine_threadsafe(end(), self._loop)

    async def _hand_over(self) -> None:
        """Let Redis have what is still to be told."""
        until = self._loop.time() + FAREWELL_S
        said = False
        while (self._at_work or not self._outbox.empty) and not self._hurries:
            await asyncio.sleep(0.05)  # polled: Redis is not ours
            if self._loop.time() < until:
                continue
            answers = self._outbox.answers
            if not answers:
                break
            if not said:
                said = True
                self._say(
                    f"waits for Redis, which has not taken {answers:,} of its answers: ended again, it loses them"
                )

    def stop(self, seconds: float) -> None:
        """End the loop: what is still in hand is cancelled, and Redis is told, within so many seconds."""

        async def end() -> None:
            for host in list(self._hosts.values()):
                await host.aclose()
            until = self._loop.time() + seconds
            while not self._outbox.empty and self._loop.time() < until:  # noqa: ASYNC110  # bounded by the clock
                await asyncio.sleep(0.02)
            await self._farewell()

        self.over.set()
        future = asyncio.run_coroutine_threadsafe(end(), self._loop)
        with contextlib.suppress(Exception):  # whatever it is, the process ends now
            future.result(seconds + 1.0)
        self._opening.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._link = Link(self._settings.url)
        self._outbox = Outbox(self._link, self.name)
        self._opening = Opening(self._settings, self.name, self._outbox, self._clock, self._say)
        self._loop.call_soon(self._beat)
        self._chores = [self._loop.create_task(chore) for chore in (self._outbox.run(), self._tell(), self._heed())]
        self._loop.call_soon(self._started.set)
        self._loop.run_forever()

    def _beat(self) -> None:
        """Tell the clock that the loop turns."""
        self._clock.now()
        self._loop.call_later(BEAT_S, self._beat)

    async def _slice(self, message: Mapping[str, Any]) -> None:
        keys, name = JobKeys(message["job"]), message["slice"]
        if name in self._known:
            return  # the owner could not be told that it had arrived, and sent it again
        self._known[name] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._signs.take(keys, message)
        self._at_work += 1
        try:
            await self._work_on(keys, message)
        finally:
            self._signs.drop(keys, name)
            self._at_work -= 1

    async def _work_on(self, keys: JobKeys, message: Mapping[str, Any]) -> None:
        session, name = message["session"], message["slice"]
        if self._ending:
            return await self._hand_back(keys, message, None)
        if await self._asked_always(lambda redis: redis.sismember(keys.gone, name)):
            return None
        try:
            host = await self._host(keys, session)
        except Unable as reason:
            return await self._hand_back(keys, message, str(reason))
        except (KeyError, TypeError, ValueError) as error:
            return await self._hand_back(
                keys, message, f"{self.name}: cannot read the job; is holytui as new there? ({error!r})"
            )
        if host is None:
            return None  # its owner has cleaned up: nobody waits for it
        await self._look_at_orders(host)
        await host.run(name, message["works"], message["reserved_usd"])
        return None

    async def _hand_back(self, keys: JobKeys, message: Mapping[str, Any], why: str | None) -> None:
        """The items return to the owner; done when Redis has it."""
        if why is not None:
            self._outbox.put(keys, {"t": "unable", "text": why})
        for work in message["works"]:
            self._outbox.put(keys, {"t": "returned", "i": work["i"], "r": work["r"], "slice": message["slice"]})
        taken = asyncio.Event()
        self._outbox.put(keys, {"t": "end", "slice": message["slice"]}, taken.set, closes=message["slice"])
        await taken.wait()

    async def _host(self, keys: JobKeys, session: str) -> JobHost | None:
        key = (keys.job, session)
        async with self._one_opens:
            if key not in self._hosts:
                text = await self._asked_always(lambda redis: redis.get(keys.spec))
                if text is None:
                    return None
                self._hosts[key] = await self._opening.host(Spec.from_json(text), keys)
            return self._hosts[key]

    async def _heed(self) -> None:
        """Look at the orders of all jobs in hand, for ever."""
        while True:
            await asyncio.sleep(HEED_S)
            for host in list(self._hosts.values()):
                if host.names:
                    await self._look_at_orders(host)
            await self._close_idle()

    async def _look_at_orders(self, host: JobHost) -> None:
        # What an owner of another version wants cannot be known: it stays as it was.
        with contextlib.suppress(LinkDown, LinkRefused, KeyError, TypeError, ValueError):
            text = await self._link.ask(lambda redis: redis.get(host.keys.orders))
            if text is not None:
                orders = Orders.from_json(text)
                host.heed(orders, self._capacity(host, orders))
                if self._ending:
                    host.drain()

    def _capacity(self, host: JobHost, orders: Orders) -> int:
        """Requests that a host may have in flight at most: jobs divide this worker, sessions of a job its share."""
        fellows = sum(bool(one.names) for one in self._hosts.values() if one is not host and one.keys == host.keys)
        share = orders.shares.get(self.name, 1) // (1 + fellows)
        return max(1, min(share, self._settings.concurrency // max(1, self._busy())))

    def _busy(self) -> int:
        return sum(bool(host.names) for host in self._hosts.values())

    async def _close_idle(self) -> None:
        now = self._clock.now()
        for key, host in list(self._hosts.items()):
            if not host.names and now - host.idle_since > IDLE_S:
                del self._hosts[key]
                await host.aclose()

    async def _tell(self) -> None:
        """Say that it is there, what it has in hand, and let go of what runs elsewhere, for ever."""
        said = ""
        while True:
            try:
                await self._link.ask(self._signs.note_slices)
                await self._link.ask(self._sign)
                for host in list(self._hosts.values()):
                    await self._let_go(host)
                words = f"waits for jobs at {self._link.place}, {self._settings.concurrency} requests at once"
            except (LinkDown, LinkRefused) as down:
                words = f"{down}; tries again"
                if self._busy():
                    words = f"{words}. What is in flight goes on, answers wait here"
            if words.partition(";")[0] != said:
                said = words.partition(";")[0]
                self._say(f"{self.name}: {words}")
            await asyncio.sleep(TELL_S)

    async def _sign(self, redis: Redis) -> None:
        hands = [(host.keys, host.at()) for host in self._hosts.values()]
        await self._signs.write(redis, hands, ending=self._ending)

    async def _let_go(self, host: JobHost) -> None:
        slices = list(host.names)
        if slices:
            gone = await self._link.ask(lambda redis: redis.smismember(host.keys.gone, slices))
            host.let_go([name for name, is_gone in zip(slices, gone, strict=True) if is_gone])

    async def _farewell(self) -> None:
        with contextlib.suppress(LinkDown, LinkRefused):
            await self._link.ask(self._signs.farewell)
        await self._link.aclose()

    async def _asked_always(self, call: Callable[[Redis], Any]) -> Any:
        """Ask Redis, as long as it takes: Celery's thread waits with the slice."""
        while True:
            try:
                return await self._link.ask(call)
            except (LinkDown, LinkRefused):
                await asyncio.sleep(AGAIN_S)
