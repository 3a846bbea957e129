"""Tables: JSON lines and CSV; a row is an item, its fields have names."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from holytui.core.template import compact_json
from holytui.core.work import Record
from holytui.inputs.reading import InputProblem, Reading, opened, text_lines, unusable

LARGEST_CELL = 256 * 1024 * 1024
"""Characters; a quote that is never closed would otherwise take the rest of the file into memory."""

NEITHER = "is neither a JSON object nor a string"
"""What the problem of a line with another JSON value ends with; its record keeps the line."""

_DELIMITERS = (",", ";", "\t")
_UNDECODED = range(0xDC80, 0xDD00)
"""What `surrogateescape` makes of bytes that are not UTF-8."""


def read_jsonl(path: Path, id_field: str | None) -> Iterator[Reading]:
    """Every line that is not blank: an object with fields, or a string.

    Raises:
        InputProblem: the file cannot be read.
    """
    with opened(path) as file:
        yield from jsonl_rows(file, id_field)


def jsonl_rows(lines: Iterable[bytes], id_field: str | None) -> Iterator[Reading]:
    """The same from lines that no file holds yet."""
    for number, text, problem in text_lines(lines):
        if problem is not None:
            yield Reading(None, unusable(problem, text))
        else:
            yield _from_json(number, text, id_field)


def _from_json(number: int, line: str, id_field: str | None) -> Reading:
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
        # Refuses 1e999 too: it would be read as infinity, which no JSON file can hold.
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except json.JSONDecodeError as error:
        return Reading(None, unusable(f"line {number} is not JSON: {error.msg} (column {error.colno})", line))
    except (ValueError, RecursionError) as error:
        return Reading(None, unusable(f"line {number} is not JSON: {error}", line))
    if isinstance(value, str):
        problem = None if value.strip() else f"line {number} has no text"
        return Reading(None, unusable(problem, value) if problem else Record(value, raw=value))
    if not isinstance(value, dict):
        return Reading(None, unusable(f"line {number} {NEITHER}", line))
    return _row(value, text, f"line {number}", id_field)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")


def _row(fields: dict[str, Any], text: str, place: str, id_field: str | None) -> Reading:
    given = None if id_field is None else fields.get(id_field)
    if all(value in (None, "") for value in fields.values()):
        return Reading(None, unusable(f"{place} has no text", fields))
    if id_field is not None and given in (None, ""):
        return Reading(None, unusable(f'{place} has nothing in the field "{id_field}" that names it', fields))
    return Reading(given, Record(text, fields, raw=fields))


def read_csv(path: Path, id_field: str | None) -> Iterator[Reading]:
    """Every row under the header; cells may hold line ends in quotes.

    The cells are divided by commas, or where the header has none by semicolons or tabs.

    Raises:
        InputProblem: the file cannot be read, its header cannot be used, or a quote is never closed.
    """
    with opened(path) as binary:
        start = binary.tell()
        first = binary.readline().decode(errors="surrogateescape")
        binary.seek(start)
        file = io.TextIOWrapper(binary, encoding="utf-8", errors="surrogateescape", newline="")
        csv.field_size_limit(LARGEST_CELL)
        delimiter = next((sign for sign in _DELIMITERS if sign in first), ",")
        rows = csv.reader(file, delimiter=delimiter)
        try:
            header = _header(path, next(rows, []), id_field)
            for cells in rows:
                if cells:
                    yield _from_cells(header, cells, rows.line_num, id_field)
        except csv.Error as error:
            raise InputProblem(f"{path} cannot be read as CSV near line {rows.line_num}: {error}.") from error


def _header(path: Path, cells: Sequence[str], id_field: str | None) -> list[str]:
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise InputProblem(f"{path} has no header: expected the names of its columns in the first row.")
    if any(_undecoded(name) for name in names):
        raise InputProblem(f"{path} is not UTF-8.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise InputProblem(f"{path} has more than one column called {', '.join(twice)}.")
    if id_field is not None and id_field not in names:
        raise InputProblem(f'{path} has no column "{id_field}", which id names; it has {", ".join(names)}.')
    return names


def _from_cells(header: Sequence[str], cells: Sequence[str], line: int, id_field: str | None) -> Reading:
    """A row; columns without a name are left out, a row may end early but not late."""
    place = f"the row that ends on line {line}"
    if any(_undecoded(cell) for cell in cells):
        return Reading(None, unusable(f"{place} is not UTF-8", list(cells)))
    if len(cells) > len(header):
        problem = f"{place} has {len(cells)} cells under {len(header)} columns"
        return Reading(None, unusable(problem, list(cells)))
    fields = {name: cell for name, cell in zip(header, cells, strict=False) if name}
    return _row(fields, compact_json(fields), place, id_field)


def _undecoded(text: str) -> bool:
    return not text.isascii() and any(ord(char) in _UNDECODED for char in text)
