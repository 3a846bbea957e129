"""What is wrong with a job file, said to the person who wrote it: all of it on one screen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from holytui.core.display import safe

SEMANTICS = "job_semantics"
"""Type of the error with which the model refuses what `job_checks` found."""

KEY_PATTERN = re.compile(r"(?<![A-Za-z0-9])(sk-|cr_)[A-Za-z0-9_-]{6,}")
"""What looks like an API key anywhere in a message; never shown."""

TABLE_EXPECTED = "expected a table"
"""Begins the sentence on something else where a table has to be; over HTTP there are objects."""

_SENTENCES = {
    "missing": "is missing",
    "string_type": "expected text in quotes",
    "string_too_short": "must not be empty",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "tuple_type": "expected one or more [[steps]]",
    "too_short": "expected at least one of [[steps]]",
}
_NUMBER_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("of at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("of at most", "le"),
}
_PATTERNS = {
    "api_key_env": "expected the name of an environment variable, such as HOLYSHEEP_API_KEY",
    "name": "expected up to 64 letters, digits, - and _",
    "id": "expected up to 100 of a-z, 0-9 and -, beginning with a letter or a digit",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: `key` is dotted (`steps[1].model`), empty for the file as a whole."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class JobFileError(Exception):
    """A job file cannot be used; its text is the screen to show.

    Attributes:
        path: of the file.
        problems: at least one.
    """

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = tuple(_presentable(problem) for problem in problems)
        super().__init__(_screen(path, self.problems))


class JobRefused(ValueError):
    """A job made in code cannot be used; its text says all that is wrong with it.

    Attributes:
        problems: at least one; their keys are the names of arguments, such as `prompt` or `items[3]`.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(_presentable(problem) for problem in problems)
        super().__init__("; ".join(map(str, self.problems)))


def _presentable(problem: Problem) -> Problem:
    return Problem(_hide_keys(safe(problem.key)), _hide_keys(safe(problem.message)))


def _hide_keys(text: str) -> str:
    return KEY_PATTERN.sub(r"\1…", text)


def _screen(path: Path, problems: Sequence[Problem]) -> str:
    name = safe(str(path))
    if len(problems) == 1 and not problems[0].key:
        return f"{name}: {problems[0].message}"
    width = min(max(len(problem.key) for problem in problems), 32)
    headline = f"{name} cannot be used: {len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"  {problem.key or '(file)':<{width}}  {problem.message}" for problem in problems]
    return "\n".join([headline, *lines])


def arrange(refused: Sequence[Problem], found: Iterable[Problem]) -> tuple[Problem, ...]:
    """All problems in a fixed order, each once.

    Args:
        refused: about keys that were taken out of the file.
        found: in what remained; left out where they only say that something refused is missing.
    """
    gone = [problem.key for problem in refused]
    own = {p for p in found if not any(key == p.key or key.startswith(f"{p.key}.") for key in gone)}
    return tuple(sorted({*refused, *own}, key=lambda problem: (_sort_key(problem.key), problem.message)))


def _sort_key(key: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"[.\[\]]+", key)]


def dotted(location: Iterable[str | int]) -> str:
    """A place in a job file: `steps[1].model`; a name with other signs than letters stands in quotes."""
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            key += f".{name}" if key else name
    return key


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` for a name that is nearly a known one, else nothing."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f'; did you mean "{found[0]}"?' if found else ""


def from_pydantic(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """The problems that a model found, without those it was told by `job_checks`."""
    return problems_of(error.errors(include_url=False, include_input=False), root)


def problems_of(details: Sequence[Mapping[str, Any]], root: type[BaseModel]) -> list[Problem]:
    """As `from_pydantic`, from the details of an error."""
    inside = {detail["loc"][:1] for detail in details if len(detail["loc"]) > 1}
    return [
        Problem(dotted(_place(detail["loc"])), _sentence(detail, root))
        for detail in details
        # A list counts as too short when all its parts were refused: those say more.
        if detail["type"] != SEMANTICS and not (detail["type"] == "too_short" and detail["loc"] in inside)
    ]


def _place(location: Sequence[str | int]) -> list[str | int]:
    """A place without the names that pydantic gives to the branches of a union."""
    return [part for part in location if not (isinstance(part, str) and re.match(r"(literal|function-)", part))]


def _sentence(detail: Mapping[str, Any], root: type[BaseModel]) -> str:
    kind, context, location = detail["type"], detail.get("ctx", {}), detail["loc"]
    last = str(location[-1]) if location else ""
    if kind == "extra_forbidden":
        return _unknown_key(location, root)
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return f"{TABLE_EXPECTED}: [{dotted(location)}]"
    if kind in {"int_from_float", "int_parsing"}:
        return "expected a whole number"
    if kind in _NUMBER_BOUNDS:
        words, bound = _NUMBER_BOUNDS[kind]
        return f"expected a number {words} {_number(context[bound])}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(last if "\\S" not in context["pattern"] else "", "must not be empty")
    if kind == "string_too_long":
        return f"expected at most {context['max_length']} characters"
    if kind == "literal_error":
        return f"expected {context['expected'].replace(chr(39), chr(34))}"
    return _SENTENCES.get(kind, str(detail["msg"]))


def _number(bound: float) -> str:
    return f"{int(bound):,}" if bound >= 1e6 else f"{bound:g}"


def _unknown_key(location: Sequence[str | int], root: type[BaseModel]) -> str:
    name = str(location[-1])
    known = _keys_at(location[:-1], root)
    homes = [home for home, keys in _all_keys(root).items() if name in keys]
    if homes:
        return f"unknown key here; it belongs under {' or '.join(homes)}"
    hint = nearest(name, known)
    return f"unknown key{hint}" if hint else f"unknown key; known here: {', '.join(sorted(known))}"


def _keys_at(location: Sequence[str | int], root: type[BaseModel]) -> set[str]:
    model = root
    for part in location:
        field = model.model_fields.get(str(part))
        inner = _model_in(field.annotation) if field is not None else None
        model = inner or model
    return _names(model)


def _names(model: type[BaseModel]) -> set[str]:
    """The keys of a table, as a job file has them."""
    return {field.alias or name for name, field in model.model_fields.items()}


def _all_keys(root: type[BaseModel], home: str = "the top of the file") -> dict[str, set[str]]:
    """Every table of a job file with its keys."""
    found = {home: _names(root)}
    for name, field in root.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None and get_origin(field.annotation) is not dict:
            many = get_origin(field.annotation) is tuple
            found |= _all_keys(inner, f"[[{name}]]" if many else f"[{name}]")
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, be it in a tuple, a dict or optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {tuple, dict, Union, UnionType, Annotated}:
        for argument in get_args(annotation):
            inner = _model_in(argument)
            if inner is not None:
                return inner
    return None
