"""Draws the snapshot of a run that this process owns, from counters, door and pace."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from holytui.core.item_costs import ItemCosts
from holytui.core.learning import Learning
from holytui.core.other_models import while_running
from holytui.core.pace import ENOUGH_RESULTS, Pace, explain
from holytui.core.pricing import UNKNOWN, Money, MoneyKind
from holytui.core.progress import Counters, Eta, InFlight, JobState, LogLine, Owner, Snapshot
from holytui.core.work import AttemptEvent, Notice, Outcome, Pardon, Sink
from holytui.core.workers import WorkerSeen
from holytui.engine.admission.door import Admission
from holytui.engine.flights import Flights
from holytui.engine.runner import Runner
from holytui.runs.launch import Launch

TOKEN_WINDOW_S = 15.0
LONGEST_NOTICE = 200
SLOWS = {"rate_limit": "429", "outage": "down"}
"""Notices that tell of a hold-up, and the word for it under the throughput."""


class PacedSink:
    """Passes everything on to the writer, and tells the pace what was completed, and at what cost."""

    def __init__(self, writer: Sink, pace: Pace, costs: ItemCosts, now: Callable[[], float]) -> None:
        self._writer = writer
        self._pace = pace
        self._costs = costs
        self._now = now
        self._closing: dict[int, Outcome] = {}

    def attempt(self, event: AttemptEvent) -> None:
        self._writer.attempt(event)
        self._costs.spent(event.index, event.cost)
        if event.kind is not None and event.counted:
            text = f"{event.kind.value}: {event.message}"[:LONGEST_NOTICE]
            self._writer.notice(Notice(event.kind.value, text, time.time()))

    def pardon(self, pardon: Pardon) -> None:
        self._writer.pardon(pardon)

    def outcome(self, outcome: Outcome) -> None:
        self._writer.outcome(outcome)
        self._pace.step_done(self._now(), outcome.step, outcome.duration_s, closes_item=outcome.closes is not None)
        if outcome.closes is not None:
            self._costs.closed(outcome.index)
            self._closing[outcome.index] = outcome

    def notice(self, notice: Notice) -> None:
        self._writer.notice(notice)
        if notice.kind in SLOWS:
            self._pace.slowed(self._now(), SLOWS[notice.kind])

    def committed(self, indices: Sequence[int]) -> list[Outcome]:
        """The outcomes that closed these items; asked once, when they are in the checkpoint."""
        return [outcome for index in indices if (outcome := self._closing.pop(index, None)) is not None]


class Picture:
    """Holds what a snapshot is drawn from; `draw` makes one."""

    def __init__(self, launch: Launch, owner: Owner, now: Callable[[], float]) -> None:
        self._launch = launch
        self._now = now
        self.owner = owner
        self.state = JobState.PREPARING
        self.reason = ""
        self.wake_at: float | None = None
        self.message = ""
        self.activity = ""
        self.events: tuple[LogLine, ...] = ()
        self.saved_at: float | None = None
        self.budget_usd = launch.job.run.budget_usd
        self.pace = Pace(now())
        self.costs = ItemCosts()
        self.admission: Admission | None = None
        self.runner: Runner | None = None
        self.learning = Learning()
        self.flights = Flights(now)
        self.workers: tuple[WorkerSeen, ...] = ()
        self._began = now()
        self._began_wall = time.time()
        self._ended: float | None = None
        self._paused_since: float | None = None
        self._paused_s = 0.0
        self._tokens: deque[tuple[float, int, int]] = deque()

    def active_s(self) -> float:
        """Seconds this session has been at work; pauses are not in it."""
        end = self._ended if self._ended is not None else self._now()
        paused = 0.0 if self._paused_since is None else end - self._paused_since
        return max(0.0, end - self._began - self._paused_s - paused)

    def set_state(self, state: JobState, reason: str = "", message: str = "") -> None:
        """Note a new state; time spent paused is not active time."""
        if state is JobState.PAUSED and self._paused_since is None:
            self._paused_since = self._now()
            self.pace.slowed(self._now(), "pause")
        elif state is not JobState.PAUSED and self._paused_since is not None:
            self._paused_s += self._now() - self._paused_since
            self._paused_since = None
        self.state, self.reason, self.message = state, reason, message

    def end(self) -> None:
        """The session is over: its clock stands still."""
        self._ended = self._now()

    def draw(self, counters: Counters, in_flight: Sequence[InFlight] = ()) -> Snapshot:
        """A snapshot of this moment around committed counters.

        Args:
            counters: as of the last commit.
            in_flight: of the same moment; what stands ready at the door is not in it, and is pending to everyone
                outside.
        """
        job, admission = self._launch.job, self.admission
        # An item whose result is committed but whose step has not landed yet would count twice.
        running = min(len({flight.index for flight in in_flight}), counters.pending)
        models = tuple(dict.fromkeys(step.model for step in job.steps))
        projected = _projected(counters)
        return Snapshot(
            job=self._launch.job_id,
            name=job.name,
            state=self.state,
            reason=self.reason,
            wake_at=self.wake_at,
            activity=self.activity,
            message=self.message,
            counters=counters,
            running=running,
            requests_in_flight=admission.inside if admission is not None else 0,
            projected=projected,
            projected_band=self.costs.band(projected, counters, ENOUGH_RESULTS),
            other_models=while_running(counters, models, self._launch.prices),
            budget_usd=self.budget_usd,
            elapsed_s=counters.active_s + (0.0 if self._ended is not None else self.active_s()),
            eta=self._eta(counters, running),
            rate_per_s=self.pace.rate_per_s(self._now()) if self._ended is None else 0.0,
            tokens_per_s=self._token_rate(counters),
            concurrency=admission.level if admission is not None else 0,
            ceiling=admission.ceiling if admission is not None else job.run.concurrency,
            concurrency_why=admission.why_lower if admission is not None else "",
            gate_opens_in=admission.upstream.gate.opens_in if admission is not None else None,
            outage_s=admission.outage.lasts_s if admission is not None and admission.outage.open else None,
            probe_in=admission.outage.probe_in if admission is not None and admission.outage.open else None,
            clocks=self.learning.clocks(),
            owner=self.owner if self._ended is None else None,
            last_events=self.events,
            saved_at=self.saved_at,
            started_at=self._began_wall,
            ended_at=time.time() if self._ended is not None else None,
            throughput=self.pace.throughput(self._now()) if self._ended is None else (),
            slowed=self.pace.causes(self._now()) if self._ended is None else (),
            step_models=tuple((step.name, step.model) for step in job.steps),
            latency=self.learning.latency(),
            models=models,
            provider=self._launch.target.name,
            simulated=self._launch.target.simulated,
            executor=self._launch.executor,
            workers=self.workers,
            taken_at=time.time(),
        )

    def _eta(self, counters: Counters, running: int) -> Eta:
        if self.state is JobState.PAUSED or self._ended is not None:
            return Eta(reason="paused" if self.state is JobState.PAUSED else "")
        if self.admission is None or counters.pending == 0:
            return Eta()
        admission = self.admission
        reason = explain(
            current=admission.level,
            ceiling=admission.ceiling,
            in_use=admission.inside,
            gate_opens_in=admission.upstream.gate.opens_in,
            probe_in=admission.outage.probe_in if admission.outage.open else None,
            waits_for=admission.upstream.waits_for,
            pending=counters.pending - running,
            ages=self.flights.ages(),
        )
        if admission.outage.open:
            return Eta(reason=reason)
        remaining = {step.name: counters.pending for step in self._launch.job.steps}
        return self.pace.eta(self._now(), remaining, reason)

    def _token_rate(self, counters: Counters) -> tuple[float, float]:
        now, tokens = self._now(), counters.tokens
        # Until the work begins, counters stand at nothing or at what earlier sessions did.
        if self._ended is not None or self.runner is None:
            return (0.0, 0.0)
        self._tokens.append((now, tokens.input, tokens.output))
        while len(self._tokens) > 2 and self._tokens[0][0] < now - TOKEN_WINDOW_S:
            self._tokens.popleft()
        then, before_in, before_out = self._tokens[0]
        span = now - then
        if span < 1.0:
            return (0.0, 0.0)
        return ((tokens.input - before_in) / span, (tokens.output - before_out) / span)


def _projected(counters: Counters) -> Money:
    """What the whole job will have cost: an item's mean so far, for those still to come."""
    done = counters.succeeded + counters.failed
    money = counters.spend.money
    if counters.pending == 0:
        return money
    if money.usd is None or done < ENOUGH_RESULTS:
        return UNKNOWN
    return Money(money.usd / done * counters.total, MoneyKind.ESTIMATED)
