"""One item through its steps: those that do not need each other run side by side."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from holytui.core.failures import TIMEOUTS, FailureKind
from holytui.core.template import TemplateError
from holytui.core.timeouts import Clocks
from holytui.core.work import ItemState, Outcome, Pardon, Sink, StepHistory, Work
from holytui.engine.admission.door import Admission
from holytui.engine.admission.outage import UNANSWERED
from holytui.engine.admission.ticket import TurnedAway
from holytui.engine.attempt import REFUSALS, Answer, Sender
from holytui.engine.clocks import KINDS
from holytui.engine.executor import Ending
from holytui.engine.flights import Flight, Flights
from holytui.engine.plan import Plan, PlannedStep
from holytui.engine.report import AttemptFailed, Origin
from holytui.engine.retry import asked_s, retrying
from holytui.engine.suspend import Suspends
from holytui.provider.client import ChatClient, ChatRequest

ASKED_JITTER = 0.1
"""Of the usual wait, on top of one that is asked for: who was turned away together must not come back together."""

KEEPS_PARTIAL = frozenset({FailureKind.TRUNCATED, FailureKind.CONTENT_FILTER})


@dataclass(frozen=True, slots=True)
class Bench:
    """What every item of a run is worked on with."""

    plan: Plan
    client: ChatClient
    admission: Admission
    flights: Flights
    suspends: Suspends
    now: Callable[[], float]


class ItemRun:
    """Takes one item through the steps that have no answer yet."""

    def __init__(self, bench: Bench, work: Work, sink: Sink) -> None:
        self._bench = bench
        self._work = work
        self._sink = sink
        self._answers = {name: past.answer for name, past in work.history.items() if past.answer is not None}
        self._waiting = [step for step in bench.plan.steps if step.name not in self._answers]
        self._failure: Outcome | None = None
        self._turned_away = False

    async def run(self) -> Ending:
        """Run the steps; the failure that came first is told last, because it closes the item.

        Raises:
            asyncio.CancelledError: the job was stopped; what was in flight has been told as cancelled.
        """
        if self._work.record.problem is not None:
            self._sink.outcome(self._closed_unsent(self._work.record.problem))
            return Ending.CLOSED
        if not self._waiting:
            self._sink.outcome(self._already_answered())
            return Ending.CLOSED
        if len(self._waiting) == 1:
            # Most jobs have one step: a task of its own would only add turns of the loop.
            await self._step(self._waiting.pop())
        else:
            await self._run_side_by_side()
        if self._failure is not None:
            self._sink.outcome(replace(self._failure, closes=ItemState.FAILED))
            return Ending.CLOSED
        return Ending.RETURNED if self._turned_away else Ending.CLOSED

    async def _run_side_by_side(self) -> None:
        """Each step as soon as the answers it needs are there."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            under_way = self._start_ready()
            while under_way:
                done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # a defect of ours surfaces here
                under_way |= self._start_ready()
        finally:
            for task in under_way:
                task.cancel()
            if under_way:
                await asyncio.wait(under_way)

    def _start_ready(self) -> set[asyncio.Task[None]]:
        if self._turned_away:
            return set()
        ready = [step for step in self._waiting if step.needs <= self._answers.keys()]
        self._waiting = [step for step in self._waiting if step not in ready]
        return {asyncio.create_task(self._step(step)) for step in ready}

    def _take(self, outcome: Outcome) -> None:
        """Tell what a step ended in."""
        if outcome.answer is not None and outcome.kind is None:
            self._answers[outcome.step] = outcome.answer
            all_answered = len(self._answers) == len(self._bench.plan.steps)
            self._sink.outcome(replace(outcome, closes=ItemState.SUCCEEDED if all_answered else None))
        elif self._failure is None:
            self._failure = outcome
        else:
            self._sink.outcome(outcome)

    async def _step(self, step: PlannedStep) -> None:
        """One step to its outcome, or until the job pauses or stops.

        The outcome is told before this gives way to anything else: a stop in that moment would lose an
        answer that is here.
        """
        work, bench = self._work, self._bench
        flight = bench.flights.take(work.index, work.item_id, step.name)
        try:
            run = StepRun(bench, work, step, self._sink, flight)
            request = step.request(work.record, self._answers, work.overrides)
            outcome = await run.run(request)
        except TemplateError as error:
            outcome = replace(self._closed_unsent(str(error)), step=step.name, closes=None)
        except TurnedAway:
            self._turned_away = True
            return
        finally:
            bench.flights.land(flight)
        if outcome.kind not in REFUSALS:
            bench.admission.breaker.varied(step.name)
        self._take(outcome)

    def _closed_unsent(self, problem: str) -> Outcome:
        """The item fails without a request: its input cannot be used."""
        work = self._work
        return Outcome(
            work.index,
            self._waiting[0].name if self._waiting else self._bench.plan.steps[0].name,
            work.round,
            time.time(),
            kind=FailureKind.INPUT_ERROR,
            message=problem,
            closes=ItemState.FAILED,
            item_id=work.item_id,
        )

    def _already_answered(self) -> Outcome:
        """All answers are recorded: nothing to send, the item only needs closing."""
        self._bench.admission.answered()
        work, last = self._work, self._bench.plan.steps[-1].name
        return Outcome(
            work.index,
            last,
            work.round,
            time.time(),
            answer=self._answers[last],
            closes=ItemState.SUCCEEDED,
            item_id=work.item_id,
        )


