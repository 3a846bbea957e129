"""What a person asks of a running job: the only arrow that points back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from holytui.core.bounds import MOST_AT_ONCE, MOST_USD
from holytui.core.work import Overrides


class Verb(StrEnum):
    """The commands an owner understands."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RETRY = "retry"
    CEILING = "ceiling"
    BUDGET = "budget"
    ACCEPT = "accept"
    GIVE_UP = "give_up"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which failed items a command is about; empty fields do not narrow.

    Attributes:
        kinds: failure kinds or families (`timeout`).
        items: item ids.
        everything: also the kinds that fail the same way again.
    """

    kinds: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        selection: failed items to retry, to accept with the partial answers they have, or to give up.
        changes: of a retry.
        ceiling: requests in flight at most.
        budget_usd: of the job from now on, over all its sessions.
        reason: why items are given up, in a person's words.
    """

    verb: Verb
    selection: Selection = field(default_factory=Selection)
    changes: Overrides = field(default_factory=Overrides)
    ceiling: int | None = None
    budget_usd: float | None = None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Command":
        """The command that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: the data is not a command.
        """
        selection = data["selection"]
        return cls(
            Verb(data["verb"]),
            Selection(tuple(selection["kinds"]), tuple(selection["items"]), bool(selection["everything"])),
            _changes(data["changes"]),
            _ceiling(data.get("ceiling")),
            _budget(data.get("budget_usd")),
            str(data.get("reason", "")),
        )


def _changes(data: Mapping[str, Any]) -> Overrides:
    changes = Overrides(**data)
    if changes.unfit:
        raise ValueError(f"no changes that can be sent: {', '.join(changes.unfit)}")
    return changes


def _ceiling(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and 1 <= value <= MOST_AT_ONCE):
        return value
    raise ValueError(f"no number of requests: {value!r}")


def _budget(value: Any) -> float | None:
    if value is None or (isinstance(value, int | float) and 0 <= value <= MOST_USD):
        return value
    raise ValueError(f"no amount of money: {value!r}")
