"""The owner's side: gives slices of items to workers as these have room, and tells them what holds for the job."""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from holytui.core.display import items_words
from holytui.core.progress import InFlight
from holytui.core.words import clock
from holytui.core.work import Notice, Sink, Work
from holytui.distributed.commanding import Commander
from holytui.distributed.dealing import Dealer
from holytui.distributed.hands import Hands
from holytui.distributed.inbox import Inbox
from holytui.distributed.keys import JobKeys
from holytui.distributed.link import AGAIN_S, Link, LinkDown, LinkRefused
from holytui.distributed.listening import Listener
from holytui.distributed.lost import GONE, Loss, look_at, loss
from holytui.distributed.registry import Registry
from holytui.distributed.roster import Roster
from holytui.distributed.sending import Publisher
from holytui.distributed.slices import OpenSlice, OpenSlices
from holytui.distributed.spec import Spec
from holytui.distributed.waits import shut_words
from holytui.engine.executor import Ending
from holytui.engine.plan import Plan
from holytui.runs.elsewhere import ElsewhereError, Parts

T = TypeVar("T")
LOOK_S = 0.1
"""Seconds between two looks at what is wanted of workers; they look as often."""
ROSTER_S = 0.25
FIRST_S = 5.0
"""Seconds that Redis has to answer at the start of a session."""
HEAR_S = 2.0
"""Seconds that workers have to say at the start of a session that they are there."""
CALL_BACK_S = 3.0
"""Seconds that workers have to give back what they have, when the job goes on without them."""
LAST_S = 0.8
"""Seconds that workers have at the end of a session to say what they cancelled."""


