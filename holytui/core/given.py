"""Items that the caller of a job gives with it, in place of an input: checked, and as the lines they are saved as."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from holytui.core.display import safe
from holytui.core.job_problems import Problem, nearest
from holytui.core.template import Template, has_field

GIVEN_FILE = "items.jsonl"
"""In the job's folder: the given items, a JSON value a line."""

BESIDE = "."
"""The base folder of a job whose items lie in its own folder, wherever that is moved."""

MOST_PROBLEMS = 10
MOST_INT = 10**4_000
"""Python reads no integers of many more digits."""

GivenItem = str | dict[str, Any]

_JSON_WORDS: dict[type, str] = {
    str: "one text",
    dict: "one mapping",
    list: "a list",
    tuple: "a list",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def check_items(items: object) -> tuple[tuple[GivenItem, ...], list[Problem]]:
    """Copies of the items, and what is wrong with them: each problem names its place, such as `items[3].tags[0]`.

    Args:
        items: whatever a caller gave; texts, or mappings of names to JSON values.
    """
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        return (), [Problem("items", f"expected a list of texts or of mappings, got {_named(items)}")]
    kept, problems = list[GivenItem](), list[Problem]()
    for index, item in enumerate(items):
        place = f"items[{index}]"
        if isinstance(item, str):
            kept.append(str(item))
        elif isinstance(item, Mapping):
            try:
                kept.append(_plain_mapping(item, place))
            except _NoJson as problem:
                problems.append(problem.problem)
            except RecursionError:
                problems.append(Problem(place, "its values are nested too deeply"))
        else:
            problems.append(Problem(place, f"expected a text or a mapping of names to JSON values, got {_named(item)}"))
        if len(problems) >= MOST_PROBLEMS:
            break
    if not kept and not problems:
        problems.append(Problem("items", "there is none"))
    return tuple(kept), problems


def field_problems(items: Sequence[GivenItem], templates: Mapping[str, object], id_field: object) -> Iterator[Problem]:
    """Fields that no item has; one that only some lack fails those when their turn comes.

    Args:
        items: checked ones.
        templates: by the name of their argument; what is no text is passed over.
        id_field: the field that identifies an item, if it is a text.
    """
    wanted = [
        (place, field, f"{{item.{field}}}")
        for place, text in templates.items()
        if isinstance(text, str)
        for field in sorted(Template.parse(text).fields)
    ]
    if isinstance(id_field, str):
        wanted.append(("id", id_field, f'"{id_field}"'))
    known = {name for item in islice(items, 1_000) if not isinstance(item, str) for name in item}
    for place, field, written in wanted:
        if any(not isinstance(item, str) and _has(item, field, place) for item in items):
            continue
        if not known:
            yield Problem(place, f"these items are texts and have no fields: {written} is none of theirs")
        else:
            names = ", ".join(safe(name, limit=40) for name in sorted(known)[:8])
            hint = nearest(field, known) or f"; they have {names}"
            yield Problem(place, f"{written} is a field of none of the items{hint}")


def _has(item: Mapping[str, Any], field: str, place: str) -> bool:
    return field in item if place == "id" else has_field(item, field)


def lines_of(items: Iterable[GivenItem]) -> Iterator[bytes]:
    """The items as the lines of a JSON lines file, in UTF-8; lone surrogates as escapes."""
    for item in items:
        try:
            yield json.dumps(item, ensure_ascii=False).encode() + b"\n"
        except UnicodeEncodeError:
            yield json.dumps(item).encode() + b"\n"


class _NoJson(Exception):
    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(place, message)


def _plain_mapping(value: Mapping[Any, Any], place: str) -> dict[str, Any]:
    plain = {}
    for name, inner in value.items():
        if not isinstance(name, str):
            raise _NoJson(place, f"expected names as text, got {_named(name)}: {safe(repr(name), limit=40)}")
        plain[str(name)] = _plain(inner, f"{place}.{safe(name, limit=40)}")
    return plain


def _plain(value: object, place: str) -> Any:
    """A JSON value as `json` would read it back."""
    match value:
        case None | bool():
            return value
        case str():
            return str(value)
        case int() if -MOST_INT < value < MOST_INT:
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case int() | float():
            raise _NoJson(place, f"{_shown(value)} is no number that JSON has")
        case Mapping():
            return _plain_mapping(value, place)
        case list() | tuple():
            return [_plain(inner, f"{place}[{index}]") for index, inner in enumerate(value)]
    raise _NoJson(place, f"expected a JSON value, got {_named(value)}")


def _shown(value: float) -> str:
    return "this" if isinstance(value, int) else repr(value)


def _named(value: object) -> str:
    """What something is in the words of JSON, for items come over HTTP too; what JSON has not, in Python's."""
    return _JSON_WORDS.get(type(value), type(value).__name__)
