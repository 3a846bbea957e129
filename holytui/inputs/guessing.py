"""What a folder or a file is as an input: the source that reads it, the fields that matter; from its beginning only."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from holytui.core.display import safe
from holytui.core.job import Input
from holytui.core.job_checks import SOURCES, meaning
from holytui.core.template import Template
from holytui.core.work import Record
from holytui.inputs.reading import InputProblem, opened
from holytui.inputs.source import read

SAMPLED = 1_000
"""Rows that are looked at for their fields."""

TRIED = 5
"""Files of a kind that are read to see whether it can be read at all."""

LOOKED_AT = 100_000
"""Files of a folder that are counted."""

KEPT_CHARS = 20_000
"""Of a document's text, unless the job file says otherwise."""

_JSON_LINES = {".jsonl", ".ndjson", ".json"}
_TABLES = {".csv", ".tsv"}
_TEXT_NAMES = ("text", "content", "body", "document", "article", "message", "letter", "question", "prompt",
               "description", "abstract", "comment", "review")  # fmt: skip
_ID_NAMES = ("id", "_id", "uuid", "guid", "key", "custom_id", "doi", "path", "url", "name", "title")
_BATCH_FIELDS = {"custom_id", "body", "url"}
_SNIFFED = 65_536


@dataclass(frozen=True, slots=True)
class Guess:
    """A source with what to ask about it.

    Attributes:
        source: the `[input]` table of a job file; its paths are relative to the folder that was asked for.
        slot: of the item's text in a prompt: `{item}`, `{item.text}`.
        name: what a job over it may be called.
        what: it is, for a person: `312 files`, `fields: id, text`.
    """

    source: Mapping[str, Any]
    slot: str
    name: str
    what: str


