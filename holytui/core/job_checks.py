"""Checks of a job file beyond the shape of its parts; on plain data, so that all of them always run."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from holytui.core.job_problems import Problem, dotted, nearest
from holytui.core.template import Template

LATER = "not in this version"
_LATER_KEYS = {
    ("input", "openai_batch"),
}
_DOCUMENT = re.compile(r"\.(pdf|docx?|xlsx?|pptx?|od[tsp]|epub|rtf|png|jpe?g|gif|webp|tiff?|zip|gz)$", re.IGNORECASE)
SOURCES = ("glob", "jsonl", "csv", "lines", "count")
_FIELDS_OF = {"glob": {"text", "path", "name"}, "lines": set[str](), "count": set[str]()}
_SECRET_NAME = re.compile(r"^(api[-_]?key|apikey|key|token|secret|password|auth(orization)?|bearer)$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"(?<![A-Za-z0-9])(sk-|cr_)(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}")
_SECRET_ALONE = re.compile(r"^\s*(Bearer\s+)?(sk-|cr_)\S+\s*$")
_NO_KEYS = "an API key does not belong in a job file; name its environment variable in api_key_env"
_FREE_TEXT = {"prompt", "system"}
_DROPPED = object()


def forbidden(data: Mapping[str, Any]) -> tuple[list[Problem], dict[str, Any]]:
    """Keys that are refused by name, and API keys.

    Returns:
        The problems, and the data without the keys they are about.
    """
    problems: list[Problem] = []
    remaining = _sift(data, (), problems)
    assert isinstance(remaining, dict)
    return problems, remaining


def _sift(value: Any, place: tuple[str | int, ...], problems: list[Problem]) -> Any:
    problem = _refusal(value, place)
    if problem is not None:
        problems.append(Problem(dotted(place), problem))
        return _DROPPED
    if isinstance(value, Mapping):
        kept = {name: _sift(inner, (*place, name), problems) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not _DROPPED}
    if isinstance(value, list):
        kept_list = [_sift(inner, (*place, index), problems) for index, inner in enumerate(value)]
        return [inner for inner in kept_list if inner is not _DROPPED]
    return value


def _refusal(value: Any, place: tuple[str | int, ...]) -> str | None:
    names = tuple(part for part in place if isinstance(part, str))
    if names in _LATER_KEYS:
        return LATER
    if not names or names[:2] == ("provider", "prices"):
        return None
    if names[-1] not in _FREE_TEXT and _SECRET_NAME.match(names[-1]):
        return _NO_KEYS
    if not isinstance(value, str):
        return None
    is_path = names[0] == "input" or names == ("steps", "schema")
    if not is_path and _SECRET_VALUE.search(value):  # a file may well be called cr_2024_…
        return _NO_KEYS
    if names[0] == "provider" and _SECRET_ALONE.match(value):
        return _NO_KEYS
    return _secret_in_address(value) if names == ("provider", "base_url") else None


def _secret_in_address(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if "@" in parts.netloc or any(_SECRET_NAME.match(name) for name, _ in parse_qsl(parts.query)):
        return "the address must not hold a user, a password or a key; name its variable in api_key_env"
    return None


def meaning(data: Mapping[str, Any]) -> list[Problem]:
    """What the parts say together: one source, names once, templates that can be filled, no circles.

    Args:
        data: a job file as TOML gives it, or a job's own dump; parts of a wrong shape are passed over.
    """
    return [*_input_problems(data.get("input")), *_step_problems(data)]


def _given_sources(source: Mapping[str, Any]) -> list[str]:
    return [name for name in SOURCES if source.get(name) is not None]


def _input_problems(source: Any) -> Iterator[Problem]:
    if not isinstance(source, Mapping):
        return
    given = _given_sources(source)
    if len(given) != 1:
        have = f"this file has {' and '.join(given)}" if given else "this file has none"
        yield Problem("input", f"expected exactly one of {', '.join(SOURCES)}; {have}")
        return
    kind = given[0]
    if kind in {"lines", "count"} and source.get("id") is not None:
        yield Problem("input.id", f"works with jsonl, csv and glob: {kind} has no fields")
    elif kind == "glob" and isinstance(source.get("id"), str) and source["id"] not in _FIELDS_OF["glob"]:
        hint = nearest(source["id"], _FIELDS_OF["glob"])
        yield Problem("input.id", f"a document's fields are name, path, text{hint}")
    if kind != "glob" and source.get("max_chars") is not None:
        yield Problem("input.max_chars", "works with glob only")
    pattern = source.get("glob")
    if isinstance(pattern, str) and _DOCUMENT.search(pattern):
        yield Problem("input.glob", f"documents other than text files are {LATER}")


def _step_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    steps = data.get("steps")
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        return
    tables = [(index, _as_mapping(step)) for index, step in enumerate(steps)]
    names = [step.get("name") for _, step in tables]
    fields = _known_fields(data.get("input"))
    uses: dict[str, set[str]] = {}
    for index, step in tables:
        name = step.get("name")
        if isinstance(name, str) and names.index(name) != index:
            yield Problem(f"steps[{index}].name", f'"{name}" is the name of steps[{names.index(name)}] too')
        if step.get("schema") is not None and step.get("response_format") == "text":
            yield Problem(f"steps[{index}].response_format", 'an answer that a schema checks is "json"; leave this out')
        for key in ("system", "prompt"):
            text = step.get(key)
            if isinstance(text, str):
                template = Template.parse(text)
                place = f"steps[{index}].{key}"
                yield from _template_problems(template, place, name, [n for n in names if isinstance(n, str)])
                yield from _field_problems(template, place, fields)
                if isinstance(name, str):
                    uses.setdefault(name, set()).update(template.steps - {name})
    circle = _circle(uses)
    if circle:
        yield Problem("steps", f"these use each other's answers in a circle: {', '.join(circle)}")


def _as_mapping(step: Any) -> Mapping[str, Any]:
    if isinstance(step, Mapping):
        return step
    return step.model_dump() if hasattr(step, "model_dump") else {}


def _template_problems(template: Template, place: str, own: Any, names: Sequence[str]) -> Iterator[Problem]:
    for used in sorted(template.steps):
        if used == own:
            yield Problem(place, f"{{steps.{used}}} is this step's own answer")
        elif used not in names:
            known = f"; the steps are {', '.join(names)}" if names else ""
            yield Problem(place, f"{{steps.{used}}} names no step{nearest(used, names) or known}")


def _known_fields(source: Any) -> set[str] | None:
    """The fields that items will have, or None where only the input itself tells."""
    if not isinstance(source, Mapping):
        return None
    given = _given_sources(source)
    return _FIELDS_OF.get(given[0]) if len(given) == 1 else None


def _field_problems(template: Template, place: str, known: set[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    for field in sorted(template.fields - known):
        if known:
            yield Problem(place, f"a document's fields are name, path, text; {{item.{field}}} is none of them")
        else:
            yield Problem(place, f"these items have no fields: write {{item}} instead of {{item.{field}}}")


def _circle(uses: Mapping[str, set[str]]) -> list[str]:
    """The steps that can never be reached because they wait for each other."""
    waiting = {name: used & uses.keys() for name, used in uses.items()}
    while True:
        ready = {name for name, used in waiting.items() if not used}
        if not ready:
            break
        waiting = {name: used - ready for name, used in waiting.items() if name not in ready}
    in_circle = set(waiting)
    while True:  # what only waits for the circle is not part of it
        used_by_rest = set[str]().union(*(waiting[name] & in_circle for name in in_circle))
        if in_circle <= used_by_rest:
            return sorted(in_circle)
        in_circle &= used_by_rest
