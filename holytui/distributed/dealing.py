"""Which worker gets which items, and when."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

from holytui.distributed.bounds import bound_usd
from holytui.distributed.hands import Hands, InHand
from holytui.distributed.roster import Roster, Worker
from holytui.distributed.slices import OpenSlice, OpenSlices, as_many_as_fit, size, target
from holytui.distributed.wire import work_to_json
from holytui.engine.admission import halts
from holytui.engine.plan import Plan
from holytui.runs.elsewhere import Parts

GATHER_S = 0.02
"""Items that come ready within this time of each other travel together."""
SHORT_OF_MONEY = "the budget: what is out on workers has it"

HandOver = Callable[[OpenSlice, dict[str, Any]], Awaitable[None]]


class Dealer:
    """Deals what is ready; on the loop's thread."""

    def __init__(
        self,
        parts: Parts,
        plan: Plan,
        hands: Hands,
        slices: OpenSlices,
        roster: Roster,
        hand_over: HandOver,
    ) -> None:
        self._admission = parts.admission
        self._plan = plan
        self._hands = hands
        self._slices = slices
        self._roster = roster
        self._hand_over = hand_over
        self._woken = asyncio.Event()
        self._unsent: deque[tuple[OpenSlice, dict[str, Any]]] = deque()
        self.waits_for = ""
        """What keeps items from being dealt, for a person; empty: nothing worth a word."""

    def wake(self) -> None:
        """Something may be dealt."""
        if self._hands.ready or self._unsent:
            self._woken.set()

    @property
    def room(self) -> int:
        """Items that workers should have in hand together, with those that one has beyond what it should.

        In an outage a worker keeps what it cannot send; that is no reason to give nothing to another, which may not
        have seen enough yet to know of it.
        """
        return sum(max(self._target(one), self._slices.in_hand(one.name)) for one in self._roster.able)

    async def deal(self) -> None:
        """Wait until something is ready, then give every worker what it has room for.

        Raises:
            LinkDown, LinkRefused: Redis did not take a slice, or could not say so; it is sent again.
        """
        await self._woken.wait()
        self._woken.clear()
        await asyncio.sleep(GATHER_S)
        await self._send_all()
        # Whoever has least in proportion comes first.
        for worker in sorted(self._roster.able, key=self._fullness):
            while self._hands.ready and await self._give(worker):
                pass

    async def _give(self, worker: Worker) -> bool:
        """Send one slice to a worker; whether it got one."""
        ready, in_hand = self._hands.ready, self._slices.in_hand(worker.name)
        room = self._target(worker) - in_hand
        usual = size(worker.share, worker.rate_per_s)
        count = min(room, usual, len(ready))
        if count <= 0 or (count < usual and count < len(ready) and in_hand >= worker.share):
            return False
        admission = self._admission
        if admission.draining or admission.breaker.halt is not None:
            return False
        chars = [len(hand.work.record.text) for hand in islice(ready, count)]
        hands = [ready.popleft() for _ in range(as_many_as_fit(chars, count))]
        hands, reserved_usd = self._what_can_be_paid(hands)
        if not hands:
            return False
        await self._send(worker, hands, reserved_usd)
        return True

    async def _send(self, worker: Worker, hands: list[InHand], reserved_usd: float) -> None:
        rounds = {hand.work.index: hand.work.round for hand in hands}
        opened = self._slices.open(worker.name, rounds, reserved_usd, self._roster.listened_s)
        self._admission.budget.reserve(reserved_usd)
        message = {"works": [work_to_json(hand.work) for hand in hands], "reserved_usd": reserved_usd}
        self._unsent.append((opened, message))
        worker.knows = self._roster.good_news  # it looks at the orders before it begins
        await self._send_all()

    async def _send_all(self) -> None:
        """Workers know a slice that comes a second time: where Redis cannot say that it took one, it is sent again."""
        while self._unsent:
            opened, message = self._unsent[0]
            if self._slices.is_open(opened.name):
                await self._hand_over(opened, message)
                opened.seen_at = self._roster.listened_s
            self._unsent.popleft()

    def _what_can_be_paid(self, hands: list[InHand]) -> tuple[list[InHand], float]:
        """As many items as the budget allows now, and USD to set aside for them; the others are ready again."""
        budget = self._admission.budget
        self.waits_for = ""
        if budget.limit_usd is None:
            return hands, 0.0
        paid: list[InHand] = []
        sum_usd = 0.0
        for hand in hands:
            bound = self._bound_usd(hand)
            if not budget.fits(sum_usd + bound):
                break
            paid.append(hand)
            sum_usd += bound
        if not paid and not len(self._slices):
            self._admission.halt(halts.out_of_budget(budget, self._bound_usd(hands[0])))
        elif not paid:
            self.waits_for = SHORT_OF_MONEY
        elif not budget.covered(sum_usd, 0.0):
            paid, sum_usd = [], 0.0  # the mark is on its way to the disk
        self._hands.ready.extendleft(reversed(hands[len(paid) :]))
        return paid, sum_usd

    def _bound_usd(self, hand: InHand) -> float:
        return bound_usd(self._plan, hand.work) * self._slices.wants_more(hand.work.index)

    def _target(self, worker: Worker) -> int:
        if worker.outage:
            probes = float(worker.at.get("probe_in", 0.0)) <= 0 or worker.knows < self._roster.good_news
            return 1 if probes else 0
        return target(worker.share, worker.rate_per_s) + int(worker.at.get("idle", 0))

    def _fullness(self, worker: Worker) -> float:
        return self._slices.in_hand(worker.name) / max(1, self._target(worker))
