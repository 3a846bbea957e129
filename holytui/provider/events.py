"""What a streaming answer brings, as typed events."""

from collections.abc import Mapping
from dataclasses import dataclass

from holytui.core.pricing import Usage


@dataclass(frozen=True, slots=True)
class Opened:
    """The headers of a 2xx arrived."""

    status: int
    request_id: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """A comment or blank lines: the connection lives, the answer has not moved."""


@dataclass(frozen=True, slots=True)
class Content:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """More of what the model thinks before it answers; not part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class UsageSeen:
    """The provider's own count of tokens, and perhaps its own price."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete, for this reason, by this model."""

    reason: str
    model: str


Event = Opened | KeepAlive | Content | Reasoning | UsageSeen | Finish
