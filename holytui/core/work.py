"""What crosses between store and engine: frozen, serialisable, the same for local and distributed runs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from holytui.core.bounds import MOST, WIDEST_FACTOR
from holytui.core.failures import FailureKind
from holytui.core.pricing import Money, Usage

IMPORTED = "imported"
"""The message of a request that another program made, whose answer was taken over."""


class ItemState(StrEnum):
    """Where an item stands; `running` is never stored, it is pending work that an owner has in hand."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """One unit of input as a prompt sees it.

    Attributes:
        text: what `{item}` becomes.
        fields: what `{item.name}` becomes, by name; values are JSON values.
        problem: why the input cannot be used (`input_error`), else None; then text and fields are empty.
        raw: what an export shows as `input`: a string for a line, the object for JSONL and CSV, the
            path for a document. It is also what the input hash is made from, with the text.
    """

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    raw: Any = None


@dataclass(frozen=True, slots=True)
class Item:
    """A record with its place and its name, as an input reader yields it.

    Attributes:
        index: position in the input, from 0; order only, never identity.
        item_id: unique within the job; repeats carry `~2`, `~3`.
        input_hash: SHA-256 (32 bytes) of the record.
    """

    index: int
    item_id: str
    record: Record
    input_hash: bytes


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a retry changes for one item; never part of the step hash, so never drift."""

    model: str | None = None
    clock_factor: float = 1.0
    max_tokens: int | None = None
    prompt_suffix: str = ""

    @property
    def unfit(self) -> tuple[str, ...]:
        """Names of the changes that cannot be sent: of a wrong kind, or out of all bounds."""
        said: dict[str, Any] = asdict(self)
        model, factor, tokens = said["model"], said["clock_factor"], said["max_tokens"]
        fits = {
            "model": model is None or (isinstance(model, str) and bool(model.strip())),
            "clock_factor": type(factor) in {int, float} and 0 < factor <= WIDEST_FACTOR,
            "max_tokens": tokens is None or (type(tokens) is int and 1 <= tokens <= MOST),
            "prompt_suffix": isinstance(said["prompt_suffix"], str),
        }
        return tuple(name for name, fit in fits.items() if not fit)


@dataclass(frozen=True, slots=True)
class StepHistory:
    """What one step of one item has behind it.

    Attributes:
        attempts: attempts used in this round, over all sessions.
        timeouts: attempts that a clock ended, over all rounds: each widens the next clock by 1.5.
        answer: the recorded answer, else None.
        last_kind, last_message: why the newest counted attempt of this round failed; a step whose
            attempts are used up without a recorded outcome (the process died between) fails with these.
    """

    attempts: int = 0
    timeouts: int = 0
    answer: str | None = None
    last_kind: FailureKind | None = None
    last_message: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """A pending item, ready to be sent."""

    index: int
    item_id: str
    round: int
    record: Record
    history: Mapping[str, StepHistory] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=Overrides)


@dataclass(frozen=True, slots=True)
class AttemptEvent:
    """One request that ended.

    Attributes:
        number: which attempt of this round, from 1; for a request that is not counted, the attempt it
            would have been.
        counted: uses one of `max_attempts`.
        started_at: Unix time in seconds.
        connected_s, first_s, last_s, ended_s: seconds since the start, None where it never happened.
        clock_s: the limit in seconds of the clock that fired, else None.
        kind: why it failed; None when it was answered, or was cancelled by us (see `message`).
        text: the partial answer of a failed attempt; empty when answered (the Outcome carries it).
        wasted: its cost bought no recorded answer.
        asked: the model that was asked for; `model` is the one that answered.
        tier: length class of the user prompt, as `core.timeouts.tier` has it.
        prompt_chars: characters of all its messages together.
    """

    index: int
    step: str
    round: int
    number: int
    counted: bool
    started_at: float
    ended_s: float
    connected_s: float | None = None
    first_s: float | None = None
    last_s: float | None = None
    clock_s: float | None = None
    kind: FailureKind | None = None
    message: str = ""
    http_status: int | None = None
    request_id: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    cost: Money = field(default_factory=Money)
    text: str = ""
    wasted: bool = False
    asked: str = ""
    tier: int = 0
    prompt_chars: int = 0


@dataclass(frozen=True, slots=True)
class Pardon:
    """A recorded attempt that turns out not to count: the provider was down.

    Attributes:
        number: of the attempt, as its AttemptEvent had it.
        why: for the message that the attempt keeps.
    """

    index: int
    step: str
    round: int
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step of an item ended in: an answer, or a failure.

    Attributes:
        answer: the text when it succeeded; the partial text when the kind keeps one (`truncated`,
            `content_filter`), else None.
        kind: None exactly when the step succeeded.
        at: Unix time in seconds.
        duration_s: active seconds the step took, for the pace.
        closes: the state the item ends in with this outcome, or None while other steps remain.
        item_id: for those who are told; the store goes by the index.
    """

    index: int
    step: str
    round: int
    at: float
    answer: str | None = None
    kind: FailureKind | None = None
    message: str = ""
    http_status: int | None = None
    finish_reason: str = ""
    model: str = ""
    duration_s: float = 0.0
    closes: ItemState | None = None
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a line in the job's log: a 429, a clock that changed, a pause.

    Attributes:
        kind: a short word that repeats are coalesced by, e.g. `rate_limit`, `session`, `timeout.stall`.
        text: a sentence for a person.
        at: Unix time in seconds.
    """

    kind: str
    text: str
    at: float


class Sink(Protocol):
    """Where the engine puts what happened. Never blocks; the writer behind it records in this order."""

    def attempt(self, event: AttemptEvent) -> None:
        """A request ended."""

    def pardon(self, pardon: Pardon) -> None:
        """An attempt that was told as counted is not."""

    def outcome(self, outcome: Outcome) -> None:
        """A step ended."""

    def notice(self, notice: Notice) -> None:
        """Something for the log."""
