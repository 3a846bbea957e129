"""What a value lacks that a JSON Schema asks for, as a sentence: where, what was expected, what came."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

VALUE_CHARS = 60
PLACE_CHARS = 80
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES = {
    "object": "an object",
    "array": "an array",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
_RULES: dict[str, Callable[[Any], str]] = {
    "type": lambda types: " or ".join(_TYPES.get(str(one), str(one)) for one in _listed(types)),
    "enum": lambda values: f"one of {', '.join(map(shortened, _listed(values)))}",
    "const": lambda value: f"the value {shortened(value)}",
    "pattern": lambda pattern: f"text that matches {shortened(pattern)}",
    "format": lambda name: f"text of the format {name}",
    "minimum": lambda bound: f"a number of at least {bound}",
    "maximum": lambda bound: f"a number of at most {bound}",
    "exclusiveMinimum": lambda bound: f"a number above {bound}",
    "exclusiveMaximum": lambda bound: f"a number below {bound}",
    "multipleOf": lambda number: f"a multiple of {number}",
    "minLength": lambda length: f"at least {length} characters",
    "maxLength": lambda length: f"at most {length} characters",
    "minItems": lambda length: f"at least {length} entries",
    "maxItems": lambda length: f"at most {length} entries",
    "uniqueItems": lambda _: "no entry twice",
    "minProperties": lambda length: f"at least {length} keys",
    "maxProperties": lambda length: f"at most {length} keys",
    "required": lambda names: f"the keys {', '.join(map(shortened, _listed(names)))}",
    "additionalProperties": lambda _: "no keys beside those in the schema",
    "not": lambda schema: f"anything but {shortened(schema)}",
    "anyOf": lambda forms: f"one of the {len(forms)} forms under anyOf",
    "oneOf": lambda forms: f"exactly one of the {len(forms)} forms under oneOf",
}


def first_told(errors: Iterable["ValidationError"]) -> str | None:
    """The first of the violated rules that lie highest, as a sentence; None when there is none."""
    from jsonschema.exceptions import best_match

    highest = min(errors, key=lambda error: len(error.absolute_path), default=None)
    if highest is None:
        return None
    return told(best_match([highest]) or highest)  # of the forms under anyOf, the one that was nearly met


def told(error: "ValidationError") -> str:
    """One violated rule as a sentence such as `$.items[2].name: expected text, got 7`."""
    where, rule = place(error.absolute_path), error.validator_value
    if error.validator == "required":
        return f"{_beneath(where, _missing(error.instance, rule))} is missing"
    if error.validator in {"additionalProperties", "unevaluatedProperties"} and rule is False:
        return f"{_beneath(where, _surplus(error))} is not in the schema"
    return f"{where}: expected {shortened_text(_expected(error), 2 * VALUE_CHARS)}, got {shortened(error.instance)}"


def _expected(error: "ValidationError") -> str:
    if error.validator is None:  # the schema `false`, which nothing meets
        return "nothing"
    forms = [_expected(inner) for inner in error.context or () if not inner.relative_path]
    if forms and len(forms) == len(error.context or ()):
        return " or ".join(dict.fromkeys(forms))
    words = _RULES.get(str(error.validator))
    rule: Any = error.validator_value
    return f"{error.validator} {shortened(rule)}" if words is None else words(rule)


def place(path: Iterable[str | int]) -> str:
    """A place in JSON: `$.items[2].name`; from `$` on, cut at its left where it is long."""
    where = "$"
    for part in path:
        where = f"{where}[{part}]" if isinstance(part, int) else _beneath(where, part)
    return where if len(where) <= PLACE_CHARS else f"$…{where[1 - PLACE_CHARS :]}"


def shortened(value: Any) -> str:
    """A value of JSON in a few words; large ones by their size."""
    if isinstance(value, dict) and len(value) > 2:
        return f"an object with {len(value):,} keys"
    if isinstance(value, list) and len(value) > 3:
        return f"an array of {len(value):,}"
    if isinstance(value, str) and len(value) > VALUE_CHARS:
        return f"{json.dumps(value[:VALUE_CHARS], ensure_ascii=False)}… ({len(value):,} characters)"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        return "what is too large to be shown"
    return shortened_text(text, VALUE_CHARS)


def shortened_text(text: str, limit: int) -> str:
    """The first so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _beneath(where: str, name: str) -> str:
    name = shortened_text(name, VALUE_CHARS)
    return f"{where}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{where}[{json.dumps(name, ensure_ascii=False)}]"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _missing(instance: Any, required: Any) -> str:
    return next((name for name in _listed(required) if isinstance(name, str) and name not in instance), "a key")


def _surplus(error: "ValidationError") -> str:
    """The first key that the schema does not know."""
    schema: Any = error.schema
    parts: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    known, patterns = parts.get("properties", {}), parts.get("patternProperties", {})
    instance: Any = error.instance
    for name in instance:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            return str(name)
    return "a key"
