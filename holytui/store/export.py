"""A job's results as a file: every item once, in input order, streamed."""

import contextlib
import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from holytui.core.failures import FailureKind
from holytui.core.item_json import ErrorJson, ItemJson, RequestJson
from holytui.core.progress import iso
from holytui.core.work import ItemState
from holytui.store.reader import Reader
from holytui.store.rows import AttemptRow, ExportRow, StepResult

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula; a leading apostrophe makes it text (OWASP)."""


class ExportError(Exception):
    """The file cannot be written; the message names it."""


def export(folder: Path, out: BinaryIO | Path, *, fmt: str, with_input: bool = False) -> int:
    """Write a job's items; how many.

    A file is written beside and renamed, so that a half export never looks like a whole one.

    Args:
        folder: of the job.
        out: a binary stream, or the file to write.
        fmt: `jsonl`, `json` or `csv`.
        with_input: CSV gets the input as a column of its own.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        ExportError: the file cannot be written.
    """
    reader = Reader.open(folder)
    try:
        with reader.steady():
            chunks = _FORMATS[fmt](reader, with_input)
            return _replace(chunks, out) if isinstance(out, Path) else _write(chunks, out)
    finally:
        reader.close()


def rows(reader: Reader, after: int = -1) -> Iterator[ItemJson]:
    """Each item with an index above `after`, in input order, as a line of the JSON lines; a page in memory at a time.

    Raises:
        CheckpointError: while iterating, when the checkpoint cannot be read.
    """
    last_step = reader.step_names()[-1]
    for row in reader.export_rows(after):
        yield _as_object(row, last_step)


def item_lines(reader: Reader, after: int = -1) -> Iterator[str]:
    """The same as JSON, an item a line."""
    return (json.dumps(row) for row in rows(reader, after))


def _replace(chunks: Iterator[tuple[str, int]], path: Path) -> int:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            number = _write(chunks, file)
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}. The answers are safe.") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return number


def _write(chunks: Iterator[tuple[str, int]], out: BinaryIO) -> int:
    number = 0
    for text, items in chunks:
        # JSON is ASCII by its escapes; a CSV cell may hold a lone surrogate, which UTF-8 cannot.
        out.write(text.encode("utf-8", "backslashreplace"))
        number += items
    out.flush()
    return number


def _jsonl(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: ARG001, FBT001  # one signature
    for line in item_lines(reader):
        yield f"{line}\n", 1


def _json(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: ARG001, FBT001  # one signature
    lead = "["
    for line in item_lines(reader):
        yield f"{lead}\n{line}", 1
        lead = ","
    yield ("[]\n" if lead == "[" else "\n]\n"), 0


def _shown(export_row: ExportRow, last_step: str) -> StepResult | None:
    """What stands as the item's output: the last step's; of a failed item that of the step it failed in."""
    row = export_row.row
    wanted = row.step if row.state is ItemState.FAILED and row.step is not None else last_step
    return export_row.results.get(wanted)


def _as_object(export_row: ExportRow, last_step: str) -> ItemJson:
    """The line of one item (design, section 7)."""
    row = export_row.row
    answers = {step: result.text for step, result in export_row.results.items() if result.kind is None}
    shown = _shown(export_row, last_step)
    error: ErrorJson | None = None
    if row.state is ItemState.FAILED:
        error = {"kind": row.kind, "message": row.message, "http_status": export_row.http_status}
    return {
        "id": row.item_id,
        "index": row.index,
        "input": export_row.record.raw,
        "status": row.state.value,
        "output": None if shown is None else shown.text,
        "outputs": answers,
        "error": error,
        "attempts": row.attempts,
        "model": None if shown is None else shown.model or None,
        "tokens": export_row.tokens.to_json(),
        "cost_usd": None if row.cost.usd is None else round(row.cost.usd, 8),
        "finished_at": iso(row.finished_at),
        "requests": [_request(attempt) for attempt in export_row.attempts],
    }


def _request(attempt: AttemptRow) -> RequestJson:
    return {
        "step": attempt.step,
        "round": attempt.round,
        "attempt": attempt.number,
        "counted": attempt.counted,
        "asked_model": attempt.asked or None,
        "model": attempt.model or None,
        "request_id": attempt.request_id or None,
        "http_status": attempt.http_status,
        "kind": None if attempt.kind is None else attempt.kind.value,
        "message": attempt.message or None,
        "started_at": iso(attempt.started_at),
        "connected_s": _rounded(attempt.connected_s),
        "first_token_s": _rounded(attempt.first_s),
        "last_token_s": _rounded(attempt.last_s),
        "ended_s": _rounded(attempt.ended_s),
        "clock_s": _rounded(attempt.clock_s),
        "tokens": attempt.usage.to_json(),
        "cost": attempt.cost.to_json(),
        "wasted": attempt.wasted,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _csv(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: FBT001  # one signature
    steps = reader.step_names()
    header = ["id", "status", *steps, "error_kind", "error", "attempts", "cost_usd"]
    if with_input:
        header.append("input")
    # The mark tells spreadsheets that this is UTF-8.
    yield "\ufeff" + _line(header), 0
    for export_row in reader.export_rows():
        row = export_row.row
        texts = {step: result.text for step, result in export_row.results.items()}
        cells: list[str | int | float] = [row.item_id, row.state.value]
        cells += [texts.get(step) or "" for step in steps]
        cells += [
            FailureKind(row.kind).value if row.kind else "",
            row.message,
            row.attempts,
            "" if row.cost.usd is None else round(row.cost.usd, 8),
        ]
        if with_input:
            raw = export_row.record.raw
            cells.append(raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False))
        yield _line(cells), 1


def _line(cells: list[str | int | float] | list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(cell: str | float) -> str | float:
    if not isinstance(cell, str):
        return cell
    # csv would end the file at a NUL in many readers; the symbol for NUL keeps the place visible.
    text = cell.replace("\0", "\u2400")
    return f"'{text}" if text.startswith(FORMULA) else text


_FORMATS = {"jsonl": _jsonl, "json": _json, "csv": _csv}
