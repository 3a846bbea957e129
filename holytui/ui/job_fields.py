"""The fields of the new job form, and the job file's data that they stand for."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from holytui.core.job_checks import SOURCES

PATH_KINDS = tuple(source for source in SOURCES if source != "count")
WITHOUT_FIELDS = ("lines", "count")
"""Kinds of input whose items have no field to go by."""


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the form.

    Attributes:
        id: of its widget.
        label: before it.
        hint: in it while it is empty.
        key: of the job file; problems are told by it.
        number: a number is written without quotes.
    """

    id: str
    label: str
    hint: str
    key: str
    number: bool = False


FIELDS = (
    Field("name", "name", "of the job; its answers are saved under it", "name"),
    Field("path", "path", "from this folder on; * and ** stand for any name, any folders", "input"),
    Field("id", "item id", "the field that tells items apart; may be left empty", "input.id"),
    Field("provider", "provider", "", "provider.name"),
    Field("base_url", "address", "of a provider that is not listed", "provider.base_url"),
    Field("model", "model", "as the provider calls it", "steps[0].model"),
    Field("max_tokens", "max tokens", "of an answer; a budget needs it", "steps[0].max_tokens", number=True),
    Field("concurrency", "in flight", "requests at once, at most; 32 if left empty", "run.concurrency", number=True),
    Field("budget", "budget $", "never exceeded; none if left empty", "run.budget_usd", number=True),
    Field("prompt", "prompt", "", "steps[0].prompt"),
)


def kind_of(data: Mapping[str, Any]) -> str:
    """Which kind of input the data has."""
    source = data.get("input", {})
    return next((kind for kind in SOURCES if source.get(kind) is not None), SOURCES[0])


def values_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What the fields begin with."""
    source, provider, run, step = (data.get(name, {}) for name in ("input", "provider", "run", "steps"))
    step = step[0] if step else {}
    found = {
        "name": data.get("name"),
        "path": source.get(kind_of(data)),
        "id": source.get("id"),
        "provider": provider.get("name"),
        "base_url": provider.get("base_url"),
        "model": step.get("model"),
        "prompt": step.get("prompt"),
        "max_tokens": step.get("max_tokens"),
        "concurrency": run.get("concurrency"),
        "budget": run.get("budget_usd"),
    }
    return {name: _written(value) for name, value in found.items()}


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def data_with(data: Mapping[str, Any], kind: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The data with what the fields say; what they do not speak of stays, unless it belongs to what was changed.

    Args:
        data: that the form began with.
        kind: of input, that was chosen.
        values: by field.
    """
    told = deepcopy(dict(data))
    before = values_of(data)
    kept = {key: value for key, value in told.get("input", {}).items() if key not in {*SOURCES, "id"}}
    if kind != "glob":
        kept.pop("max_chars", None)
    source = {kind: _number(values["path"]) if kind == "count" else values["path"], **kept}
    if kind not in WITHOUT_FIELDS and values["id"]:
        source["id"] = values["id"]
    provider = told.get("provider", {}) if values["provider"] == before["provider"] else {}
    if values["provider"] == before["provider"] or values["base_url"] != before["base_url"]:
        provider["base_url"] = values["base_url"] or None
    step, *others = told.get("steps") or [{}]
    step |= {
        "name": step.get("name", "answer"),
        "model": values["model"],
        "prompt": values["prompt"],
        "max_tokens": _number(values["max_tokens"]),
    }
    run = told.get("run", {}) | {
        "concurrency": _number(values["concurrency"]),
        "budget_usd": _number(values["budget"]),
    }
    return {
        **told,
        "name": values["name"],
        "input": source,
        "provider": {**provider, "name": values["provider"]},
        "run": run,
        "steps": [step, *others],
    }


def _number(text: str) -> int | float | str | None:
    """A number, or a text that the job model refuses with its reason; None for nothing."""
    text = text.strip()
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def field_of(key: str) -> str:
    """The field that a problem is told under; empty for none."""
    exact = next((field.id for field in FIELDS if field.key == key), "")
    if exact:
        return exact
    top = key.partition(".")[0]
    return {"input": "path", "provider": "provider"}.get(top, "")


def in_form(message: str) -> str:
    """A problem's words beside a form: what the job file calls `base_url` has another label here."""
    return message.replace("base_url", "base_url (the address)")
