"""How an item is written, and what it is in whatever way it is written: what two items have to share to be the same."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from holytui.core.given import GivenItem
from holytui.core.template import compact_json

Form = Callable[[GivenItem], str]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,6})?")
"""A JSON number; 007 is a text. Nobody means more than a million digits."""


def as_written(item: GivenItem) -> str:
    """The item as it stands there, but for what is blank around a text and for the order of its fields."""
    return item.strip() if isinstance(item, str) else compact_json(dict(sorted(item.items())))


def in_values(item: GivenItem) -> str:
    """The item by its values: what a table, JSON and Python's own writing of it share.

    Numbers count by their value, as texts too (`4`, `4.0`, `"4"`), for a CSV has only texts; a text that is JSON of an
    object or a list counts as that; a field that is empty or null counts as none; a line ends in one way only.
    """
    try:
        return json.dumps(_plain(item), sort_keys=True)
    except RecursionError:
        return as_written(item)


def in_text(item: GivenItem) -> str:
    """The same, and a row of one field counts as what is in it, whatever the field is called."""
    try:
        value = _plain(item)
        if isinstance(value, dict) and len(value) == 1:
            (value,) = value.values()
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return as_written(item)


FORMS: tuple[Form, ...] = (as_written, in_values, in_text)
"""From the strictest on: what two items share in one of them they share in those that follow."""


def _plain(value: Any) -> Any:
    match value:
        case None:
            return ""
        case str():
            return _plain_text(value.strip().replace("\r\n", "\n"))
        case bool():
            return "true" if value else "false"
        case int():
            return _number(str(value))
        case float():
            return _number(repr(value)) if math.isfinite(value) else compact_json(value)
        case dict():
            fields = {name.strip(): _plain(inner) for name, inner in value.items()}
            return {name: inner for name, inner in fields.items() if inner != ""}
        case _:
            return [_plain(inner) for inner in value]


def _plain_text(text: str) -> Any:
    if text[:1] in {"{", "["}:
        try:
            return _plain(json.loads(text))
        except (ValueError, RecursionError):
            return text
    if _NUMBER.fullmatch(text):
        return _number(text)
    return text.lower() if text in {"True", "False"} else text


def _number(text: str) -> str:
    """One way to write a number of this value, to its last digit."""
    sign, digits, exponent = Decimal(text).as_tuple()
    written = "".join(map(str, digits))
    kept = written.rstrip("0")
    if not kept:
        return "0"
    assert isinstance(exponent, int)
    return f"{'-' if sign else ''}{kept}e{exponent + len(written) - len(kept)}"
