"""One session of one job on a worker: its door, its client, the slices that are in hand."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from holytui.core.work import Notice, Pardon, Work
from holytui.distributed.door import AskingBreaker, Door
from holytui.distributed.keys import JobKeys
from holytui.distributed.orders import Orders
from holytui.distributed.outbox import JobSink, Outbox
from holytui.distributed.purse import Purse
from holytui.distributed.signing import SHOWN
from holytui.distributed.spec import Spec
from holytui.distributed.wire import event_to_json, work_from_json
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.outage import Tried
from holytui.engine.admission.upstream import Upstream
from holytui.engine.executor import Ending
from holytui.engine.flights import Flights
from holytui.engine.plan import Plan
from holytui.engine.steps import Bench, ItemRun
from holytui.engine.suspend import Suspends
from holytui.provider.client import ChatClient
from holytui.runs.engine import PARDONED

RATE_S = 10.0


class JobHost:
    """Works on the slices of one session; everything runs on the worker's loop."""

    def __init__(
        self,
        spec: Spec,
        keys: JobKeys,
        worker: str,
        plan: Plan,
        client: ChatClient,
        upstream: Upstream,
        outbox: Outbox,
        *,
        now: Callable[[], float],
        suspends: Suspends,
    ) -> None:
        self.session = spec.session
        self.epoch = 0
        self.keys = keys
        self.idle_since = now()
        self._worker = worker
        self._now = now
        self._outbox = outbox
        self._upstream = upstream
        self._slices: dict[str, _Slice] = {}
        self._slice_of: dict[int, _Slice] = {}
        self._orders = Orders(spec.session)
        self._closings: deque[tuple[float, int]] = deque()
        self._sink = JobSink(outbox, keys, self._spent)
        self._purse = None if spec.job.run.budget_usd is None else Purse()
        self._flights = Flights(now)
        self._plan, self._client, self._suspends = plan, client, suspends
        self._share = 1
        upstream.begin_anew()
        self._open_door()

    def _open_door(self) -> None:
        door = Door(
            partial(self._outbox.put, self.keys),
            self._worker,
            self._share,
            self._upstream,
            now=self._now,
            budget=self._purse or Budget(None, 0.0),
            on_short=self._short,
            on_notice=self._notice,
            on_pardon=self._pardon,
        )
        door.know(self._orders.episode)
        self.door = door
        self._sink.on_saved = door.saved
        self._bench = Bench(self._plan, self._client, door, self._flights, self._suspends, self._now)

    @property
    def names(self) -> Sequence[str]:
        """Of the slices in hand."""
        return list(self._slices)

    async def run(self, name: str, works: Sequence[Mapping[str, Any]], reserved_usd: float) -> None:
        """Work on a slice to its end; done when the owner's stream has all of it."""
        items = [work_from_json(work) for work in works]
        part = _Slice(name, {item.index for item in items})
        self._slices[name] = part
        self._slice_of.update(dict.fromkeys(part.indices, part))
        if self._purse is not None:
            self._purse.put_in(name, reserved_usd)
            self.door.pump()
        try:
            part.tasks = {asyncio.create_task(self._item(item, part)) for item in items}
            await asyncio.wait(part.tasks)
        finally:
            if self._purse is not None:
                self._purse.take_out(name)
            del self._slices[name]
            for index in part.indices:
                if self._slice_of.get(index) is part:
                    del self._slice_of[index]
            self.idle_since = self._now()
        await self._told({"t": "end", "slice": name}, closes=name)

    def let_go(self, names: Sequence[str]) -> None:
        """The items of these slices run elsewhere: what is in flight is cancelled."""
        for name in names:
            for task in self._slices[name].tasks if name in self._slices else ():
                task.cancel()

    def heed(self, orders: Orders, capacity: int) -> None:
        """Do what the owner wants.

        Args:
            orders: the newest.
            capacity: requests that this worker may have in flight for this job at most.
        """
        before, self._orders = self._orders, orders
        if orders.epoch != before.epoch:
            self.door.close()
            self._upstream.gate.reopen()  # the owner, who sat it out, lets one item go first
            self._open_door()
        self._set_share(max(1, min(orders.shares.get(self._worker, 1), capacity)))
        self._upstream.change_rates(self.door, *orders.rates.get(self._worker, (None, None)))
        self.door.know(orders.episode)
        if orders.number != before.number and orders.gate_s > 0:
            self._upstream.gate.shut(orders.gate_s)
        breaker = self.door.breaker
        assert isinstance(breaker, AskingBreaker)
        breaker.decided(orders.verdicts, orders.halt)
        if orders.down:
            self.door.told_down()
        elif orders.good_news != before.good_news:
            self.door.outage.ask_soon()
        if orders.release:
            self.door.outage.release()
        closed = orders.drain or orders.stop
        if closed and not self.door.draining:
            self.door.drain()
        elif not closed and self.door.draining:
            self.door.reopen()
        if orders.stop:
            self.let_go(self.names)
        self.door.pump()

    def drain(self) -> None:
        """Send nothing new: the worker is about to end."""
        self.door.drain()

    def at(self) -> dict[str, Any]:
        """What is in hand, for the owner: `signing.together` makes one of those of all sessions."""
        now, outage = self._now(), self.door.outage
        self._closings.append((now, self._sink.results))
        while len(self._closings) > 2 and self._closings[0][0] < now - RATE_S:
            self._closings.popleft()
        (then, before), (_, after) = self._closings[0], self._closings[-1]
        return {
            "inside": self.door.inside,
            "idle": self.door.idle,
            "gate_s": self._upstream.gate.opens_in or 0.0,
            "held": outage.held,
            "outage": outage.open,
            "probe_in": outage.probe_in if outage.open else 0.0,
            "rate": (after - before) / (now - then) if now > then else 0.0,
            "reserved": self.door.budget.reserved_usd,
            "flights": [asdict(flight) for flight in self._flights.view()[:SHOWN]],
        }

    async def aclose(self) -> None:
        """Cancel what is in hand, close connections."""
        self.let_go(self.names)
        tasks = [task for part in self._slices.values() for task in part.tasks]
        if tasks:
            await asyncio.wait(tasks)
        self.door.close()
        await self._client.aclose()

    async def _item(self, work: Work, part: "_Slice") -> None:
        ending = Ending.RETURNED
        try:
            ending = await ItemRun(self._bench, work, self._sink).run()
        except asyncio.CancelledError:
            pass  # told as returned: the owner said so, or the worker ends
        except Exception as error:  # noqa: BLE001  # a defect of ours: the owner stops the session and says so
            self._tell({"t": "defect", "i": work.index, "text": repr(error)})
        if ending is Ending.RETURNED:
            back = {"i": work.index, "r": work.round, "slice": part.name}
            self._tell({"t": "returned", **back, "short": part.short, "down": self.door.outage.open})

    def _tell(self, event: dict[str, Any]) -> None:
        self._outbox.put(self.keys, event)

    async def _told(self, event: dict[str, Any], closes: str) -> None:
        taken = asyncio.Event()
        self._outbox.put(self.keys, event, taken.set, closes)
        await taken.wait()

    def _set_share(self, share: int) -> None:
        if share != self._share:
            self._share = share
            self.door.change_ceiling(share)

    def _spent(self, index: int, usd: float) -> None:
        part = self._slice_of.get(index)
        if part is not None and self._purse is not None:
            self._purse.used_by(part.name, usd)

    def _notice(self, kind: str, text: str) -> None:
        if kind != "rate_limit":  # the owner says that once for all workers
            self._sink.notice(Notice(kind, f"{self._worker}: {text}", time.time()))

    def _short(self) -> None:
        for part in self._slices.values():
            part.short = True

    def _pardon(self, tried: Sequence[Tried]) -> None:
        for one in tried:
            pardon = Pardon(one.index, one.step, one.round, one.number, PARDONED)
            self._outbox.put(self.keys, event_to_json(pardon))


class _Slice:
    def __init__(self, name: str, indices: set[int]) -> None:
        self.name = name
        self.indices = indices
        self.short = False
        """While it was in hand, what had come with the slices did not do for a request."""
        self.tasks: set[asyncio.Task[None]] = set()
