"""What is known of a run: counters that the checkpoint keeps, and the snapshot that everyone sees."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from holytui.core.learning import Latency, LearnedClock
from holytui.core.pricing import NOTHING, UNKNOWN, Money, MoneyKind, Usage
from holytui.core.status_json import BandJson, StatusJson
from holytui.core.workers import LOCAL, WorkerSeen


class JobState(StrEnum):
    """Where a job stands; `reason` beside it says why."""

    READY = "ready"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"


LIVE_STATES = frozenset({JobState.PREPARING, JobState.RUNNING, JobState.PAUSING})


@dataclass(frozen=True, slots=True)
class Spend:
    """Money by how it is known, so that a sum never hides what is unknown.

    Attributes:
        reported, computed, estimated: USD.
        unknown: requests whose cost nobody knows.
    """

    reported: float = 0.0
    computed: float = 0.0
    estimated: float = 0.0
    unknown: int = 0

    def add(self, money: Money) -> "Spend":
        """This spend with one more request."""
        if money.usd is None:
            return Spend(self.reported, self.computed, self.estimated, self.unknown + 1)
        parts = {"reported": self.reported, "computed": self.computed, "estimated": self.estimated}
        parts[money.kind.value] += money.usd
        return Spend(**parts, unknown=self.unknown)

    def less(self, money: Money) -> "Spend":
        """This spend without one request that was added before."""
        if money.usd is None:
            return Spend(self.reported, self.computed, self.estimated, max(0, self.unknown - 1))
        parts = {"reported": self.reported, "computed": self.computed, "estimated": self.estimated}
        parts[money.kind.value] = max(0.0, parts[money.kind.value] - money.usd)
        return Spend(**parts, unknown=self.unknown)

    @property
    def known_usd(self) -> float:
        """USD of the part that is known; never shown alone where `unknown` is above 0."""
        return self.reported + self.computed + self.estimated

    @property
    def money(self) -> Money:
        """The sum as typed money: unknown as soon as one request is."""
        if self.unknown:
            return UNKNOWN
        if self.estimated:
            return Money(self.known_usd, MoneyKind.ESTIMATED)
        if self.computed:
            return Money(self.known_usd, MoneyKind.COMPUTED)
        return Money(self.known_usd, MoneyKind.REPORTED) if self.reported else NOTHING


@dataclass(frozen=True, slots=True)
class Counters:
    """What the checkpoint keeps in the same transaction as the results.

    Attributes:
        total: items of the job that are not removed; pending = total - succeeded - failed.
        failures: failed items by kind; given_up: those of them that a person has put aside.
        attempts, requests: over all sessions; requests includes what is not counted as an attempt.
        wasted: spend that bought no recorded answer; part of `spend`.
        by_step: spend of recorded answers by step name; spend = sum(by_step) + wasted.
        steps_done: recorded answers and failures by step name, of items of this job.
        active_s: seconds of all ended sessions.
    """

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    attempts: int = 0
    requests: int = 0
    tokens: Usage = field(default_factory=Usage)
    spend: Spend = field(default_factory=Spend)
    wasted: Spend = field(default_factory=Spend)
    by_step: Mapping[str, Spend] = field(default_factory=dict)
    steps_done: Mapping[str, int] = field(default_factory=dict)
    given_up: Mapping[str, int] = field(default_factory=dict)
    sessions: int = 0
    active_s: float = 0.0

    @property
    def pending(self) -> int:
        """Items without a result."""
        return self.total - self.succeeded - self.failed

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Counters":
        known = dict(data)
        known["tokens"] = Usage(**known["tokens"])
        known["spend"] = Spend(**known["spend"])
        known["wasted"] = Spend(**known["wasted"])
        known["by_step"] = {name: Spend(**spend) for name, spend in known["by_step"].items()}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds until the end: a band and its middle. `None` fields: not known yet."""

    low: float | None = None
    mid: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs a job now; times are Unix seconds."""

    pid: int
    host: str
    since: float
    heartbeat_at: float
    user: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A coalesced event: the same kind and cause, from first to last (Unix seconds), `count` times."""

    kind: str
    first: float
    last: float
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class InFlight:
    """One item in hand, for the live panel.

    Attributes:
        phase: connecting, waiting, queued, streaming, silent, or `retry 2/3`.
        seconds: since the clock that will fire first was armed.
        limit: seconds at which it fires.
        age: seconds since the item was taken up: the panel's order, oldest first.
        tail: the last words of the answer so far, or what it waits for; foreign text.
    """

    index: int
    item_id: str
    step: str
    phase: str
    seconds: float
    limit: float
    age: float
    tail: str


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What the whole job would cost on one other model, in USD."""

    model: str
    usd: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable picture of a job: drawn by panels, printed by `status --json`, kept in `live.json`.

    Seconds, USD and tokens throughout; times are Unix seconds (JSON: ISO 8601 UTC).

    Attributes:
        activity: what it is doing in words where the state alone does not say, e.g.
            `Reading input 312 of 800`; empty otherwise.
        message: the sentence for a person about why it stopped or paused and the way out.
        spend, wasted, by_step: money so far, over all sessions; spend = by_step + wasted.
        projected_band: USD from and to which the whole job will cost, None while too little is known.
        other_models: the same job on one other model each, cheapest first.
        gate_opens_in: seconds until a closed gate opens, else None.
        outage_s: seconds for which the provider has been down, else None; probe_in: until it is asked again.
        concurrency, ceiling: requests allowed at once now, and at most; concurrency_why: why fewer, empty at most.
        clocks: what the attempt clocks have learned, the best known first.
        host: where it ran last.
        saved_at: when the last result was committed, Unix seconds.
        throughput: results a minute, oldest first, at most the last hour; slowed: what held each minute up.
        step_models: (step, model) in the order of the job file.
        latency: how long the attempts of the best known clock took.
        simulated: the provider is the simulator.
        executor: where items run, or ran last: `local`, in the owner's process, or on workers, which `workers` lists
            while somebody owns the job.
    """

    job: str
    name: str
    state: JobState
    reason: str = ""
    wake_at: float | None = None
    activity: str = ""
    message: str = ""
    counters: Counters = field(default_factory=Counters)
    running: int = 0
    requests_in_flight: int = 0
    projected: Money = UNKNOWN
    projected_band: tuple[float, float] | None = None
    other_models: tuple[ModelCost, ...] = ()
    budget_usd: float | None = None
    elapsed_s: float = 0.0
    eta: Eta = field(default_factory=Eta)
    rate_per_s: float = 0.0
    tokens_per_s: tuple[float, float] = (0.0, 0.0)
    concurrency: int = 0
    ceiling: int = 0
    concurrency_why: str = ""
    outage_s: float | None = None
    probe_in: float | None = None
    clocks: tuple[LearnedClock, ...] = ()
    gate_opens_in: float | None = None
    owner: Owner | None = None
    host: str = ""
    last_events: tuple[LogLine, ...] = ()
    saved_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    throughput: tuple[float, ...] = ()
    slowed: tuple[str, ...] = ()
    step_models: tuple[tuple[str, str], ...] = ()
    latency: Latency | None = None
    models: tuple[str, ...] = ()
    provider: str = ""
    simulated: bool = False
    executor: str = LOCAL
    workers: tuple[WorkerSeen, ...] = ()
    taken_at: float = 0.0

    @property
    def pending(self) -> int:
        """Items neither finished nor in hand."""
        return self.counters.pending - self.running

    def to_json(self) -> StatusJson:
        """The contract's object (design §7), with the extra fields that viewers need beside it."""
        counters = self.counters
        return {
            "job": self.job,
            "name": self.name,
            "state": self.state.value,
            "reason": self.reason or None,
            "wake_at": iso(self.wake_at),
            "total": counters.total,
            "pending": self.pending,
            "running": self.running,
            "succeeded": counters.succeeded,
            "failed": counters.failed,
            "failures": dict(counters.failures),
            "attempts": counters.attempts,
            "requests": counters.requests,
            "tokens": counters.tokens.to_json(),
            "cost": counters.spend.money.to_json(),
            "wasted_usd": None if counters.wasted.unknown else round(counters.wasted.known_usd, 8),
            "projected_cost": self.projected.to_json(),
            "projected_band": _band_json(self.projected_band),
            "other_models": [{"model": other.model, "usd": round(other.usd, 8)} for other in self.other_models],
            "budget_usd": self.budget_usd,
            "elapsed_s": round(self.elapsed_s, 3),
            "eta_s": {"low": self.eta.low, "mid": self.eta.mid, "high": self.eta.high},
            "eta_reason": self.eta.reason or None,
            "rate_per_s": round(self.rate_per_s, 4),
            "concurrency": {
                "current": self.concurrency,
                "ceiling": self.ceiling,
                "why": self.concurrency_why or None,
            },
            "outage_s": None if self.outage_s is None else round(self.outage_s, 1),
            "clocks": [asdict(clock) for clock in self.clocks],
            "sessions": counters.sessions,
            "owner": None
            if self.owner is None
            else {
                "pid": self.owner.pid,
                "host": self.owner.host,
                "since": iso(self.owner.since),
                "heartbeat_at": iso(self.owner.heartbeat_at),
            },
            "last_events": [
                {
                    "kind": line.kind,
                    "first": iso(line.first),
                    "last": iso(line.last),
                    "count": line.count,
                    "text": line.text,
                }
                for line in self.last_events
            ],
            "activity": self.activity or None,
            "message": self.message or None,
            "requests_in_flight": self.requests_in_flight,
            "models": list(self.models),
            "provider": self.provider,
            "simulated": self.simulated,
            "executor": self.executor,
            "workers": [{**asdict(worker), "seen_at": iso(worker.seen_at)} for worker in self.workers],
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "saved_at": iso(self.saved_at),
        }

    def to_live(self) -> dict[str, Any]:
        """Every field, for `live.json`: what `from_live` reads back."""
        return asdict(self)

    @classmethod
    def from_live(cls, data: Mapping[str, Any]) -> "Snapshot":
        """The snapshot that `to_live` wrote.

        Raises:
            KeyError, TypeError, ValueError: the data is of another version.
        """
        known = dict(data)
        known["state"] = JobState(known["state"])
        known["counters"] = Counters.from_json(known["counters"])
        known["projected"] = Money.from_json(known["projected"])
        known["projected_band"] = None if known["projected_band"] is None else tuple(known["projected_band"])
        known["other_models"] = tuple(ModelCost(**cost) for cost in known["other_models"])
        known["eta"] = Eta(**known["eta"])
        known["owner"] = None if known["owner"] is None else Owner(**known["owner"])
        known["last_events"] = tuple(LogLine(**line) for line in known["last_events"])
        known["clocks"] = tuple(LearnedClock(**clock) for clock in known["clocks"])
        for name in ("throughput", "slowed"):
            known[name] = tuple(known[name])
        known["step_models"] = tuple((step, model) for step, model in known["step_models"])
        known["latency"] = None if known["latency"] is None else _latency(known["latency"])
        known["models"] = tuple(known["models"])
        known["workers"] = tuple(WorkerSeen.from_json(worker) for worker in known["workers"])
        known["tokens_per_s"] = tuple(known["tokens_per_s"])
        return cls(**known)


def _latency(data: Mapping[str, Any]) -> Latency:
    return Latency(tuple(data["edges"]), tuple(data["counts"]), LearnedClock(**data["clock"]))


def _band_json(band: tuple[float, float] | None) -> BandJson | None:
    return None if band is None else {"low_usd": round(band[0], 8), "high_usd": round(band[1], 8)}


def iso(at: float | None) -> str | None:
    """A Unix time as UTC ISO 8601 with Z, to the millisecond; None stays None."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
