"""Feeds pending items to the executor until none is left, or a person or the breaker says otherwise."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from holytui.core.progress import JobState
from holytui.core.work import Sink, Work
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.door import Admission
from holytui.engine.executor import Ending, Executor
from holytui.engine.flights import Flights
from holytui.offload import offload

PAGE = 500
"""Pending items read at once."""

IN_HAND_PER_SLOT = 16
"""Items in hand at most, a slot of the ceiling: what waits in backoff frees its slot for others."""


class Pending(Protocol):
    """Where pending items are read from; blocking, called off the loop."""

    def pending(self, after: int, limit: int) -> list[Work]:
        """Pending items with an index above `after`, in order."""


class Runner:
    """The heart of a session: pending → executor → sink.

    It runs on the loop's thread. `settled` is told by the writer's side which items are committed; an
    item stays in hand until then, so that a page read meanwhile cannot send it again.
    """

    def __init__(
        self,
        pending: Pending,
        executor: Executor,
        sink: Sink,
        admission: Admission,
        flights: Flights,
        *,
        limit: int | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare a session.

        Args:
            pending: the checkpoint's reader.
            executor: runs the items.
            sink: the checkpoint's writer.
            admission: the door, also where pause and stop are known.
            flights: what is in hand, to notice when only held items are left.
            limit: end the session after this many items reached a result.
            on_change: called when the state may have changed.
        """
        self._pending = pending
        self._executor = executor
        self._sink = sink
        self._admission = admission
        self._flights = flights
        self._limit = limit
        self._on_change = on_change
        self._tasks: dict[int, asyncio.Task[Ending]] = {}
        self._uncommitted: set[int] = set()
        self._committed_early: set[int] = set()
        self._results = 0
        self._page: list[Work] = []
        self._cursor = -1
        self._rescan = False
        self._returned = False
        self._exhausted = False
        self._refilling: asyncio.Task[None] | None = None
        self._reading = False
        self._settled_meanwhile: list[int] = []
        self._stop: Halt | None = None
        self._still = False
        self._generation = 0
        self.user_paused = False

    @property
    def in_hand(self) -> int:
        """Items taken up and not given back, those whose result is on its way to the checkpoint among them."""
        return len(self._tasks) + len(self._uncommitted)

    async def run(self) -> Halt | None:
        """Run until nothing is pending (None), or the session is halted (the reason).

        A pause by the user keeps it waiting here.

        Raises:
            Exception: a defect in an item's run; what was recorded is safe.
        """
        try:
            while True:
                self._admission.changed.clear()
                if self._stop is not None:
                    return self._stop
                if self._admission.breaker.halt is not None or self._limit_reached():
                    if not self._tasks:
                        return self._admission.breaker.halt or _limit_halt(self._results)
                elif not self._admission.draining and not self.user_paused and await self._feed():
                    return None
                self._release_held()
                await self._admission.changed.wait()
        finally:
            await self._cancel_all()

    def pause(self) -> None:
        """No new attempt; what is in flight finishes."""
        self.user_paused = True
        self._admission.drain()
        self._on_change()

    def resume(self) -> None:
        """Go on after a pause."""
        self.user_paused = False
        self._admission.reopen()
        self.look_again()
        self._on_change()

    def stop(self, halt: Halt) -> None:
        """End at once: requests in flight are cancelled, their items return to pending."""
        self._stop = halt
        self._admission.drain()
        self._admission.changed.set()

    def hold_still(self) -> frozenset[int]:
        """Take nothing up until `look_again`; the items that are in hand already.

        What stands ready is put back, and what is being read is not used: it may be failed again when it is asked for.
        """
        self._still = True
        self._generation += 1
        self._page.clear()
        return frozenset(self._tasks) | frozenset(self._uncommitted)

    def look_again(self) -> None:
        """Items before the cursor may be pending again: a retry, or something given back."""
        self._still = False
        self._rescan = True
        self._admission.changed.set()

    def settled(self, indices: Sequence[int]) -> None:
        """These items are committed with a result."""
        if self._reading:
            self._settled_meanwhile.extend(indices)
        else:
            self._forget(indices)
        self._admission.changed.set()

    def _forget(self, indices: Sequence[int]) -> None:
        """Committed items need no guard; one whose task has not ended yet is noted until it does."""
        self._uncommitted.difference_update(indices)
        self._committed_early.update(index for index in indices if index in self._tasks)
        if self.user_paused:
            self._on_change()

    async def _feed(self) -> bool:
        """Take up as many items as are wanted; whether nothing is left to do."""
        # During an outage each probe is another item: the first one may be what no provider answers.
        if self._returned and not (self._admission.outage.open and (self._page or not self._exhausted)):
            self._returned, self._rescan = False, True
        while (room := self._room()) > 0:
            if not self._page:
                if self._exhausted and not self._rescan:
                    return not self._tasks and not self._uncommitted
                await self._refill()
                continue
            for work in self._page[:room]:
                self._take_up(work)
            del self._page[:room]
        if len(self._page) < PAGE // 2 and not self._exhausted and self._refilling is None:
            self._refilling = asyncio.create_task(self._read_page())
            self._refilling.add_done_callback(_looked_at)
        return False

    def _room(self) -> int:
        admission = self._admission
        if self._still or admission.draining or admission.breaker.halt is not None or self._stop is not None:
            return 0
        in_hand = len(self._tasks)
        room = min(self._executor.wanted(in_hand), admission.most_in_hand(IN_HAND_PER_SLOT) - in_hand)
        if self._limit is not None:
            room = min(room, self._limit - self._results - in_hand)
        return room

    async def _refill(self) -> None:
        """Wait for the page that is being read, or read one."""
        if self._refilling is None:
            self._refilling = asyncio.create_task(self._read_page())
        await asyncio.shield(self._refilling)

    async def _read_page(self) -> None:
        """Read the next pending items, before they are needed; what is in hand already is left out."""
        if self._rescan:
            self._rescan = self._exhausted = False
            self._cursor = -1
        self._reading = True
        generation = self._generation
        try:
            page = await offload(partial(self._pending.pending, self._cursor, PAGE))
        finally:
            self._reading = False
            self._refilling = None
        if generation != self._generation:
            self._forget(self._settled_meanwhile)
            self._settled_meanwhile.clear()
            return
        staged = {work.index for work in self._page}
        taken = staged | self._tasks.keys() | self._uncommitted
        self._page += [work for work in page if work.index not in taken]
        self._forget(self._settled_meanwhile)
        self._settled_meanwhile.clear()
        self._exhausted = not page
        if page:
            self._cursor = page[-1].index

    def _take_up(self, work: Work) -> None:
        task = asyncio.create_task(self._executor.run(work, self._sink))
        self._tasks[work.index] = task
        task.add_done_callback(partial(self._put_down, work.index))

    def _put_down(self, index: int, task: asyncio.Task[Ending]) -> None:
        del self._tasks[index]
        if task.cancelled():
            self._returned = True
        elif task.exception() is None:
            if task.result() is Ending.CLOSED:
                self._results += 1
                if index in self._committed_early:
                    self._committed_early.discard(index)
                else:
                    self._uncommitted.add(index)
            else:
                self._returned = True
        else:
            error = task.exception()
            self.stop(Halt(JobState.INTERRUPTED, "crashed", f"a defect in holytui: {error!r}"))
        self._admission.changed.set()
        self._on_change()

    def _limit_reached(self) -> bool:
        return self._limit is not None and self._results >= self._limit

    def _release_held(self) -> None:
        """Held items wait for a verdict; when nothing else is in hand, nothing more will tell."""
        held = self._admission.held
        if held and held >= len(self._flights):
            self._admission.release_held()

    async def _cancel_all(self) -> None:
        tasks: list[asyncio.Task[Any]] = list(self._tasks.values())
        if self._refilling is not None:
            tasks.append(self._refilling)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _limit_halt(results: int) -> Halt:
    return Halt(JobState.PAUSED, "limit", f"paused: first {results} done")


def _looked_at(ahead: asyncio.Task[None]) -> None:
    """A page read ahead may fail unseen: it is read again, and raises, when it is needed."""
    if not ahead.cancelled():
        ahead.exception()
