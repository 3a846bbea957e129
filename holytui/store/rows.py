"""What a reader gives: frozen rows of items, attempts, failures and sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from holytui.core.command import Verb
from holytui.core.failures import RULES, FailureKind
from holytui.core.item_json import FailureGroupJson
from holytui.core.pricing import Money, Usage
from holytui.core.work import ItemState, Overrides, Record


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item in a list.

    Attributes:
        attempts: that counted, of all steps and rounds; tries: the most that one step took, in the newest round that
            had any: of a failed item, of its failed step.
        tokens: input and output, over all its requests.
        seconds: all its requests together.
        finished_at: Unix seconds.
        given_up: why a person put it aside, None: nobody has.
    """

    index: int
    item_id: str
    state: ItemState
    kind: str | None
    step: str | None
    round: int
    attempts: int
    tokens: int
    cost: Money
    seconds: float
    finished_at: float | None
    message: str
    given_up: str | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A recorded request, with everything its AttemptEvent had."""

    step: str
    round: int
    session: int
    number: int
    counted: bool
    started_at: float
    ended_s: float
    connected_s: float | None
    first_s: float | None
    last_s: float | None
    clock_s: float | None
    kind: FailureKind | None
    message: str
    http_status: int | None
    request_id: str
    model: str
    usage: Usage
    cost: Money
    wasted: bool
    text: str
    asked: str = ""
    prompt_chars: int = 0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step of an item ended in.

    Attributes:
        text: the answer, or the partial text of a failure.
        accepted: the answer is a partial text that a person took as it was.
    """

    step: str
    text: str | None
    kind: str | None
    message: str
    http_status: int | None
    model: str
    seconds: float
    at: float
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """Everything recorded of one item."""

    row: ItemRow
    record: Record
    results: Mapping[str, StepResult]
    attempts: tuple[AttemptRow, ...]
    http_status: int | None
    overrides: Overrides = field(default_factory=Overrides)

    @property
    def answers(self) -> dict[str, str]:
        """Recorded answers by step name."""
        return {
            step: result.text
            for step, result in self.results.items()
            if result.kind is None and result.text is not None
        }


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed items of one kind.

    Attributes:
        given_up: of them, those that a person has put aside; a retry leaves them out.
        retry_usd: about what retrying them costs: as much as items that succeeded, else as their attempts
            did; None if unknown.
        samples: ids of the first few.
    """

    kind: str
    count: int
    retry_usd: float | None
    samples: tuple[str, ...]
    given_up: int = 0

    @property
    def open(self) -> int:
        """Those that nobody has put aside."""
        return self.count - self.given_up

    def to_json(self) -> FailureGroupJson:
        """With what the kind means and what to do about it."""
        rule = RULES[FailureKind(self.kind)]
        return {
            "kind": self.kind,
            "count": self.count,
            "meaning": rule.meaning,
            "advice": rule.advice,
            "retry_usd": self.retry_usd,
            "items": list(self.samples),
        }


@dataclass(frozen=True, slots=True)
class MapCell:
    """Items that follow each other: from the index `first` up to, but not including, `end`; the worst state."""

    first: int
    end: int
    state: ItemState


@dataclass(frozen=True, slots=True)
class CellContent:
    """What is in a cell of the map: how many of each state, failures by kind, and the first of the worst."""

    states: Mapping[ItemState, int]
    kinds: Mapping[str, int]
    worst: ItemRow


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of an undo: items that are as they were, and items that had gone on since."""

    verb: Verb
    items: int
    left: int


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One stretch of running; times in Unix seconds."""

    number: int
    pid: int
    host: str
    started_at: float
    ended_at: float | None
    active_s: float
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Drift:
    """What would be paid for again: steps whose text changed, and items that have answers to the old one."""

    changed_steps: tuple[str, ...]
    answered_items: int


@dataclass(frozen=True, slots=True)
class ExportRow:
    """An item for an export; results by step, in the order of the job file, and every request that was sent."""

    row: ItemRow
    record: Record
    results: Mapping[str, StepResult]
    attempts: tuple[AttemptRow, ...]
    http_status: int | None

    @property
    def tokens(self) -> Usage:
        """Of all requests together."""
        return sum((attempt.usage for attempt in self.attempts), Usage())
