"""The one door to the provider: slots, gate and budget are asked together, in order of arrival."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from holytui.core.progress import JobState
from holytui.engine.admission.breaker import Breaker, Halt
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.concurrency import Concurrency
from holytui.engine.admission.gate import Gate

STAGED_SHARE = 4
"""A quarter of the slots' number of items stand ready: rendering and starting a request takes several turns of
the loop, which a free slot would otherwise wait for."""


class TurnedAway(Exception):
    """No new attempt now: the job pauses or stops, and the item goes back to pending."""


@dataclass(slots=True)
class Ticket:
    """The right to send one request.

    Attributes:
        bound_usd: the most it can cost.
        admitted_at: on the loop's clock.
        cost_usd: what it did cost; left at None it settles at the bound.
    """

    bound_usd: float
    admitted_at: float
    cost_usd: float | None = None


@dataclass(slots=True)
class _Waiter:
    bound_usd: float
    turn: asyncio.Future[None] = field(repr=False)


class Admission:
    """Decides who may send a request, and when; everything runs on the loop's thread."""

    def __init__(
        self,
        ceiling: int,
        budget: Budget,
        *,
        now: Callable[[], float],
        wall: Callable[[], float] = time.time,
        on_notice: Callable[[str, str], None] = lambda kind, text: None,
    ) -> None:
        """Open the door.

        Args:
            ceiling: requests in flight at most.
            budget: what may be spent.
            now: the loop's clock, seconds.
            wall: Unix time, seconds.
            on_notice: told (kind, sentence) when something worth the log happens.
        """
        self.gate = Gate(now)
        self.concurrency = Concurrency(ceiling, now)
        self.budget = budget
        self.breaker = Breaker()
        self.draining = False
        self.changed = asyncio.Event()
        self._now = now
        self._wall = wall
        self._notice = on_notice
        self._queue: deque[_Waiter] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._backoffs: set[asyncio.Future[None]] = set()

    def wanted(self, in_hand: int) -> int:
        """Items that could be sent at once if they were here, beside those already in hand.

        An item in hand has, waits for, or will ask for a slot, unless it sits in backoff or is held. Some more
        than fit are wanted, so that one stands ready at the door when a slot comes free.
        """
        if self.draining or self.breaker.halt is not None or self.gate.opens_in is not None:
            return 0
        idle = len(self._backoffs) + self.breaker.held
        concurrency = self.concurrency
        busy = max(in_hand - idle, concurrency.in_use + len(self._queue)) + concurrency.unsaved
        return max(0, concurrency.current + concurrency.current // STAGED_SHARE - busy)

    @property
    def waiting(self) -> int:
        """Requests that stand ready for a slot."""
        return len(self._queue)

    @asynccontextmanager
    async def enter(self, bound_usd: float) -> AsyncIterator[Ticket]:
        """Wait for a turn, hold a slot while inside, settle the budget on the way out.

        Raises:
            TurnedAway: the job pauses or stops.
        """
        self._refuse_if_closed()
        waiter = _Waiter(bound_usd, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._pump()
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                self._leave(Ticket(bound_usd, self._now(), 0.0))
            elif waiter in self._queue:
                self._queue.remove(waiter)
            raise
        ticket = Ticket(bound_usd, self._now())
        try:
            yield ticket
        finally:
            self._leave(ticket)

    async def pause(self, seconds: float) -> None:
        """Sleep between attempts; a pause or stop of the job ends it at once.

        Raises:
            TurnedAway: the job pauses or stops.
        """
        self._refuse_if_closed()
        ended = asyncio.get_running_loop().create_future()
        self._backoffs.add(ended)
        self.changed.set()
        try:
            await asyncio.wait({ended}, timeout=seconds)
        finally:
            self._backoffs.discard(ended)
        self._refuse_if_closed()

    def drain(self) -> None:
        """Admit nobody; those inside finish, those waiting are turned away."""
        self.draining = True
        self._turn_all_away()

    def reopen(self) -> None:
        """Admit again after a pause."""
        self.draining = False
        self.changed.set()

    def halt(self, halt: Halt) -> None:
        """Stop the session: nobody is admitted any more."""
        self.breaker.trip(halt)
        self._turn_all_away()

    def rate_limited(self, ticket: Ticket, retry_after_s: float | None, message: str) -> None:
        """A request got a 429: close the gate, shrink, and pause the job when waiting is hopeless."""
        if self.gate.refused(ticket.admitted_at, retry_after_s):
            before = self.concurrency.current
            self.concurrency.shrink()
            asked = "" if retry_after_s is None else f", Retry-After {retry_after_s:g} s"
            after = self.concurrency.current
            self._notice("rate_limit", f"429{asked}: all wait; in flight {before} to {after}")
        self._wake_in(self.gate.opens_in or 0.0)
        if self.gate.hopeless():
            wait = self.gate.opens_in or 0.0
            text = f"the provider keeps refusing for its rate limit: {message}"
            self.halt(Halt(JobState.PAUSED, "rate_limit", text, self._wall() + wait))

    def succeeded(self) -> None:
        """A request was answered."""
        self.gate.succeeded()
        self.concurrency.succeeded()
        self._pump()

    def answered(self) -> None:
        """An answer is complete, but not in the checkpoint yet; told before its slot is given back."""
        self.concurrency.unsaved += 1

    def saved(self, answers: int) -> None:
        """So many answers are in the checkpoint."""
        self.concurrency.unsaved = max(0, self.concurrency.unsaved - answers)
        self._pump()
        self.changed.set()

    def _refuse_if_closed(self) -> None:
        if self.draining or self.breaker.halt is not None:
            raise TurnedAway

    def _leave(self, ticket: Ticket) -> None:
        self.concurrency.in_use -= 1
        cost = ticket.bound_usd if ticket.cost_usd is None else ticket.cost_usd
        self.budget.settle(ticket.bound_usd, cost)
        self._pump()
        self.changed.set()

    def _pump(self) -> None:
        """Admit from the head of the queue as long as everything allows it."""
        while self._queue:
            waiter = self._queue[0]
            if waiter.turn.done():
                self._queue.popleft()
                continue
            opens_in = self.gate.opens_in
            if opens_in is not None:
                self._wake_in(opens_in)
                return
            if self.concurrency.free == 0:
                return
            if not self.budget.fits(waiter.bound_usd):
                if self.concurrency.in_use == 0:
                    self._out_of_budget(waiter.bound_usd)
                return
            self._queue.popleft()
            self.concurrency.in_use += 1
            self.budget.reserve(waiter.bound_usd)
            waiter.turn.set_result(None)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._open)

    def _open(self) -> None:
        self._alarm = None
        self._pump()
        self.changed.set()

    def _out_of_budget(self, bound_usd: float) -> None:
        budget = self.budget
        text = (
            f"the budget is used up: ${budget.spent_usd:.2f} of ${budget.limit_usd:.2f} spent, "
            f"and the next request may cost up to ${bound_usd:.4f}"
        )
        self.halt(Halt(JobState.STOPPED, "budget", text))

    def _turn_all_away(self) -> None:
        queue, self._queue = self._queue, deque()
        for waiter in queue:
            if not waiter.turn.done():
                waiter.turn.set_exception(TurnedAway())
        for ended in self._backoffs:
            if not ended.done():
                ended.set_result(None)
        self.breaker.release()
        self.changed.set()
