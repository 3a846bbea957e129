"""The JSON of items, as types: a line of an export, an `item` event, a group of failures; in files and over HTTP."""

from typing import Any

from typing_extensions import TypedDict

from holytui.core.progress import iso
from holytui.core.status_json import MoneyJson, TokensJson
from holytui.core.work import Outcome


class ErrorJson(TypedDict):
    """Why an item failed."""

    kind: str | None
    message: str
    http_status: int | None


class RequestJson(TypedDict):
    """Where an answer comes from, or what became of a try; seconds are since the request began."""

    step: str
    round: int
    attempt: int
    counted: bool
    asked_model: str | None
    model: str | None
    request_id: str | None
    http_status: int | None
    kind: str | None
    message: str | None
    started_at: str | None
    connected_s: float | None
    first_token_s: float | None
    last_token_s: float | None
    ended_s: float | None
    clock_s: float | None
    tokens: TokensJson
    cost: MoneyJson
    wasted: bool


class ItemJson(TypedDict):
    """An item with its results: `output` is the last step's, `outputs` has every step's; `input` is as it was given."""

    id: str
    index: int
    input: Any
    status: str
    output: str | None
    outputs: dict[str, str | None]
    error: ErrorJson | None
    attempts: int
    model: str | None
    tokens: TokensJson
    cost_usd: float | None
    finished_at: str | None
    requests: list[RequestJson]


class ItemEventJson(TypedDict):
    """An item that has just got its result."""

    id: str
    index: int
    status: str | None
    step: str
    kind: str | None
    message: str | None
    finished_at: str | None


class FailureGroupJson(TypedDict):
    """Failed items of one kind; `items` are the ids of the first few, `retry_usd` is null where nobody knows."""

    kind: str
    count: int
    meaning: str
    advice: str
    retry_usd: float | None
    items: list[str]


def item_event(outcome: Outcome) -> ItemEventJson:
    """What is told of an item whose result is in the checkpoint."""
    return {
        "id": outcome.item_id,
        "index": outcome.index,
        "status": None if outcome.closes is None else outcome.closes.value,
        "step": outcome.step,
        "kind": None if outcome.kind is None else outcome.kind.value,
        "message": outcome.message or None,
        "finished_at": iso(outcome.at),
    }