class StepRun:
    """One step of one item: attempts until an answer, a final failure, or the step clock."""

    def __init__(self, bench: Bench, work: Work, step: PlannedStep, sink: Sink, flight: Flight) -> None:
        past = work.history.get(step.name, StepHistory())
        self._bench = bench
        self._work = work
        self._step = step
        self._past = past
        self._used = past.attempts
        self._timeouts = past.timeouts
        self._active_s = 0.0
        self._flight = flight
        self._sink = sink
        origin = Origin(work.index, step.name, work.round, bench.plan, sink, bench.now)
        self._sender = Sender(bench.client, bench.admission, bench.suspends, origin, flight)
        self._step_limit = 0.0
        self._first_clocks: Clocks | None = None
        self._last: AttemptFailed | None = None

    async def run(self, request: ChatRequest) -> Outcome:
        """Send until it is decided.

        Raises:
            TurnedAway: the job pauses or stops first.
        """
        plan = self._bench.plan
        self._first_clocks = plan.clocks(self._step.step, request, self._timeouts, self._work.overrides)
        self._step_limit = self._first_clocks.step
        last_kind = self._past.last_kind
        if self._used >= plan.max_attempts and last_kind is not None:
            if last_kind not in UNANSWERED or self._used > plan.max_attempts:
                return self._failed(AttemptFailed(last_kind, self._past.last_message))
            self._take_back()
        policy = retrying(lambda: self._used, plan.max_attempts, self._back_off)
        try:
            answer: Answer = await policy(self._attempt, request)
        except AttemptFailed as failure:
            await self._question(failure)
            return self._failed(failure)
        finally:
            # Its notes refer back to it: a circle an answer would be what the garbage collector does all day.
            policy.iter_state.reset()
        return Outcome(
            self._work.index,
            self._step.name,
            self._work.round,
            time.time(),
            answer=answer.text,
            finish_reason=answer.finish_reason,
            model=answer.model,
            duration_s=self._active_s,
            item_id=self._work.item_id,
        )

    def _take_back(self) -> None:
        """Nobody answered the last attempt, and who asked whether that was the provider's fault was killed over it."""
        work, name = self._work, self._step.name
        self._sink.pardon(
            Pardon(work.index, name, work.round, self._used, "holytui was killed before it was known why")
        )
        self._used -= 1

    async def _question(self, failure: AttemptFailed) -> None:
        """Before the item fails because nobody answered: was it the provider's fault, for everyone?

        Raises:
            TurnedAway: it was, and the item goes back to pending.
        """
        tried = self._sender.tried
        if failure.kind not in UNANSWERED or tried is None:
            return
        self._flight.waiting("waiting", 0.0, "whether the provider is down")
        if await self._bench.admission.excuses(tried):
            raise TurnedAway

    async def _attempt(self, request: ChatRequest) -> Answer:
        clocks, self._first_clocks = self._first_clocks, None
        if clocks is None:
            clocks = self._bench.plan.clocks(self._step.step, request, self._timeouts, self._work.overrides)
        try:
            answer = await self._sender.send(request, clocks, self._step_left, self._used + 1)
        except AttemptFailed as failure:
            self._used += 1
            self._last = failure
            self._active_s += self._sender.request_s
            if failure.kind in TIMEOUTS:
                self._timeouts += 1
            raise
        self._active_s += self._sender.request_s
        return answer

    async def _back_off(self, seconds: float) -> None:
        """Wait between attempts; the step clock runs meanwhile and ends the step if it runs out.

        It does not run while the provider asks for the wait.
        """
        plan, left = self._bench.plan, self._step_left()
        phase = f"retry {self._used + 1}/{plan.max_attempts}"
        was = "" if self._last is None else f"; was {self._last.kind.value}"
        asked = asked_s(self._last)
        if asked > seconds:
            self._flight.waiting(phase, asked, f"waits {asked:.0f} s, as the provider asks{was}")
            await self._bench.admission.pause(asked + seconds * ASKED_JITTER)
            return
        self._flight.waiting(phase, seconds, f"waits {seconds:.0f} s{was}")
        await self._bench.admission.pause(min(seconds, left))
        self._active_s += min(seconds, left)
        if seconds >= left:
            limit = self._step_limit
            message = f"the step clock of {limit:g} s ran out between attempts"
            if self._last is not None:
                message = f"{message}; the last one ended with: {self._last.message}"
            raise AttemptFailed(KINDS["step"], message)

    def _step_left(self) -> float:
        return max(0.0, self._step_limit - self._active_s)

    def _failed(self, failure: AttemptFailed) -> Outcome:
        return Outcome(
            self._work.index,
            self._step.name,
            self._work.round,
            time.time(),
            answer=failure.partial if failure.kind in KEEPS_PARTIAL and failure.partial else None,
            kind=failure.kind,
            message=failure.message,
            http_status=failure.status,
            model=failure.model,
            duration_s=self._active_s,
            item_id=self._work.item_id,
        )
