"""Prompt templates: `{item}`, `{item.field}` and `{steps.name}`; every other brace is literal."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from holytui.core.work import Record

_SLOT = re.compile(
    r"\{item\}"
    r"|\{item\.(?P<field>[^{}\s](?:[^{}\r\n]*[^{}\s])?)\}"
    r"|\{steps\.(?P<step>[^{}\s]+)\}"
)
_ABSENT = object()


class TemplateError(Exception):
    """The record or the answers lack what the template names; the message is a sentence."""


class _Source(StrEnum):
    LITERAL = "literal"
    ITEM = "item"
    FIELD = "field"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the template: `text` is the literal itself, or the name to look up."""

    source: _Source
    text: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template. Parsing never fails: what is not a slot is text."""

    parts: tuple[_Part, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Split a template into literals and slots."""
        parts = []
        end = 0
        for slot in _SLOT.finditer(text):
            if slot.start() > end:
                parts.append(_Part(_Source.LITERAL, text[end : slot.start()]))
            if slot["field"] is not None:
                parts.append(_Part(_Source.FIELD, slot["field"]))
            elif slot["step"] is not None:
                parts.append(_Part(_Source.STEP, slot["step"]))
            else:
                parts.append(_Part(_Source.ITEM))
            end = slot.end()
        if end < len(text):
            parts.append(_Part(_Source.LITERAL, text[end:]))
        return cls(tuple(parts))

    @property
    def fields(self) -> frozenset[str]:
        """What stands behind `item.`, dots included."""
        return frozenset(part.text for part in self.parts if part.source is _Source.FIELD)

    @property
    def steps(self) -> frozenset[str]:
        """Names of the steps whose answers are used."""
        return frozenset(part.text for part in self.parts if part.source is _Source.STEP)

    def render(self, record: Record, answers: Mapping[str, str]) -> str:
        """Fill the slots in; what is filled in is never read as a template again.

        Args:
            record: of the item.
            answers: by step name, of the steps that are used.

        Raises:
            TemplateError: the record has no such field, or a step has no answer.
        """
        return "".join(_fill(part, record, answers) for part in self.parts)


def compact_json(value: Any) -> str:
    """A JSON value on one line without blanks; text outside ASCII stays readable."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _fill(part: _Part, record: Record, answers: Mapping[str, str]) -> str:
    match part.source:
        case _Source.LITERAL:
            return part.text
        case _Source.ITEM:
            return record.text
        case _Source.FIELD:
            value = _look_up(record.fields, part.text)
            if value is _ABSENT:
                raise TemplateError(f'the item has no field "{part.text}"; {_named(record.fields)}')
            return value if isinstance(value, str) else compact_json(value)
        case _Source.STEP:
            if part.text not in answers:
                raise TemplateError(f'the step "{part.text}" has no answer to use')
            return answers[part.text]


def has_field(fields: Mapping[str, Any], path: str) -> bool:
    """Whether `{item.path}` would be filled in for an item with these fields."""
    return _look_up(fields, path) is not _ABSENT


def _look_up(fields: Mapping[str, Any], path: str) -> Any:
    """The value of a field; a field whose own name holds the dots wins over a path into nested JSON."""
    if path in fields:
        return fields[path]
    value: Any = fields
    for name in path.split("."):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return _ABSENT
    return value


def _named(fields: Mapping[str, Any]) -> str:
    if not fields:
        return "it has none"
    shown = ", ".join(sorted(fields)[:8])
    return f"it has {shown}" + (" and more" if len(fields) > 8 else "")
