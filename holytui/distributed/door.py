"""A job's door on a worker: it opens as ever, and tells the owner what the job as a whole has to know."""

import asyncio
import itertools
from collections.abc import Callable, Collection
from typing import Any

from holytui.distributed.orders import halt_to_json
from holytui.engine.admission.breaker import REFUSAL_STATUSES, Breaker, FirstResults, Halt
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.door import Admission
from holytui.engine.admission.ticket import Ticket, TurnedAway
from holytui.engine.admission.upstream import Upstream

Tell = Callable[[dict[str, Any]], None]


class AskingBreaker(Breaker):
    """Leaves the verdict on refusals to the owner, who sees those of all workers."""

    def __init__(self, tell: Tell, worker: str) -> None:
        super().__init__()
        self._tell = tell
        self._worker = worker
        self._numbers = itertools.count()
        self._asked: dict[str, asyncio.Future[None]] = {}

    async def forbidden(self, index: int, message: str, *, others: bool) -> None:
        if index in self._forbidden and self.halt is None:
            await self._ask({"about": "forbidden", "index": index, "message": message, "others": others})

    async def hold(self, step: str, status: int, message: str) -> None:
        first = self._first.setdefault(step, FirstResults())
        if first.varied or self.halt is not None or status not in REFUSAL_STATUSES:
            return
        await self._ask({"about": "hold", "step": step, "status": status, "message": message})

    @property
    def held(self) -> int:
        return len(self._asked)

    def decided(self, names: Collection[str], halt: Halt | None) -> None:
        """The owner's verdicts; with a halt the job's, else the items'."""
        if halt is not None and self.halt is None:
            self.halt = halt
        for name in [name for name in self._asked if halt is not None or name in names]:
            self._let_go(name)

    def release(self) -> None:
        for name in list(self._asked):
            self._let_go(name)

    async def _ask(self, question: dict[str, Any]) -> None:
        name = f"{self._worker}/{next(self._numbers)}"
        verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked[name] = verdict
        self._tell({"t": "ask", "name": name, **question})
        try:
            await verdict
        finally:
            self._asked.pop(name, None)

    def _let_go(self, name: str) -> None:
        verdict = self._asked.pop(name)
        if not verdict.done():
            verdict.set_result(None)


class Door(Admission):
    """The door of one job on one worker."""

    def __init__(
        self,
        tell: Tell,
        worker: str,
        ceiling: int,
        upstream: Upstream,
        *,
        now: Callable[[], float],
        budget: Budget,
        on_short: Callable[[], None],
        on_notice: Callable[[str, str], None],
        on_pardon: Callable[[Any], None],
    ) -> None:
        """Open it.

        Args:
            tell: the owner.
            worker: this one's name.
            ceiling: this worker's share of the job's concurrency.
            upstream: shared with other jobs on this worker that ask the same provider.
            now: the loop's clock, seconds.
            budget: what came with the slices in hand; without a limit where the job has none.
            on_short: told when that does not do for a request: what waits here goes back to the owner.
            on_notice: as the admission's.
            on_pardon: as the admission's.
        """
        super().__init__(
            ceiling,
            budget,
            now=now,
            upstream=upstream,
            on_notice=on_notice,
            on_pardon=on_pardon,
        )
        self.breaker: Breaker = AskingBreaker(tell, worker)
        self._tell = tell
        self._on_short = on_short
        self._episode = 0
        self._knows_since = now()

    def know(self, episode: int) -> None:
        """The job's gate has met so many 429 episodes: what is sent from now on is of none of these."""
        if episode != self._episode:
            self._episode, self._knows_since = episode, self._now()

    def rate_limited(self, ticket: Ticket, retry_after_s: float | None, message: str) -> None:
        age = self._now() - ticket.admitted_at
        knew = self._episode - (ticket.admitted_at <= self._knows_since)
        self._tell({"t": "429", "age": age, "knew": knew, "retry_after": retry_after_s, "message": message})
        super().rate_limited(ticket, retry_after_s, message)

    def halt(self, halt: Halt) -> None:
        if halt.reason == "budget":
            # What came with the slices is used up, not the job's budget: the owner sends the items again with more.
            self._on_short()
            self._turn_all_away()
            return
        if self.breaker.halt is None:
            self._tell({"t": "halt", "halt": halt_to_json(halt)})
        super().halt(halt)

    def told_down(self) -> None:
        """Other workers find that the provider is down: what nobody answered here is not its item's fault either."""
        if self.outage.open or not (self.outage.held or self.outage.in_row):
            return
        self._pardon(self.outage.give_back())
        self.outage.begin()
        self._turn_all_away()
        self._alarm.set(self.outage.probe_in)

    def _refuse_if_closed(self) -> None:
        """In an outage one item stands ready for the next probe: another worker may be answered, and take the rest."""
        super()._refuse_if_closed()
        if self.outage.open and (self._queue or self._alone):
            raise TurnedAway
