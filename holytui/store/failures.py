"""Failed items put into groups: by kind, by what was said, by step."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

GIST_CHARS = 160
_CHANGING = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(?:[.,:]\d+)*", re.IGNORECASE)
"""What differs between two messages that say the same: numbers, and ids of requests."""

_STATUS = re.compile(r"\A\d{3}\b")
"""Of the response: it begins a message, and says what it is about."""


class Grouping(StrEnum):
    """What failed items are put together by."""

    KIND = "kind"
    MESSAGE = "message"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A failed item, as far as grouping needs it."""

    item_id: str
    kind: str
    step: str
    message: str
    given_up: bool


@dataclass(slots=True)
class _Group:
    kinds: dict[str, int] = field(default_factory=dict)
    items: list[FailedItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FailedGroup:
    """Failed items that belong together.

    Attributes:
        label: the kind, the message without what changes in it, or the step.
        kinds: of its items, the most frequent first.
        items: in input order.
    """

    label: str
    kinds: tuple[str, ...]
    items: tuple[FailedItem, ...]

    @property
    def given_up(self) -> int:
        """Those that a person has put aside."""
        return sum(item.given_up for item in self.items)


def gist(message: str) -> str:
    """A message without what changes from item to item."""
    status = _STATUS.match(message)
    kept = "" if status is None else status[0]
    return (kept + _CHANGING.sub("#", message[len(kept) : 4 * GIST_CHARS]))[:GIST_CHARS]


def grouped(items: Iterable[FailedItem], by: Grouping) -> list[FailedGroup]:
    """Groups of failed items, the largest first."""
    groups: dict[str, _Group] = {}
    for item in items:
        label = {Grouping.KIND: item.kind, Grouping.STEP: item.step}.get(by) or gist(item.message)
        group = groups.setdefault(label, _Group())
        group.kinds[item.kind] = group.kinds.get(item.kind, 0) + 1
        group.items.append(item)
    found = [
        FailedGroup(label, tuple(sorted(group.kinds, key=lambda kind: (-group.kinds[kind], kind))), tuple(group.items))
        for label, group in groups.items()
    ]
    return sorted(found, key=lambda group: (-len(group.items), group.label))
