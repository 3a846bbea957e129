"""Makes the orders that hold for a job from what its door says now, and writes them for the workers to see."""

from collections.abc import Callable
from dataclasses import replace

from holytui.core.job import RunOptions
from holytui.distributed.hands import Hands
from holytui.distributed.keys import JobKeys
from holytui.distributed.link import Link
from holytui.distributed.orders import Orders
from holytui.distributed.roster import Roster, Worker
from holytui.distributed.slices import shares
from holytui.engine.admission.door import Admission

REPEAT_S = 1.0
"""Orders are written this often, also when nothing changes."""
HELD_S = 1.5
"""Seconds for which nothing but held items is in hand before they fail: by then each worker was read twice."""


class Commander:
    """Of one session; on the loop's thread."""

    def __init__(
        self,
        session: str,
        run: RunOptions,
        admission: Admission,
        roster: Roster,
        hands: Hands,
        link: Link,
        keys: JobKeys,
        now: Callable[[], float],
    ) -> None:
        self._run = run
        self._admission = admission
        self._roster = roster
        self._hands = hands
        self._link = link
        self._keys = keys
        self._now = now
        self._orders = Orders(session)
        self._written_at = 0.0
        self._halted = False
        self._only_held_since: float | None = None
        self.stopping = False
        """What is in flight is to be cancelled."""

    def divide(self) -> None:
        """What may be in flight, by worker."""
        able = self._roster.able
        given = shares(self._admission.level, {worker.name: worker.concurrency for worker in able})
        for worker in self._roster.all:
            worker.share = given.get(worker.name, 0)

    def look_for_held(self) -> None:
        """Held items wait for a verdict; when nothing else is in hand, nothing more will tell."""
        held = sum(worker.held for worker in self._roster.able)
        if not held or held + self._admission.breaker.held < len(self._hands.all):
            self._only_held_since = None
        elif self._only_held_since is None:
            self._only_held_since = self._now()

    def forget(self) -> None:
        """What was written may be gone: write it again."""
        self._written_at = 0.0

    async def write(self, verdicts: tuple[str, ...]) -> None:
        """Write the orders, if they are others than before or it is time.

        Args:
            verdicts: names of questions that were decided lately.

        Raises:
            LinkDown, LinkRefused: Redis did not take them.
        """
        orders = self._made(verdicts)
        same = replace(orders, gate_s=0.0) == replace(self._orders, gate_s=0.0)
        gate_moved = (orders.gate_s > 0) != (self._orders.gate_s > 0)
        if same and not gate_moved and self._now() - self._written_at < REPEAT_S:
            return
        numbered = replace(orders, number=self._orders.number + 1)
        await self._link.ask(lambda redis: redis.set(self._keys.orders, numbered.to_json()))
        self._orders, self._written_at = numbered, self._now()
        self._halted = numbered.halt is not None
        if numbered.drain:
            self._hands.give_back()

    def _made(self, verdicts: tuple[str, ...]) -> Orders:
        admission, before = self._admission, self._orders
        halt = admission.breaker.halt
        sat_out = self._halted and halt is None
        return replace(
            before,
            epoch=before.epoch + sat_out,
            drain=admission.draining or halt is not None,
            stop=self.stopping,
            gate_s=admission.upstream.gate.opens_in or 0.0,
            episode=admission.upstream.gate.episode,
            shares={worker.name: worker.share for worker in self._roster.able},
            rates=self._rates(),
            verdicts=verdicts,
            halt=halt,
            down=self._roster.down,
            good_news=self._roster.good_news,
            release=self._only_held_since is not None and self._now() - self._only_held_since > HELD_S,
        )

    def _rates(self) -> dict[str, tuple[int | None, int | None]]:
        run, able = self._run, self._roster.able
        total = sum(worker.share for worker in able)
        if not total or (run.rpm is None and run.tpm is None):
            return {}

        def part(rate: int | None, worker: Worker) -> int | None:
            return None if rate is None else max(1, rate * worker.share // total)

        return {worker.name: (part(run.rpm, worker), part(run.tpm, worker)) for worker in able}