def guess_input(path: Path, base_dir: Path) -> Guess:
    """How a folder or a file is best read.

    Args:
        path: what was asked for; relative to the working folder.
        base_dir: what the guess's paths are to be relative to.

    Raises:
        InputProblem: it is not there, is empty, or holds nothing that can be read.
    """
    try:
        is_folder = path.is_dir()
        if not is_folder:
            path.stat()
    except FileNotFoundError:
        raise InputProblem(f"There is no file or folder {safe(str(path))}.") from None
    except (OSError, ValueError) as error:
        raise InputProblem(f"{safe(str(path))} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    name = path.resolve().stem if not is_folder else path.resolve().name
    return _folder(path, base_dir, name) if is_folder else _file(path, base_dir, name)


def path_from(path: Path, base_dir: Path) -> str:
    """A path as a job file in `base_dir` names it; absolute where a relative one would mean something else.

    Raises:
        InputProblem: it cannot stand in a job file.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputProblem(f"The name of {safe(str(path))} is not UTF-8: a job file cannot hold it.") from None
    relative = PurePath(os.path.relpath(path.resolve(), base_dir.resolve())).as_posix()
    return path.resolve().as_posix() if relative.startswith(("~", "${")) else relative


def _folder(path: Path, base_dir: Path, name: str) -> Guess:
    kinds = Counter(file.suffix for file in islice(_files(path), LOOKED_AT))
    if not kinds:
        raise InputProblem(f"{safe(str(path))} holds no files.")
    root = path_from(path, base_dir)
    root = "" if root == "." else f"{escape(root)}/"
    # Job files lie beside what they are about.
    for suffix, number in sorted(kinds.most_common(), key=lambda kind: kind[0] == ".toml"):
        source = {"glob": f"{root}**/*{escape(suffix)}", "id": "path", "max_chars": KEPT_CHARS}
        if _readable(source, base_dir):
            others = number < kinds.total() and f" of {kinds.total():,}"
            return Guess(source, "{item.text}", name, f"{number:,}{others or ''} {'file' if number == 1 else 'files'}")
    told = ", ".join(f"{number:,} {safe(suffix) or 'without an ending'}" for suffix, number in kinds.most_common(3))
    raise InputProblem(f"{safe(str(path))} holds no text that this version can read ({told}).")


def _files(folder: Path) -> Iterator[Path]:
    """Files at any depth, hidden ones left out, as a pattern takes them."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in files if not name.startswith("."))


def _readable(source: dict[str, Any], base_dir: Path) -> bool:
    """Whether this version reads such files; judged by the first few of them."""
    if not _allowed(source):
        return False
    try:
        return any(record.problem is None for record in _records(source, base_dir, TRIED))
    except InputProblem:
        return False


def _allowed(source: Mapping[str, Any]) -> bool:
    return not meaning({"input": source})


def _records(source: Mapping[str, Any], base_dir: Path, limit: int) -> list[Record]:
    return [item.record for item in read(Input.model_validate({**source, "limit": limit}), base_dir)]


def _file(path: Path, base_dir: Path, name: str) -> Guess:
    here, suffix = path_from(path, base_dir), path.suffix.lower()
    document = {"glob": escape(here), "id": "path"}
    with opened(path) as file:
        start = file.read(_SNIFFED)
    if not _allowed(document) or b"\0" in start or start.startswith(b"%PDF-"):
        if _allowed(document) and _readable(document, base_dir):
            return Guess(document, "{item.text}", name, "1 file")
        kind = "a PDF" if start.startswith(b"%PDF-") else "a binary file"
        raise InputProblem(f"{safe(str(path))} is {kind}; this version reads text files, JSON lines and CSV.")
    if not start.strip():
        raise InputProblem(f"{safe(str(path))} is empty.")
    if suffix in _JSON_LINES and not _is_one_value(start, suffix):
        return _rows({"jsonl": here}, path, base_dir, name)
    if suffix == ".json":
        way_out = f"jq -c '.[]' {path.name} > {path.stem}.jsonl"
        raise InputProblem(f"{safe(str(path))} is one JSON value; expected one a line, as this makes: {safe(way_out)}")
    if suffix in _TABLES:
        return _rows({"csv": here}, path, base_dir, name)
    _first_usable({"lines": here}, path, base_dir)
    return Guess({"lines": here}, "{item}", name, "an item a line")


def _is_one_value(start: bytes, suffix: str) -> bool:
    """Whether a `.json` file is not one value a line, as its first line tells."""
    if suffix != ".json":
        return False
    first = start.lstrip().split(b"\n", 1)[0]
    try:
        return not isinstance(json.loads(first), dict | str)
    except ValueError:
        return True


def _first_usable(source: Mapping[str, Any], path: Path, base_dir: Path) -> list[Record]:
    """The first rows that can be used.

    Raises:
        InputProblem: none of them can.
    """
    records = _records(source, base_dir, SAMPLED)
    usable = [record for record in records if record.problem is None]
    if not usable:
        raise InputProblem(f"{safe(str(path))} holds no item that can be used: {safe(records[0].problem or '')}.")
    return usable


def _rows(source: dict[str, Any], path: Path, base_dir: Path, name: str) -> Guess:
    records = _first_usable(source, path, base_dir)
    fields = list(dict.fromkeys(field for record in records for field in record.fields))
    if not fields:
        return Guess(source, "{item}", name, "a text a line")
    rows = [record.fields for record in records]
    if "jsonl" in source and all(row.keys() >= _BATCH_FIELDS for row in rows):
        return _batch(path, source["jsonl"], name)
    text, found = _text_field(fields, rows), _id_field(fields, rows)
    told = ", ".join(safe(field, limit=40) for field in fields[:8]) + (", …" if len(fields) > 8 else "")
    slot = "{item}" if text is None else f"{{item.{text}}}"
    return Guess({**source, **({"id": found} if found is not None else {})}, slot, name, f"fields: {told}")


def _batch(path: Path, here: str, name: str) -> Guess:
    """A file of requests as OpenAI's batch API takes it."""
    if "openai_batch" not in SOURCES:
        raise InputProblem(
            f"{safe(str(path))} is an OpenAI batch file; openai_batch is not in this version. "
            f"As JSON lines of your own, with the texts in a field, it can be read."
        )
    return Guess({"openai_batch": here}, "{item}", name, "requests of an OpenAI batch")


def _text_field(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The field that looks like the text: long ones count, and names that say so; None where none can be named."""

    def weight(field: str) -> float:
        texts = [value for row in rows if isinstance(value := row.get(field), str)]
        long = sum(map(len, texts)) / len(rows)
        return long * 3 if field.lower() in _TEXT_NAMES else long

    named = [field for field in fields if Template.parse(f"{{item.{field}}}").fields == {field} and "." not in field]
    best = max(named, key=weight, default=None)
    return best if best is not None and weight(best) > 0 else None


def _id_field(fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str | None:
    """A field that is there in every row, short, never twice the same, and called like an id."""

    def identifies(field: str) -> bool:
        values = [row.get(field) for row in rows]
        fit = all(isinstance(value, int | str) and not isinstance(value, bool) and value != "" for value in values)
        return fit and len({str(value) for value in values}) == len(values)

    by_name = {field.lower(): field for field in reversed(fields)}
    ends = [field for field in fields if field.lower().endswith(("_id", "-id", " id")) or field.endswith("Id")]
    candidates = [*(by_name[name] for name in _ID_NAMES if name in by_name), *ends]
    return next((field for field in candidates if identifies(field)), None)
