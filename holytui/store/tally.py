"""The counters while they are being counted; only the writer's thread touches them."""

from dataclasses import replace

from holytui.core.failures import FailureKind
from holytui.core.pricing import Money
from holytui.core.progress import Counters, Spend
from holytui.core.work import AttemptEvent, ItemState


class Tally:
    """Counters that change; `freeze` gives what is committed and published."""

    def __init__(self, counters: Counters) -> None:
        self.restore(counters)

    def restore(self, counters: Counters) -> None:
        """Go back to what `freeze` gave: what was counted since is not recorded after all."""
        self._fixed = counters
        self._failures = dict(counters.failures)
        self._by_step = dict(counters.by_step)
        self._steps_done = dict(counters.steps_done)
        self._given_up = dict(counters.given_up)

    def freeze(self) -> Counters:
        """The counters as they stand now."""
        failures = {kind: number for kind, number in self._failures.items() if number}
        self._fixed = replace(
            self._fixed,
            failures=failures,
            given_up={kind: number for kind, number in self._given_up.items() if number},
            by_step=dict(self._by_step),
            steps_done=dict(self._steps_done),
        )
        return self._fixed

    def attempt(self, event: AttemptEvent) -> None:
        """A request ended."""
        fixed = self._fixed
        self._fixed = replace(
            fixed,
            requests=fixed.requests + 1,
            attempts=fixed.attempts + event.counted,
            tokens=fixed.tokens + event.usage,
            spend=fixed.spend.add(event.cost),
            wasted=fixed.wasted.add(event.cost) if event.wasted else fixed.wasted,
        )
        if not event.wasted:
            self._by_step[event.step] = self._by_step.get(event.step, Spend()).add(event.cost)

    def pardoned(self, attempts: int) -> None:
        """So many recorded attempts do not count after all."""
        self._fixed = replace(self._fixed, attempts=self._fixed.attempts - attempts)

    def lost(self, money: Money) -> None:
        """What was in flight when a process died may have cost this much, and brought nothing."""
        fixed = self._fixed
        self._fixed = replace(fixed, spend=fixed.spend.add(money), wasted=fixed.wasted.add(money))

    def step_answered(self, step: str, number: int = 1) -> None:
        self._steps_done[step] = self._steps_done.get(step, 0) + number

    def bought(self, step: str, money: Money) -> None:
        """A request that was counted as wasted brought a step's answer after all."""
        self._fixed = replace(self._fixed, wasted=self._fixed.wasted.less(money))
        self._by_step[step] = self._by_step.get(step, Spend()).add(money)

    def wasted_again(self, step: str, money: Money) -> None:
        """The opposite of `bought`."""
        self._fixed = replace(self._fixed, wasted=self._fixed.wasted.add(money))
        self._by_step[step] = self._by_step.get(step, Spend()).less(money)

    def closed(self, state: ItemState, kind: FailureKind | None) -> None:
        """An item reached its end."""
        self._count(state, None if kind is None else kind.value, 1)

    def reopened(self, kind: str, number: int) -> None:
        """Failed items of a kind went back to pending."""
        self._count(ItemState.FAILED, kind, -number)

    def reverted(self, number: int) -> None:
        """So many items have not succeeded after all."""
        self._count(ItemState.SUCCEEDED, None, -number)

    def failed_again(self, kind: str, number: int) -> None:
        """Items are failed as they were before."""
        self._count(ItemState.FAILED, kind, number)

    def gave_up(self, kind: str, number: int) -> None:
        """Failed items of a kind were put aside, or with a number below 0 are so no longer."""
        self._given_up[kind] = self._given_up.get(kind, 0) + number

    def came(self, number: int, state: ItemState = ItemState.PENDING, kind: str | None = None) -> None:
        """Items of this state are of the job now."""
        self._fixed = replace(self._fixed, total=self._fixed.total + number)
        self._count(state, kind, number)

    def changed(self, state: ItemState, kind: str | None) -> None:
        """An item of this state is pending again."""
        self._count(state, kind, -1)

    def _count(self, state: ItemState, kind: str | None, number: int) -> None:
        if state is ItemState.SUCCEEDED:
            self._fixed = replace(self._fixed, succeeded=self._fixed.succeeded + number)
        elif state is ItemState.FAILED and kind is not None:
            self._fixed = replace(self._fixed, failed=self._fixed.failed + number)
            self._failures[kind] = self._failures.get(kind, 0) + number

    def session_began(self) -> None:
        self._fixed = replace(self._fixed, sessions=self._fixed.sessions + 1)

    def session_ended(self, active_s: float) -> None:
        self._fixed = replace(self._fixed, active_s=self._fixed.active_s + active_s)

    def recounted(
        self,
        *,
        total: int,
        succeeded: int,
        failures: dict[str, int],
        given_up: dict[str, int],
        steps_done: dict[str, int],
    ) -> None:
        """Items were counted anew after a sync."""
        self._given_up = dict(given_up)
        self._failures = dict(failures)
        self._steps_done = dict(steps_done)
        self._fixed = replace(self._fixed, total=total, succeeded=succeeded, failed=sum(failures.values()))
