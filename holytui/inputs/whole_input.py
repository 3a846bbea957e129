"""A whole input as items that a job takes with it: lines, JSON lines, CSV, or one JSON array."""

import json
from pathlib import Path

from holytui.core.display import safe
from holytui.core.given import GivenItem, check_items
from holytui.core.job import Input
from holytui.core.work import Record
from holytui.inputs.reading import InputProblem, given_item, opened
from holytui.inputs.source import read
from holytui.inputs.table import NEITHER

_TABLES = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def read_whole(path: Path) -> list[GivenItem]:
    """All items of a file, in order; what has no text is an empty text.

    Raises:
        InputProblem: it cannot be read, holds none, or one of them is no item.
    """
    try:
        return _read_whole(path)
    except RecursionError:
        raise InputProblem(f"{safe(str(path))} cannot be used: an item is nested too deeply.") from None


def _read_whole(path: Path) -> list[GivenItem]:
    suffix = path.suffix.lower()
    with opened(path) as file:
        is_array = suffix == ".json" and file.read(65_536).lstrip()[:1] == b"["
    if is_array:
        return _array(path)
    source = Input.model_validate({_TABLES.get(suffix, "lines"): path.name})
    return [_given(item.record, path) for item in read(source, path.parent)]


def _given(record: Record, path: Path) -> GivenItem:
    if record.problem is None:
        return record.raw if isinstance(record.raw, dict) else record.text
    if record.problem.endswith("has no text"):
        return ""
    if record.problem.endswith(NEITHER):
        return given_item(json.loads(record.raw))
    raise InputProblem(f"{safe(str(path))}: {record.problem}.")


def _array(path: Path) -> list[GivenItem]:
    with opened(path) as file:
        try:
            values = json.loads(file.read().decode())
        except UnicodeDecodeError:
            raise InputProblem(f"{safe(str(path))} is not UTF-8.") from None
        except (ValueError, RecursionError) as error:
            raise InputProblem(f"{safe(str(path))} is not JSON: {error}.") from None
    items = [given_item(value) for value in values]
    kept, problems = check_items(items)
    if problems:
        raise InputProblem(f"{safe(str(path))} cannot be used: {problems[0]}.")
    return list(kept)
