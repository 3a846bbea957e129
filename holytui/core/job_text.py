"""A job file as text that a person goes on with: values as TOML, comments of ours beside them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import tomli_w

BESIDE = 31
"""Column where comments stand, where the value leaves room."""

WIDEST = 100
"""Columns of a line with its comment; a longer one has it above."""

ORDER = ("name", "input", "provider", "run", "steps")


def job_text(data: Mapping[str, Any], notes: Mapping[str, str] | None = None, head: Sequence[str] = ()) -> str:
    """The text of a job file.

    Args:
        data: as TOML gives it; values that are None are left out.
        notes: comments by dotted key without places in lists: `input.glob`, `steps.prompt`; a line each.
        head: comment lines at the top.
    """
    lines = [f"# {line}".rstrip() for line in head]
    known = [key for key in ORDER if key in data]
    for key in [*known, *(key for key in data if key not in known)]:
        lines += _entry(key, data[key], (key,), notes or {})
    return "\n".join(lines).lstrip("\n") + "\n"


def _entry(key: str, value: Any, place: tuple[str, ...], notes: Mapping[str, str]) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, Mapping):
        yield from ("", f"[{_dotted(place)}]")
        yield from _table(value, place, notes)
    elif isinstance(value, list | tuple) and value and all(isinstance(part, Mapping) for part in value):
        for part in value:
            yield from ("", f"[[{_dotted(place)}]]")
            yield from _table(part, place, notes)
    else:
        yield from _line(key, value, notes.get(".".join(place), ""), first=len(place) == 1)


def _table(table: Mapping[str, Any], place: tuple[str, ...], notes: Mapping[str, str]) -> Iterator[str]:
    """Its values first: in TOML what follows an inner table's header belongs to that table."""
    for inner in (False, True):
        for key, value in table.items():
            if _is_inner(value) is inner:
                yield from _entry(key, value, (*place, key), notes)


def _is_inner(value: Any) -> bool:
    tables = isinstance(value, list | tuple) and bool(value) and all(isinstance(part, Mapping) for part in value)
    return isinstance(value, Mapping) or tables


def _line(key: str, value: Any, note: str, *, first: bool) -> Iterator[str]:
    if first:
        yield ""
    text = tomli_w.dumps({key: value}, multiline_strings=True).rstrip("\n")
    if note and ("\n" in text or max(len(text), BESIDE) + len(note) + 2 > WIDEST):
        yield f"# {note}"
        note = ""
    yield f"{text:<{BESIDE - 1}} # {note}" if note else text


def _dotted(place: Sequence[str]) -> str:
    """A table's name; parts with other signs than letters stand in quotes, as TOML wants them."""
    return ".".join(tomli_w.dumps({part: 0}).rpartition(" = ")[0] for part in place)
