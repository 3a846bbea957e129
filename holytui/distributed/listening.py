"""What workers say, taken to where the same would go if it had happened here: door, clocks, writer, runner."""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.learning import Observation
from holytui.core.progress import JobState
from holytui.core.work import AttemptEvent, Notice, Outcome, Pardon
from holytui.distributed.hands import Hands
from holytui.distributed.orders import halt_from_json
from holytui.distributed.roster import Roster
from holytui.distributed.slices import OpenSlices
from holytui.distributed.wire import event_from_json
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.outage import UNANSWERED
from holytui.engine.admission.ticket import Ticket
from holytui.engine.admission.upstream import Place
from holytui.engine.attempt import FORBIDDEN, REFUSALS
from holytui.engine.executor import Ending
from holytui.runs.elsewhere import Parts

REMEMBERED_S = 10.0
"""Seconds for which a verdict stands in the orders."""


class Defect(Exception):
    """Something of ours went wrong on a worker."""


class Listener:
    """Everything runs on the loop's thread, in the order in which a worker said it."""

    def __init__(
        self, parts: Parts, hands: Hands, slices: OpenSlices, roster: Roster, now: Callable[[], float]
    ) -> None:
        self._admission = parts.admission
        self._sink = parts.sink
        self._learning = parts.learning
        self._hands = hands
        self._slices = slices
        self._roster = roster
        self._now = now
        self._places = itertools.count(1)
        self._judging: set[asyncio.Task[None]] = set()
        self._decided: dict[str, float] = {}
        self._unasked: set[tuple[int, int]] = set()

    def take(self, worker: str, event: Mapping[str, Any]) -> None:
        """One event of a worker.

        Raises:
            KeyError, TypeError, ValueError: a worker of another version sent it.
        """
        match event["t"]:
            case "attempt" | "outcome" | "pardon" | "notice":
                self._record(event_from_json(event))
            case "returned":
                if event.get("down"):
                    self._roster.found_down(worker)
                self._return(event["i"], event["r"], event["slice"], short=event.get("short", False))
            case "end":
                self.close(event["slice"])
            case "429":
                self._admission.rate_limited(self._refused(event), event["retry_after"], event["message"])
            case "halt":
                self._halt(worker, halt_from_json(event["halt"]))
            case "ask":
                task = asyncio.get_running_loop().create_task(self._judge(worker, event))
                self._judging.add(task)
                task.add_done_callback(self._judging.discard)
            case "unable":
                self._unable(worker, event["text"])
            case "defect":
                raise Defect(f"on {worker}: {event['text']}")
        self._admission.changed.set()

    def verdicts(self) -> tuple[str, ...]:
        """Questions that were decided lately."""
        old = self._now() - REMEMBERED_S
        self._decided = {name: at for name, at in self._decided.items() if at > old}
        return tuple(self._decided)

    def knows_result(self, index: int, round_: int) -> bool:
        """Whether an item had its result in this session before the runner gave it out: what it read is out of date.

        Told once: should the result not have counted, the item is run when it comes again.
        """
        known = (index, round_) in self._unasked
        self._unasked.discard((index, round_))
        return known

    def close(self, name: str, lost_usd: float = 0.0) -> int:
        """A slice is over: money is settled, what has not come back returns; how many items those were.

        Args:
            name: of the slice.
            lost_usd: what may have been in flight there when it was lost.
        """
        closed = self._slices.close(name)
        if closed is None:
            return 0
        cost = min(closed.spent_usd + lost_usd, closed.reserved_usd)
        self._admission.budget.settle(closed.reserved_usd, cost)
        for index, round_ in closed.rounds.items():
            self._end_item(index, round_, Ending.RETURNED)
        self._admission.changed.set()
        return len(closed.rounds)

    def stop(self) -> None:
        """Nobody waits for verdicts any more."""
        for task in self._judging:
            task.cancel()

    def _return(self, index: int, round_: int, name: str, *, short: bool) -> None:
        if self._slices.name_of(index) != name:
            return
        self._slices.came_back(index)
        if short:
            self._slices.came_short(index)
        self._end_item(index, round_, Ending.RETURNED)

    def _end_item(self, index: int, round_: int, ending: Ending) -> None:
        hand = self._hands.get(index, round_)
        if hand is not None:
            hand.end(ending)

    def _record(self, event: AttemptEvent | Outcome | Pardon | Notice) -> None:
        match event:
            case AttemptEvent():
                self._pay(event.index, event.cost.usd or 0.0)
                self._hear(event)
                self._sink.attempt(event)
            case Outcome():
                if event.kind not in REFUSALS:
                    self._admission.breaker.varied(event.step)
                if self._hands.other_round(event.index, event.round):
                    return
                self._sink.outcome(event)
                if event.closes is not None:
                    self._slices.came_back(event.index)
                    if self._hands.get(event.index, event.round) is None:
                        self._unasked.add((event.index, event.round))
                    self._end_item(event.index, event.round, Ending.CLOSED)
            case Pardon():
                self._sink.pardon(event)
            case Notice():
                self._sink.notice(event)

    def _pay(self, index: int, usd: float) -> None:
        budget, beyond = self._admission.budget, self._slices.spent(index, usd)
        if beyond is None:
            budget.spent_usd += usd
        else:
            budget.reserve(beyond)

    def _hear(self, event: AttemptEvent) -> None:
        """What the door and the clocks here learn from a request that a worker made."""
        admission, kind = self._admission, event.kind
        if kind is None:
            if event.counted:
                self._roster.answered(self._now() - event.ended_s)
                admission.succeeded(self._ticket(event.ended_s))
                self._learning.observe(Observation(event.step, event.asked, event.tier, event.ended_s))
        elif kind in UNANSWERED:
            admission.upstream.concurrency.stalled()
            admission.breaker.answered()
            if kind is FailureKind.TIMEOUT_ATTEMPT and event.counted:
                clock_s = event.clock_s or event.ended_s
                self._learning.observe(Observation(event.step, event.asked, event.tier, clock_s, expired=True))
        elif kind is not FailureKind.RATE_LIMIT and event.http_status != FORBIDDEN:
            admission.heard(self._ticket(event.ended_s))

    def _ticket(self, age_s: float) -> Ticket:
        return Ticket(0.0, self._now() - age_s, place=Place(next(self._places), 0.0))

    def _refused(self, event: Mapping[str, Any]) -> Ticket:
        """Of a request that got a 429.

        A worker that did not know of the gate's newest episode sent it into that one: it hears later than the gate
        here is shut, and its word takes its time as well.
        """
        ticket = self._ticket(event["age"])
        if event["knew"] < self._admission.upstream.gate.episode:
            ticket.admitted_at = -math.inf
        return ticket

    def _halt(self, worker: str, halt: Halt) -> None:
        """A worker's door has halted: so does the job, unless it is that machine alone that reaches nobody."""
        if halt.reason == "provider_unreachable" and not all(one.outage for one in self._roster.able):
            self._sink.notice(Notice("outage", f"{worker}: {halt.message}", time.time()))
            return
        self._admission.halt(Halt(halt.state, halt.reason, f"{halt.message} (on {worker})", halt.wake_at))

    async def _judge(self, worker: str, event: Mapping[str, Any]) -> None:
        """Whether a refusal is the item's own fault or the whole job's."""
        admission, breaker = self._admission, self._admission.breaker
        if event["about"] == "hold":
            await breaker.hold(event["step"], event["status"], event["message"])
        else:
            breaker.suspect(event["index"])
            elsewhere = sum(one.inside for one in self._roster.able if one.name != worker)
            await breaker.forbidden(event["index"], event["message"], others=event["others"] or elsewhere > 0)
        if breaker.halt is not None:
            admission.halt(breaker.halt)
        self._decided[event["name"]] = self._now()

    def _unable(self, worker: str, text: str) -> None:
        known = self._roster.get(worker)
        if known is None or known.unable:
            return
        known.unable = text
        self._sink.notice(Notice("worker", text, time.time()))
        if not self._roster.able:
            self._admission.halt(Halt(JobState.STOPPED, "auth", f"no worker can send requests: {text}"))
