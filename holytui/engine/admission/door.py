"""A job's one door to the provider: slots, gate, rates, outage and budget are asked together, in order of arrival."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice

from holytui.core.display import span
from holytui.engine.admission import halts
from holytui.engine.admission.alarm import Alarm
from holytui.engine.admission.backoffs import Backoffs
from holytui.engine.admission.breaker import Breaker, Halt
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.outage import Outage, Tried
from holytui.engine.admission.ticket import Ticket, TurnedAway
from holytui.engine.admission.upstream import Upstream

STAGED_SHARE = 4
"""A quarter of the slots' number of items stand ready: rendering and starting a request takes several turns of
the loop, which a free slot would otherwise wait for."""

A_SLOT, THE_BUDGET, THE_PROVIDER = "a free slot", "the budget", "the provider to answer again"
"""Waits at the door; rates have names of their own."""

RAMP_STEP_S = 0.02
"""Seconds between two looks while the gate opens gradually."""


@dataclass(slots=True)
class _Waiter:
    ticket: Ticket
    turn: "asyncio.Future[None]" = field(repr=False)


class Admission:
    """Decides who may send a request, and when; everything runs on the loop's thread."""

    def __init__(
        self,
        ceiling: int,
        budget: Budget,
        *,
        now: Callable[[], float],
        wall: Callable[[], float] = time.time,
        upstream: Upstream | None = None,
        rates: tuple[int | None, int | None] = (None, None),
        on_notice: Callable[[str, str], None] = lambda kind, text: None,
        on_pardon: Callable[[Sequence[Tried]], None] = lambda tried: None,
    ) -> None:
        """Open the door.

        Args:
            ceiling: requests in flight at most.
            budget: what may be spent.
            now: the loop's clock, seconds.
            wall: Unix time, seconds.
            upstream: shared with other jobs that ask the same provider with the same key.
            rates: requests and tokens a minute that the job file allows.
            on_notice: told (kind, sentence) when something worth the log happens.
            on_pardon: told attempts that turn out not to count.
        """
        self.ceiling = ceiling
        self.upstream = upstream or Upstream(now)
        self.upstream.join(self, ceiling, *rates)
        self.budget = budget
        self.breaker = Breaker()
        self.outage = Outage(now, lambda: self.ceiling)
        self.draining = False
        self.changed = asyncio.Event()
        self.inside = 0
        """Requests of this job in flight."""
        self.waits_for = A_SLOT
        """What those at the door wait for, for a person; read from any thread."""
        self._unsaved = 0
        self._alone = False
        self._at_end: tuple[int, str] | None = None
        self._now = now
        self._wall = wall
        self._notice = on_notice
        self._pardon = on_pardon
        self._queue: deque[_Waiter] = deque()
        self._alarm = Alarm(self._look)
        self._backoffs = Backoffs()

    @property
    def level(self) -> int:
        """Requests that may be in flight at once now; after the session, that could at its end."""
        return self._at_end[0] if self._at_end is not None else min(self.ceiling, self.upstream.concurrency.current)

    @property
    def why_lower(self) -> str:
        """Why fewer than the ceiling may be in flight, for a person; empty at the ceiling."""
        return self._at_end[1] if self._at_end is not None else self.upstream.concurrency.why

    @property
    def held(self) -> int:
        """Items that wait for a verdict on how their last request ended."""
        return self.breaker.held + self.outage.held

    @property
    def idle(self) -> int:
        """Items in hand that want no slot now: between two attempts, or held."""
        return len(self._backoffs) + self.held

    @property
    def occupied(self) -> bool:
        """Somebody of this job's is inside, at the door, or will come to it."""
        return bool(self.inside or self._queue or self.idle)

    @property
    def waiting(self) -> int:
        """Requests that stand ready for a slot."""
        return len(self._queue)

    def wanted(self, in_hand: int) -> int:
        """Items that could be sent at once if they were here, beside those already in hand.

        An item in hand has, waits for, or will ask for a slot, unless it sits in backoff or is held. Some more
        than fit are wanted, so that one stands ready at the door when a slot comes free. Where none are wanted
        until a moment, `changed` is set in that moment: with nobody at the door, nothing else would tell of it.
        """
        if self.draining or self.breaker.halt is not None:
            return 0
        if (shut := self.upstream.gate.opens_in) is not None:
            self._alarm.set_by(shut)
            return 0
        if self.outage.open:
            if self._queue or self._alone:
                return 0
            if (left := self.outage.probe_in) > 0:
                self._alarm.set_by(left)
                return 0
            return 1
        busy = max(in_hand - self.idle, self.inside + len(self._queue)) + self._unsaved
        return max(0, self.level + self.level // STAGED_SHARE - busy)

    def most_in_hand(self, per_slot: int) -> int:
        """Items to be taken up at most: enough that an outage shows even where few may be in flight."""
        return max(per_slot * self.ceiling, 2 * self.outage.threshold)

    @asynccontextmanager
    async def enter(self, bound_usd: float, tokens: float = 0.0) -> AsyncIterator[Ticket]:
        """Wait for a turn, hold a slot while inside, settle budget and rates on the way out.

        Raises:
            TurnedAway: the job pauses or stops.
        """
        self._refuse_if_closed()
        ticket = Ticket(bound_usd, self._now(), tokens)
        waiter = _Waiter(ticket, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        try:
            self.pump()
            await waiter.turn
        except BaseException:  # nobody waits for this turn any more, whatever ended the wait
            turn = waiter.turn
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                ticket.cost_usd, ticket.used_tokens = 0.0, 0
                self._leave(ticket)
            elif waiter in self._queue:
                self._queue.remove(waiter)
            raise
        ticket.admitted_at = self._now()
        try:
            yield ticket
        finally:
            self._leave(ticket)

    async def pause(self, seconds: float) -> None:
        """Sleep between attempts; a pause or stop of the job, or an outage, ends it at once.

        Raises:
            TurnedAway: one of these.
        """
        self._refuse_if_closed()
        self.changed.set()
        ended = await self._backoffs.wait(seconds)
        self._refuse_if_closed()
        if ended or self.outage.open:
            raise TurnedAway

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

    def wake(self) -> None:
        """A wait of the whole job is over: ask with one request before the others follow."""
        self.breaker.reset()
        self.upstream.gate.reopen()
        self.outage.probe_now()
        self.changed.set()

    def change_ceiling(self, ceiling: int) -> None:
        """More or fewer requests at once at most; those in flight finish."""
        self.upstream.concurrency.change_ceiling(ceiling - self.ceiling)
        self.ceiling = ceiling
        self.upstream.pump()
        self.changed.set()

    def change_budget(self, limit_usd: float) -> None:
        """Another limit, in USD; what waits for money is looked at anew."""
        self.budget.limit_usd = limit_usd
        self.upstream.pump()
        self.changed.set()

    def close(self) -> None:
        """The session is over: what is shared no longer counts with it.

        Nor with answers that a broken checkpoint never took: the next session would find their slots occupied.
        """
        self.drain()
        self.saved(self._unsaved)
        self._alarm.off()
        self._at_end = (self.level, self.why_lower)
        self.upstream.leave(self, self.ceiling)

    def rate_limited(self, ticket: Ticket, retry_after_s: float | None, message: str) -> None:
        """A request got a 429: close the gate, shrink, and pause the job when waiting is hopeless."""
        gate, concurrency = self.upstream.gate, self.upstream.concurrency
        if gate.refused(ticket.admitted_at, retry_after_s):
            before = concurrency.current
            concurrency.shrink()
            asked = "" if retry_after_s is None else f", Retry-After {retry_after_s:g} s"
            self._notice("rate_limit", f"429{asked}: all wait; in flight {before} to {concurrency.current}")
        self.heard(ticket)
        wait = gate.opens_in or 0.0
        self._alarm.set(wait)
        if gate.hopeless():
            self.halt(halts.rate_limit(wait, message, self._wall()))

    def succeeded(self, ticket: Ticket) -> None:
        """A request was answered."""
        self.upstream.gate.succeeded()
        self.upstream.concurrency.succeeded()
        self.heard(ticket)

    def heard(self, ticket: Ticket) -> None:
        """The provider said something to a request, good or bad: it is there."""
        lasted = self.outage.lasts_s
        if self.outage.answered(ticket.place.requests, ticket.admitted_at):
            self._notice("outage", f"the provider answers again after {span(lasted)}")
        self.breaker.answered()
        self.upstream.pump()
        self.changed.set()

    def unanswered(self, tried: Tried, ticket: Ticket) -> bool:
        """A request ended without an answer; whether it counts as an attempt."""
        self.upstream.concurrency.stalled()
        self.breaker.answered()
        was_open = self.outage.open
        pardoned = self.outage.failed(tried, probe=ticket.alone)
        if pardoned is None:
            return True
        self._pardon(pardoned)
        if not was_open:
            self._notice("outage", f"the provider does not answer ({tried.message}): all wait, one probe at a time")
            self._turn_all_away()
        if self.outage.hopeless:
            self.halt(halts.unreachable(self.outage.lasts_s, tried.message, self._wall()))
        self._alarm.set(self.outage.probe_in)
        return False

    async def excuses(self, tried: Tried) -> bool:
        """Whether the attempt that would make an item fail was an outage's; waits until that is known."""
        if not await self.outage.hold(tried):
            return False
        self._pardon([tried])
        return True

    def told(self, left: Mapping[str, tuple[float, float]], ticket: Ticket) -> None:
        """What the provider says is left of its allowances, with the answer to a request."""
        self.upstream.told(left, ticket.place)

    def answered(self) -> None:
        """An answer is complete, but not in the checkpoint yet; told before its slot is given back."""
        self._unsaved += 1
        self.upstream.concurrency.unsaved += 1

    def saved(self, answers: int) -> None:
        """So many answers are in the checkpoint."""
        settled = min(answers, self._unsaved)
        self._unsaved -= settled
        self.upstream.concurrency.unsaved -= settled
        self.upstream.pump()
        self.changed.set()

    def marked(self, usd: float) -> None:
        """The budget's mark is on disk."""
        self.budget.marked(usd)
        self.pump()

    def release_held(self) -> None:
        """Nothing more will come that could tell whose fault it was: the items'."""
        self.breaker.release()
        self.outage.release()

    def pump(self) -> None:
        """Admit from the head of the queue as long as everything allows it."""
        while self._queue:
            waiter = self._queue[0]
            if waiter.turn.done():
                self._queue.popleft()
                continue
            delay = self.upstream.delay(waiter.ticket.tokens)
            if self.outage.open:
                delay = max(delay, self.outage.probe_in)
            if delay > 0:
                self.waits_for = THE_PROVIDER if self.outage.open else self.upstream.waits_for or A_SLOT
                self._alarm.set(delay)
                return
            self.waits_for = A_SLOT
            if not self._has_room():
                return
            self.waits_for = THE_BUDGET
            if not self._can_pay(waiter.ticket.bound_usd):
                return
            self._queue.popleft()
            self._admit(waiter)

    def _has_room(self) -> bool:
        careful = self.outage.open or self.outage.suspected
        if (careful and self._alone) or self.breaker.bars(self.inside):
            return False
        if self.ceiling - self.inside - self._unsaved <= 0:
            return False
        if self.upstream.room > 0:
            return True
        if self.upstream.concurrency.free > 0:
            self._alarm.set(RAMP_STEP_S)
        return False

    def _can_pay(self, bound_usd: float) -> bool:
        if not self.budget.fits(bound_usd):
            if self.inside == 0:
                self.halt(halts.out_of_budget(self.budget, bound_usd))
            return False
        behind = islice(self._queue, 1, max(1, self.level - self.inside))
        return self.budget.covered(bound_usd, sum(waiter.ticket.bound_usd for waiter in behind))

    def _admit(self, waiter: _Waiter) -> None:
        ticket = waiter.ticket
        self.inside += 1
        self.upstream.concurrency.in_use += 1
        if self.outage.open or self.outage.suspected:
            ticket.alone = self._alone = True
        self.budget.reserve(ticket.bound_usd)
        ticket.place = self.upstream.sent(ticket.tokens)
        waiter.turn.set_result(None)

    def _refuse_if_closed(self) -> None:
        if self.draining or self.breaker.halt is not None:
            raise TurnedAway

    def _leave(self, ticket: Ticket) -> None:
        self.inside -= 1
        self.upstream.concurrency.in_use -= 1
        if ticket.alone:
            self._alone = False
        cost = ticket.bound_usd if ticket.cost_usd is None else ticket.cost_usd
        self.budget.settle(ticket.bound_usd, cost)
        if ticket.used_tokens is not None:
            self.upstream.settle(ticket.tokens, ticket.used_tokens)
        self.upstream.pump()
        self.changed.set()

    def _look(self) -> None:
        self.pump()
        self.changed.set()

    def _turn_all_away(self) -> None:
        if self.outage.suspected:
            self._pardon(self.outage.give_back())
        queue, self._queue = self._queue, deque()
        for waiter in queue:
            if not waiter.turn.done():
                waiter.turn.set_exception(TurnedAway())
        self._backoffs.end()
        self.release_held()
        self.changed.set()