class CeleryExecutor:
    """Implements `engine.executor.Executor` for one session; everything runs on its loop."""

    def __init__(self, parts: Parts, spec: Spec, plan: Plan, keys: JobKeys, link: Link, publisher: Publisher) -> None:
        admission = parts.admission
        self._parts = parts
        self._spec = spec
        self._keys = keys
        self._link = link
        self._publisher = publisher
        self._now = parts.now
        self._admission = admission
        self._hands = Hands()
        self._slices = OpenSlices()
        self._roster = Roster(keys, self._now)
        self._listener = Listener(parts, self._hands, self._slices, self._roster, self._now)
        read_up_to = parts.reader.meta().read_up_to
        self._inbox = Inbox(link, keys, parts.writer, read_up_to, self._listener.take)
        self._dealer = Dealer(parts, plan, self._hands, self._slices, self._roster, self._hand_over)
        self._commander = Commander(
            spec.session, spec.job.run, admission, self._roster, self._hands, link, keys, self._now
        )
        self._registry = Registry(link, keys)
        self._told_down = False
        self._defect: Exception | None = None
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Record what came while nobody owned the job, adopt what is still out, and begin.

        Raises:
            ElsewhereError: Redis does not answer, or lets us not in.
        """
        try:
            await self._gather()
            await self._registry.begin(self._spec.to_json())
        except (LinkDown, LinkRefused) as error:
            raise ElsewhereError(f"{error}. Is it running? --redis URL or HOLYTUI_REDIS names another.") from None
        await asyncio.wrap_future(self._parts.writer.flush())
        self._commander.divide()
        await self._command()
        self._chores = [
            asyncio.create_task(self._for_ever(chore, every))
            for chore, every in ((self._listen, 0.0), (self._look, LOOK_S), (self._dealer.deal, 0.0))
        ]

    async def call_back(self) -> None:
        """Record what came while nobody owned the job, and have everything that is still out cancelled.

        Raises:
            ElsewhereError: Redis does not answer, or lets us not in.
        """
        self._commander.stopping = True
        try:
            await self._gather()
            await self._command()
            until = self._now() + CALL_BACK_S
            while len(self._slices) and self._now() < until:
                await self._inbox.read(wait=True)
            await self._finish()
        except (LinkDown, LinkRefused) as error:
            raise ElsewhereError(f"{error}") from None

    async def _gather(self) -> None:
        """Hear who is there, adopt what is still out, and read what waits in the stream.

        In this order: a slice that ends meanwhile is either not open any more, or its end is read.

        A Redis that was killed may have lost the last it was told of open slices: workers note them anew before they
        say again that they are there.
        """
        await self._at_first(lambda: self._link.ask(self._roster.read))
        until = self._now() + HEAR_S
        while not self._roster.all_heard and self._now() < until:
            await asyncio.sleep(LOOK_S)
            await self._at_first(lambda: self._link.ask(self._roster.read))
        await self._adopt()
        await self._inbox.find_place()
        await self._inbox.read_to_the_end()

    async def run(self, work: Work, sink: Sink) -> Ending:  # noqa: ARG002  # what workers say goes to the session's sink
        """Wait until some worker has taken the item through its remaining steps."""
        if self._defect is not None:
            raise self._defect
        if self._listener.knows_result(work.index, work.round):
            await asyncio.wrap_future(self._parts.writer.flush())
            return Ending.RETURNED  # it is not pending any more, as the runner sees when it looks again
        hand = self._hands.take(work)
        flight = self._parts.flights.take(work.index, work.item_id, self._spec.job.steps[0].name)
        try:
            if not self._slices.holds(work.index, work.round):
                self._hands.ready.append(hand)
                self._dealer.wake()
            return await hand.ending
        finally:
            self._parts.flights.land(flight)
            self._hands.drop(hand)

    def wanted(self, in_hand: int) -> int:
        """Items for which a worker has room."""
        admission = self._admission
        if admission.draining or admission.breaker.halt is not None or self._link.down_since is not None:
            return 0
        if admission.outage.open:
            return 0 if in_hand or admission.outage.probe_in > 0 else 1
        return max(0, self._dealer.room + admission.held - in_hand)

    def in_flight(self) -> Sequence[InFlight]:
        """What workers have under way, oldest first; nothing once it is to be cancelled."""
        return () if self._commander.stopping else self._roster.in_flight()

    async def aclose(self) -> None:
        """Have everything cancelled, and take what workers still say about it."""
        self._commander.stopping = True
        for chore in self._chores[2:]:
            chore.cancel()
        with contextlib.suppress(LinkDown, LinkRefused):
            if self._chores:
                await self._finish()
        for chore in self._chores:
            chore.cancel()
        self._listener.stop()
        self._parts.picture.workers = ()
        self._admission.inside = 0  # what the roster saw last is over
        await self._link.aclose()
        await self._publisher.aclose()

    async def _finish(self) -> None:
        await self._command()
        until = self._now() + LAST_S
        # Polled: the listening chore empties it meanwhile.
        while len(self._slices) and self._now() < until:  # noqa: ASYNC110  # bounded by the clock
            await asyncio.sleep(0.02)
        left = [one.name for one in self._slices.all]
        if left:
            await self._registry.disown(left)
            await self._registry.expire()
        await asyncio.wrap_future(self._parts.writer.flush())
        await asyncio.sleep(0)  # the inbox is told what is recorded on this loop
        await self._inbox.finish()
        if not left:  # nothing is out, so nothing more comes
            await self._registry.clear()

    async def _at_first(self, call: Callable[[], Awaitable[T]]) -> T:
        """Redis may be starting up."""
        until = self._now() + FIRST_S
        while True:
            try:
                return await call()
            except LinkDown:
                if self._now() > until:
                    raise
                await asyncio.sleep(AGAIN_S)

    async def _for_ever(self, chore: Callable[[], Awaitable[None]], every_s: float) -> None:
        """Repeat a chore; while Redis is away it waits, and the job says so."""
        while True:
            try:
                await chore()
            except (LinkDown, LinkRefused) as down:
                self._say_down(down)
                await asyncio.sleep(AGAIN_S)
            except Exception as error:  # noqa: BLE001  # whatever it is: a chore that is dead would leave the job waiting
                self._break(error)
            await asyncio.sleep(every_s)

    async def _listen(self) -> None:
        await self._inbox.read(wait=True)
        if self._told_down and self._link.down_since is None:
            await self._say_up()

    async def _look(self) -> None:
        """See who is there, divide what may be in flight, and order it."""
        picture, now = self._parts.picture, self._now()
        if now - self._roster.read_at > ROSTER_S:
            await self._link.ask(self._roster.read)
            await self._find_lost()
            self._commander.look_for_held()
            self._admission.inside = sum(worker.inside for worker in self._roster.able)
        self._commander.divide()
        picture.workers = self._roster.seen()
        if not self._told_down:
            shut = shut_words(self._roster.able, self._admission.upstream.gate.opens_in)
            picture.activity = self._dealer.waits_for or self._missing() or shut
        self._dealer.wake()
        self._admission.changed.set()
        await self._command()

    def _missing(self) -> str:
        """What there is not: a worker, or a provider that answers."""
        able = self._roster.able
        if not able:
            return f"no worker is there yet: holytui worker, with {self._link.place}"
        without = sum(one.outage for one in able)
        if not without:
            return ""
        whom = "the workers" if without == len(able) else f"{without} of {len(able)} workers"
        return f"the provider does not answer {whom}: one probe at a time asks"

    async def _command(self) -> None:
        await self._commander.write(self._listener.verdicts())

    async def _hand_over(self, opened: OpenSlice, message: dict[str, object]) -> None:
        """Note an open slice where the next owner finds it, then send it."""
        await self._command()  # what was ordered last may be a pause that is over
        full = {"job": self._keys.job, "session": self._spec.session, "slice": opened.name, **message}
        await self._registry.note(opened)
        await self._publisher.publish(opened.worker, full)

    async def _find_lost(self) -> None:
        """Slices that nobody works on any more: their items return, and run elsewhere."""
        for one in self._slices.all:
            look_at(one, self._roster.get(one.worker))
        if self._lost():
            await self._inbox.read_to_the_end()  # what came before the signs of life that were read
        for (name, why), slices in self._lost().items():
            await self._lose(name, why, slices)

    def _lost(self) -> dict[tuple[str, Loss], list[OpenSlice]]:
        found: dict[tuple[str, Loss], list[OpenSlice]] = defaultdict(list)
        for one in self._slices.all:
            why = loss(one, self._roster.get(one.worker), self._roster.listened_s)
            if why is not None:
                found[one.worker, why].append(one)
        return found

    async def _lose(self, name: str, why: Loss, slices: Sequence[OpenSlice]) -> None:
        worker = self._roster.get(name)
        await self._registry.disown([one.name for one in slices])
        if why in GONE:
            await self._registry.purge(name)
        in_flight_usd = 0.0
        if worker is not None and why is Loss.SILENT:
            worker.lost = True
            in_flight_usd = float(worker.at.get("reserved", 0.0))
        items = 0
        for one in slices:
            items += self._listener.close(one.name, in_flight_usd)
            in_flight_usd = 0.0  # it is of all of them together
        if items:
            text = f"{name} {why.value}: {items_words(items)} back to pending"
            self._parts.sink.notice(Notice("worker", text, time.time()))

    async def _adopt(self) -> None:
        """What an earlier session has sent, and is still out: it is waited for, not sent again."""
        for one in await self._registry.read(self._roster.listened_s):
            self._slices.adopt(one)
            self._admission.budget.reserve(one.reserved_usd)

    def _say_down(self, down: Exception) -> None:
        since = clock(self._link.down_since or time.time())
        place = self._link.place
        words = f"Redis at {place} does not answer since {since}: the job waits; what workers finish is kept"
        self._parts.picture.activity = words
        if not self._told_down:
            self._told_down = True
            self._parts.sink.notice(Notice("redis", f"{down}: the job waits", time.time()))

    async def _say_up(self) -> None:
        """It answers again: what it held may be gone."""
        await self._inbox.find_place()
        await self._registry.begin(self._spec.to_json())
        for one in self._slices.all:
            await self._registry.note(one)
        self._commander.forget()
        self._told_down = False
        self._parts.picture.activity = ""
        self._parts.sink.notice(Notice("redis", f"Redis at {self._link.place} answers again", time.time()))

    def _break(self, error: Exception) -> None:
        """A defect of ours ends the session, as it would if it had happened here."""
        self._defect = error
        for hand in self._hands.all:
            if not hand.ending.done():
                hand.ending.set_exception(error)
