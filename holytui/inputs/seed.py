"""Checkpoint files of the script that holytui grew out of: what is in them, also in one that breaks off.

`{"progress": {"task_id", "total_items", "results": [{"index", "item", "result" | "error", "status", "timestamp"}], …},
"saved_at", "additional_data"}`. What the file says of numbers is not believed: `processed_items` counts successes only.
"""

import contextlib
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from holytui.core.display import safe
from holytui.core.given import GivenItem
from holytui.inputs.json_stream import BrokenOff, JsonStream, NotRead
from holytui.inputs.reading import InputProblem, given_item, opened

_PROMPTS = ("prompt_template", "prompt")
_MODELS = ("model", "model_name")
_DONE, _FAILED = "success", "failed"
_MILLISECONDS = (1e11, 4e12)
"""Numbers from here on are taken for milliseconds, up to the year 2096; as seconds they would be the year 5138."""

_SECONDS = re.compile(r"\s*[0-9]{9,13}(?:\.[0-9]+)?\s*")
"""A number as a text; with fewer digits it is a date."""

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
    item: GivenItem | None
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
        unread: entries that cannot be read; in_part: results of which only a part can.
        prompt, model: out of `additional_data`, None where they are not there.
        started_at, updated_at: Unix seconds, None where the file does not say.
    """

    task_id: str
    total: int | None
    results: tuple[SeedResult, ...]
    torn: bool
    left_out: int
    unread: int
    in_part: int
    prompt: str | None
    model: str | None
    started_at: float | None
    updated_at: float | None


@dataclass(slots=True)
class _Found:
    results: list[SeedResult] = field(default_factory=list)
    left_out: int = 0
    unread: int = 0
    in_part: int = 0

    def add(self, result: SeedResult | None) -> None:
        if result is None:
            self.left_out += 1
        else:
            self.results.append(result)

    def add_part(self, result: SeedResult | None) -> None:
        if result is None:
            self.unread += 1
        else:
            self.results.append(result)
            self.in_part += 1


def read_seed(path: Path) -> SeedFile:
    """Read such a file; of one that breaks off everything that is complete.

    Raises:
        InputProblem: it cannot be read, or is something else.
    """
    facts, found = dict[str, Any](), _Found()
    with opened(path) as file:
        stream = JsonStream(file)
        if not stream.peek():
            raise InputProblem(f"{safe(str(path))} is empty.")
        if not stream.take("{"):
            raise _something_else(path)
        try:
            _read_object(stream, facts, found, inside=False)
            torn = False
        except BrokenOff:
            torn = True
    known = facts.keys() & {"task_id", "total_items", "results", "processed_items"}
    if not found.results and not known and not (torn and len(facts) <= 1):
        raise _something_else(path)
    more = facts.get("additional_data")
    return SeedFile(
        task_id=_text(facts.get("task_id")),
        total=_index(facts.get("total_items")),
        results=tuple(found.results),
        torn=torn,
        left_out=found.left_out,
        unread=found.unread,
        in_part=found.in_part,
        prompt=_first_text(more, _PROMPTS),
        model=_first_text(more, _MODELS),
        started_at=_moment(facts.get("start_time")),
        updated_at=_moment(facts.get("last_update")) or _moment(facts.get("saved_at")),
    )


def _something_else(path: Path) -> InputProblem:
    return InputProblem(
        f"{safe(str(path))} is not a checkpoint of the old kind: expected a JSON object with progress and results."
    )


def _read_object(stream: JsonStream, facts: dict[str, Any], found: _Found, *, inside: bool) -> None:
    """What stands behind a brace, to its end; `progress` is read as if what is in it stood here."""
    if stream.take("}"):
        return
    while True:
        key = _key(stream)
        if key == "results":
            facts[key] = True
            _read_results(stream, found)
        elif key == "progress" and not inside and stream.take("{"):
            _read_object(stream, facts, found, inside=True)
        else:
            with contextlib.suppress(NotRead):
                facts[key] = stream.value()
        if not _goes_on(stream, "}"):
            return


def _read_results(stream: JsonStream, found: _Found) -> None:
    """A list of results, or an object of them by index."""
    listed = stream.take("[")
    if not listed and not stream.take("{"):
        with contextlib.suppress(NotRead):
            stream.value()
        return
    close = "]" if listed else "}"
    if stream.take(close):
        return
    while True:
        index = None if listed else _key(stream)
        try:
            found.add(_result(stream.value(), index))
        except NotRead as entry:
            found.add_part(_result(_readable(entry.text), index))
        except RecursionError:
            found.add_part(None)
        if not _goes_on(stream, close):
            return


def _readable(text: str) -> dict[str, Any]:
    """What can be read of an object that cannot be read as a whole."""
    stream, facts = JsonStream(io.BytesIO(text.encode("utf-8", "surrogateescape"))), dict[str, Any]()
    with contextlib.suppress(BrokenOff):
        goes_on = stream.take("{")
        while goes_on:
            key = _key(stream)
            with contextlib.suppress(NotRead):
                facts[key] = stream.value()
            goes_on = _goes_on(stream, "}")
    return facts


def _key(stream: JsonStream) -> str:
    try:
        key = stream.value()
    except NotRead:
        raise BrokenOff from None
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
    if answer is None or (status not in {_DONE, ""} and not _text(answer).strip()):
        return None  # an empty answer to an item that is still waiting is a place kept free for one
    return SeedResult(index, item, _text(answer), "", at)


def _item(value: Any) -> GivenItem | None:
    try:
        return None if value is None else given_item(value)
    except RecursionError:  # read, but too deep to be written
        return None


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
    """Unix seconds of a number or of an ISO 8601 time; one without a zone is local, as the script wrote it.

    Numbers may be texts, and milliseconds.
    """
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        at = float(value) if 0 < value < _MILLISECONDS[1] else 0.0
        return (at / 1000 if at >= _MILLISECONDS[0] else at) or None
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
