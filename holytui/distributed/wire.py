"""What crosses between owner and workers, as JSON: foreign text may hold lone surrogates, which JSON escapes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.pricing import Money, Usage
from holytui.core.work import AttemptEvent, ItemState, Notice, Outcome, Overrides, Pardon, Record, StepHistory, Work

Event = AttemptEvent | Outcome | Pardon | Notice
"""What an item's run tells the sink."""


def dumps(data: Any) -> str:
    """JSON in ASCII."""
    return json.dumps(data, separators=(",", ":"))


def work_to_json(work: Work) -> dict[str, Any]:
    """An item to be run; what is as usual is left out."""
    record = work.record
    data: dict[str, Any] = {"i": work.index, "id": work.item_id, "r": work.round, "text": record.text}
    if record.fields:
        data["fields"] = dict(record.fields)
    if record.problem is not None:
        data["problem"] = record.problem
    if work.history:
        data["history"] = {name: _history_to_json(past) for name, past in work.history.items()}
    if work.overrides != Overrides():
        data["overrides"] = asdict(work.overrides)
    return data


def work_from_json(data: Mapping[str, Any]) -> Work:
    """The item that `work_to_json` wrote; without the raw input, which only exports show.

    Raises:
        KeyError, TypeError, ValueError: another version wrote it.
    """
    return Work(
        data["i"],
        data["id"],
        data["r"],
        Record(data["text"], data.get("fields", {}), data.get("problem")),
        {name: _history_from_json(past) for name, past in data.get("history", {}).items()},
        Overrides(**data.get("overrides", {})),
    )


def _history_to_json(past: StepHistory) -> dict[str, Any]:
    return {**asdict(past), "last_kind": None if past.last_kind is None else past.last_kind.value}


def _history_from_json(data: Mapping[str, Any]) -> StepHistory:
    return StepHistory(**{**data, "last_kind": _kind(data["last_kind"])})


def event_to_json(event: Event) -> dict[str, Any]:
    """What happened, with its kind of event under `t`; fields that say nothing are left out."""
    match event:
        case AttemptEvent():
            usage, cost = event.usage, event.cost
            data = _unusual(event)
            data["kind"] = None if event.kind is None else event.kind.value
            data["usage"] = [usage.input, usage.output, usage.cached, usage.reasoning, usage.exact, usage.reported_usd]
            data["cost"] = [cost.usd, cost.kind.value]
            return {"t": "attempt", **data}
        case Outcome():
            data = _unusual(event)
            data["kind"] = None if event.kind is None else event.kind.value
            data["closes"] = None if event.closes is None else event.closes.value
            return {"t": "outcome", **data}
        case Pardon():
            return {"t": "pardon", **asdict(event)}
        case Notice():
            return {"t": "notice", **asdict(event)}


def event_from_json(data: Mapping[str, Any]) -> Event:
    """What `event_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: another version wrote it.
    """
    known = {name: value for name, value in data.items() if name != "t"}
    match data["t"]:
        case "attempt":
            known["kind"] = _kind(known["kind"])
            known["usage"] = Usage(*known["usage"])
            known["cost"] = Money.from_json(dict(zip(("usd", "kind"), known["cost"], strict=True)))
            return AttemptEvent(**known)
        case "outcome":
            known["kind"] = _kind(known["kind"])
            known["closes"] = None if known["closes"] is None else ItemState(known["closes"])
            return Outcome(**known)
        case "pardon":
            return Pardon(**known)
        case "notice":
            return Notice(**known)
    raise ValueError(f"no event is called {data['t']!r}")


def _unusual(event: AttemptEvent | Outcome) -> dict[str, Any]:
    """The fields that are not what they are by default."""
    return {name: value for name, usual in _USUAL[type(event)] if (value := getattr(event, name)) != usual}


_USUAL = {kind: tuple((field.name, field.default) for field in fields(kind)) for kind in (AttemptEvent, Outcome)}


def _kind(value: str | None) -> FailureKind | None:
    return None if value is None else FailureKind(value)
