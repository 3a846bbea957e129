"""Checkpoint files of the script that holytui grew out of: what is in them, also in one that breaks off.

`{"progress": {"task_id", "total_items", "results": [{"index", "item", "result" | "error", "status", "timestamp"}], …},
"saved_at", "additional_data"}`. What the file says of numbers is not believed: `processed_items` counts successes only.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from holytui.core.display import safe
from holytui.inputs.json_stream import BrokenOff, JsonStream
from holytui.inputs.reading import InputProblem, opened

_PROMPTS = ("prompt_template", "prompt")
_MODELS = ("model", "model_name")
_DONE, _FAILED = "success", "failed"
_WHOLE = re.compile(r"\s*\+?\d{1,18}\s*")


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What the script noted of one item.

    Attributes:
        index: in its input, None where the file does not say; order, not identity.
        item: a text or a mapping; None where the file does not say.
        answer: None exactly when it failed.
        error: why it failed, as the script wrote it; may be empty.
        at: Unix seconds, None where the file does not say.
    """

    index: int | None
    item: str | dict[str, Any] | None
    answer: str | None
    error: str = ""
    at: float | None = None


@dataclass(frozen=True, slots=True)
class SeedFile:
    """A file of the old format.

    Attributes:
        task_id: empty where the file does not say.
        total: items of the whole input, None where the file does not say.
        results: in the order of the file.
        torn: it breaks off.
        left_out: entries that are no results: no objects, or neither an answer nor a failure.
        prompt, model: out of `additional_data`, None where they are not there.
        started_at, updated_at: Unix seconds, None where the file does not say.
    """

    task_id: str
    total: int | None
    results: tuple[SeedResult, ...]
    torn: bool
    left_out: int
    prompt: str | None
    model: str | None
    started_at: float | None
    updated_at: float | None


def read_seed(path: Path) -> SeedFile:
    """Read such a file; of one that breaks off everything that is complete.

    Raises:
        InputProblem: it cannot be read, or is something else.
    """
    facts = dict[str, Any]()
    results = list[SeedResult]()
    left_out = [0]
    with opened(path) as file:
        stream = JsonStream(file)
        if not stream.peek():
            raise InputProblem(f"{safe(str(path))} is empty.")
        if not stream.take("{"):
            raise _something_else(path)
        try:
            _read_object(stream, facts, results, left_out, inside=False)
            torn = False
        except BrokenOff:
            torn = True
    known = facts.keys() & {"task_id", "total_items", "results", "processed_items"}
    if not results and not known and not (torn and len(facts) <= 1):
        raise _something_else(path)
    more = facts.get("additional_data")
    return SeedFile(
        task_id=_text(facts.get("task_id")),
        total=_index(facts.get("total_items")),
        results=tuple(results),
        torn=torn,
        left_out=left_out[0],
        prompt=_first_text(more, _PROMPTS),
        model=_first_text(more, _MODELS),
        started_at=_moment(facts.get("start_time")),
        updated_at=_moment(facts.get("last_update")) or _moment(facts.get("saved_at")),
    )


def _something_else(path: Path) -> InputProblem:
    return InputProblem(
        f"{safe(str(path))} is not a checkpoint of the old kind: expected a JSON object with progress and results."
    )


def _read_object(
    stream: JsonStream, facts: dict[str, Any], results: list[SeedResult], left_out: list[int], *, inside: bool
) -> None:
    """What stands behind a brace, to its end; `progress` is read as if what is in it stood here."""
    if stream.take("}"):
        return
    while True:
        key = _key(stream)
        if key == "results":
            facts[key] = True
            _read_results(stream, results, left_out)
        elif key == "progress" and not inside and stream.take("{"):
            _read_object(stream, facts, results, left_out, inside=True)
        else:
            facts[key] = stream.value()
        if not _goes_on(stream, "}"):
            return


def _read_results(stream: JsonStream, results: list[SeedResult], left_out: list[int]) -> None:
    """A list of results, or an object of them by index."""
    listed = stream.take("[")
    if not listed and not stream.take("{"):
        stream.value()
        return
    close = "]" if listed else "}"
    if stream.take(close):
        return
    while True:
        index = None if listed else _key(stream)
        result = _result(stream.value(), index)
        if result is None:
            left_out[0] += 1
        else:
            results.append(result)
        if not _goes_on(stream, close):
            return


def _key(stream: JsonStream) -> str:
    key = stream.value()
    if not isinstance(key, str) or not stream.take(":"):
        raise BrokenOff
    return key


def _goes_on(stream: JsonStream, close: str) -> bool:
    if stream.take(","):
        return True
    if stream.take(close):
        return False
    raise BrokenOff


def _result(entry: Any, key: str | None) -> SeedResult | None:
    if not isinstance(entry, dict):
        return None
    index = _index(entry.get("index", key))
    item, at = _item(entry.get("item")), _moment(entry.get("timestamp"))
    status = _text(entry.get("status")).rpartition(".")[2].lower()
    answer = entry.get("result")
    if status == _FAILED or (status != _DONE and answer is None and entry.get("error") is not None):
        return SeedResult(index, item, None, _text(entry.get("error")), at)
    if answer is None or status not in {_DONE, ""}:
        return None
    return SeedResult(index, item, _text(answer), "", at)


def _item(value: Any) -> str | dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return value
    return _text(value)


def _text(value: Any) -> str:
    """A text as it is; another value as JSON, nothing as nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _index(value: Any) -> int | None:
    """A number from 0, also where it is written as a text or as 3.0."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value < 10**18 else None


def _moment(value: Any) -> float | None:
    """Unix seconds of a number or of an ISO 8601 time; one without a zone is local, as the script wrote it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value < 1e11 else None
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return at if 0 < at < 1e11 else None


def _first_text(table: Any, names: tuple[str, ...]) -> str | None:
    if not isinstance(table, Mapping):
        return None
    found = (table.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value.strip()), None)
