"""The JSON of a job's snapshot, as types: what `status --json`, `run --json` and the HTTP API say alike."""

from typing import Any

from typing_extensions import TypedDict


class MoneyJson(TypedDict):
    """USD, null exactly when the kind is `unknown`; else `reported`, `computed` or `estimated`."""

    usd: float | None
    kind: str


class TokensJson(TypedDict):
    """Tokens; `cached` is part of `input`, `reasoning` part of `output`."""

    input: int
    output: int
    cached: int
    reasoning: int


class BandJson(TypedDict):
    """USD from and to."""

    low_usd: float
    high_usd: float


class ModelCostJson(TypedDict):
    """What the whole job would cost on one other model, in USD."""

    model: str
    usd: float


class EtaJson(TypedDict):
    """Seconds until the end; null while nobody can say."""

    low: float | None
    mid: float | None
    high: float | None


class ConcurrencyJson(TypedDict):
    """Requests at once: allowed now, at most, and why fewer are."""

    current: int
    ceiling: int
    why: str | None


class OwnerJson(TypedDict):
    """The process that runs the job now; times are UTC."""

    pid: int
    host: str
    since: str | None
    heartbeat_at: str | None


class EventJson(TypedDict):
    """A line of the log: the same kind and cause, from first to last, `count` times."""

    kind: str
    first: str | None
    last: str | None
    count: int
    text: str


class StatusJson(TypedDict):
    """Where a job stands: `total = pending + running + succeeded + failed`; times are UTC, seconds and USD plain."""

    job: str
    name: str
    state: str
    reason: str | None
    wake_at: str | None
    total: int
    pending: int
    running: int
    succeeded: int
    failed: int
    failures: dict[str, int]
    attempts: int
    requests: int
    tokens: TokensJson
    cost: MoneyJson
    wasted_usd: float | None
    projected_cost: MoneyJson
    projected_band: BandJson | None
    other_models: list[ModelCostJson]
    budget_usd: float | None
    elapsed_s: float
    eta_s: EtaJson
    eta_reason: str | None
    rate_per_s: float
    concurrency: ConcurrencyJson
    outage_s: float | None
    clocks: list[dict[str, Any]]
    sessions: int
    owner: OwnerJson | None
    last_events: list[EventJson]
    activity: str | None
    message: str | None
    requests_in_flight: int
    models: list[str]
    provider: str
    simulated: bool
    executor: str
    workers: list[dict[str, Any]]
    started_at: str | None
    ended_at: str | None
    saved_at: str | None
