"""A job's results as a file: every item once, in input order, streamed."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from holytui.core.failures import FailureKind
from holytui.core.progress import iso
from holytui.core.work import ItemState
from holytui.store.checkpoint import explain
from holytui.store.reader import Reader
from holytui.store.rows import ExportRow

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula; a leading apostrophe makes it text (OWASP)."""


def export(folder: Path, out: BinaryIO | Path, *, fmt: str, with_input: bool = False) -> int:
    """Write a job's items; how many.

    A file is written beside and renamed, so that a half export never looks like a whole one.

    Args:
        folder: of the job.
        out: a binary stream, or the file to write.
        fmt: `jsonl`, `json` or `csv`.
        with_input: CSV gets the input as a column of its own.

    Raises:
        CheckpointError: the checkpoint cannot be read, or the file not be written.
    """
    reader = Reader.open(folder)
    try:
        chunks = _FORMATS[fmt](reader, with_input)
        if not isinstance(out, Path):
            return _write(chunks, out)
        fresh = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            with fresh.open("wb") as file:
                number = _write(chunks, file)
            fresh.replace(out)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise explain(error, out) from error
        return number
    finally:
        reader.close()


def _write(chunks: Iterator[tuple[str, int]], out: BinaryIO) -> int:
    number = 0
    for text, items in chunks:
        # JSON is ASCII by its escapes; a CSV cell may hold a lone surrogate, which UTF-8 cannot.
        out.write(text.encode("utf-8", "backslashreplace"))
        number += items
    out.flush()
    return number


def _jsonl(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: ARG001, FBT001  # one signature
    for row in reader.export_rows():
        yield json.dumps(_as_object(row)) + "\n", 1


def _json(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: ARG001, FBT001  # one signature
    lead = "["
    for row in reader.export_rows():
        yield f"{lead}\n{json.dumps(_as_object(row))}", 1
        lead = ","
    yield ("[]\n" if lead == "[" else "\n]\n"), 0


def _as_object(export_row: ExportRow) -> dict[str, Any]:
    """The line of one item (design, section 7)."""
    row, results = export_row.row, export_row.results
    answers = {result.step: result.text for result in results if result.kind is None}
    last = results[-1] if results else None
    error = None
    if row.state is ItemState.FAILED:
        error = {"kind": row.kind, "message": row.message, "http_status": export_row.http_status}
    return {
        "id": row.item_id,
        "index": row.index,
        "input": export_row.record.raw,
        "status": row.state.value,
        "output": None if last is None else last.text,
        "outputs": answers,
        "error": error,
        "attempts": row.attempts,
        "model": None if last is None else last.model or None,
        "tokens": export_row.tokens.to_json(),
        "cost_usd": None if row.cost.usd is None else round(row.cost.usd, 8),
        "finished_at": iso(row.finished_at),
    }


def _csv(reader: Reader, with_input: bool) -> Iterator[tuple[str, int]]:  # noqa: FBT001  # one signature
    steps = [step["name"] for step in json.loads(reader.meta().job_json)["steps"]]
    header = ["id", "status", *steps, "error_kind", "error", "attempts", "cost_usd"]
    if with_input:
        header.append("input")
    # The mark tells spreadsheets that this is UTF-8.
    yield "\ufeff" + _line(header), 0
    for export_row in reader.export_rows():
        row = export_row.row
        texts = {result.step: result.text for result in export_row.results}
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
