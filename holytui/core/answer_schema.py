"""The JSON Schema a step's answers have to meet: read with the job file, saved with the job, never fetched."""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holytui.core.schema_words import first_told, shortened_text

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from referencing.jsonschema import Schema

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TRIED: tuple[Any, ...] = (None, {}, [], "", 0)
"""Enough to run into references that go round in a circle without looking deeper into an answer."""


class SchemaProblem(Exception):
    """A JSON Schema cannot be used; the message says where in it and what was expected."""


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A schema as a job keeps it.

    Attributes:
        path: the file it was read from, as the job file has it; only for people.
        content: compact JSON with sorted keys, so that its layout does not count.
    """

    path: str
    content: str


def read_schema(path: str, base_dir: Path) -> AnswerSchema:
    """Read a schema file and make sure that answers can be checked with it.

    Args:
        path: absolute, from `~`, or relative to `base_dir`.
        base_dir: where the job file lies.

    Raises:
        SchemaProblem: it cannot be read, or is no schema that needs nothing but itself.
    """
    try:
        data = json.loads((base_dir / Path(path).expanduser()).read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        problem = "there is no such file"
    except (OSError, ValueError) as error:
        problem = _unreadable(error)
    except RecursionError:
        problem = "its values are nested too deeply"
    except RuntimeError as error:  # a home that nobody has
        problem = str(error)
    else:
        schema = AnswerSchema(path, json.dumps(data, sort_keys=True, separators=(",", ":")))
        compile_schema(schema)
        return schema
    raise SchemaProblem(f"{path}: {problem}; expected a file with a JSON Schema")


def given_schema(schema: object) -> AnswerSchema:
    """A schema that was given as Python's or JSON's values, if answers can be checked with it.

    Raises:
        SchemaProblem: it is no mapping, or no schema that needs nothing but itself.
    """
    if not isinstance(schema, Mapping):
        raise SchemaProblem("expected a JSON Schema as a mapping")
    try:
        content = json.dumps(schema, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaProblem(f"it is not JSON: {error}") from error
    checked = AnswerSchema("schema", content)
    compile_schema(checked)
    return checked


def _unreadable(error: OSError | ValueError) -> str:
    match error:
        case json.JSONDecodeError():
            return f"it is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case OSError():
            return f"it cannot be read: {error.strerror or error}"
    return f"it cannot be read: {error}"


def compile_schema(schema: AnswerSchema) -> "Validator":
    """What checks answers; made once a step, for making it takes longer than a check.

    Raises:
        SchemaProblem: no answer could be checked with it.
    """
    # Here, because importing them takes longer than all the rest of a small command.
    from jsonschema import validators
    from jsonschema_specifications import REGISTRY

    data = json.loads(schema.content)
    if not isinstance(data, dict):
        raise SchemaProblem(f"{schema.path}: expected an object at the top of a JSON Schema")
    kind = validators.validator_for({"$schema": _dialect(schema.path, data)})
    try:
        with warnings.catch_warnings(action="ignore"):  # about patterns that a later Python may read in another way
            rules = kind(kind.META_SCHEMA, format_checker=kind.FORMAT_CHECKER, registry=REGISTRY)
            broken = first_told(rules.iter_errors(data))
        if broken is not None:
            raise SchemaProblem(f"{schema.path}: {broken}")
        _check_references(schema.path, data)
        # With the library's own registry a reference would be fetched from the network.
        validator = kind(data, registry=REGISTRY)
        for value in _TRIED:
            validator.is_valid(value)
    except RecursionError:
        raise SchemaProblem(f"{schema.path}: its references go round in a circle, or it is nested too deeply") from None
    return validator


def _dialect(path: str, data: dict[str, Any]) -> str:
    from referencing.jsonschema import UnknownDialect, specification_with

    dialect = data.get("$schema", _DIALECT)
    try:
        if isinstance(dialect, str):
            specification_with(dialect)
            return dialect
    except UnknownDialect:
        pass
    raise SchemaProblem(f'{path}: $["$schema"] names no dialect known here; known are those of json-schema.org')


def _check_references(path: str, data: dict[str, Any]) -> None:
    """Every reference has to lead to somewhere in the schema itself, or to a dialect."""
    from jsonschema_specifications import REGISTRY
    from referencing import Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import specification_with

    specification = specification_with(_dialect(path, data))
    root: Resource[Schema] = Resource.from_contents(data, default_specification=specification)
    waiting = [(root, REGISTRY.with_resource("", root).resolver_with_root(root))]
    seen: set[int] = set()
    while waiting:
        part, resolver = waiting.pop()
        for reference in _references(part.contents):
            try:
                found = resolver.lookup(reference)
            except Unresolvable:
                raise SchemaProblem(f"{path}: {_dead_end(reference)}") from None
            if isinstance(found.contents, dict) and id(found.contents) not in seen:
                seen.add(id(found.contents))
                waiting.append((specification.create_resource(found.contents), found.resolver))
        waiting += [(inner, resolver.in_subresource(inner)) for inner in part.subresources()]


def _references(contents: Any) -> Iterator[str]:
    found = (contents.get(keyword) for keyword in _REFERENCES) if isinstance(contents, dict) else ()
    return (reference for reference in found if isinstance(reference, str))


def _dead_end(reference: str) -> str:
    shown = shortened_text(reference, 120)
    if reference.startswith("#"):
        return f'the reference "{shown}" leads nowhere in it'
    return f'the reference "{shown}" leads out of the file; put what it names under "$defs", as "#/$defs/NAME"'
