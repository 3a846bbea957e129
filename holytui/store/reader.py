"""A read-only view of a checkpoint: for viewers, for the runner's pages, for exports."""

import json
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from holytui.core.failures import TIMEOUTS, FailureKind
from holytui.core.pricing import Usage
from holytui.core.progress import Counters, LogLine
from holytui.core.work import ItemState, StepHistory, Work
from holytui.store.checkpoint import (
    FILE,
    CheckpointError,
    JobMeta,
    explain,
    open_for_reading,
    read_counters,
    read_meta,
)
from holytui.store.codec import STATES, money, pack, unpack, unpack_overrides, unpack_record
from holytui.store.rows import (
    AttemptRow,
    Drift,
    ExportRow,
    FailureGroup,
    ItemDetail,
    ItemRow,
    SessionRow,
    StepResult,
)

PAGE_BYTES = 8_000_000
SAMPLES = 5

__all__ = ["Drift", "FailureGroup", "ItemDetail", "ItemRow", "Reader"]

_ITEM = (
    "SELECT i.key, i.idx, i.id, i.state, i.kind, i.step, i.round, i.attempts, i.tokens_in + i.tokens_out,"
    " i.cost_usd, i.cost_kind, i.seconds, i.finished_at, i.message, i.http_status FROM items i"
)
_ATTEMPT = (
    "SELECT step, round, session, number, counted, started_at, ended_s, connected_s, first_s, last_s, clock_s,"
    " kind, message, http_status, request_id, model, tokens_in, tokens_out, tokens_cached, tokens_reasoning,"
    " exact, cost_usd, cost_kind, wasted, text FROM attempts WHERE item = ? ORDER BY id"
)


class Reader:
    """Reads while the owner writes; safe to use from several threads, one call at a time."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, copied: Path | None) -> None:
        self._folder = folder
        self._connection = connection
        self._copied = copied
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> "Reader":
        """Open a job's checkpoint for reading.

        A killed job in a folder that cannot be written has a WAL that SQLite cannot open in place: then a
        copy in a temporary folder is read.

        Raises:
            CheckpointError: missing, damaged, foreign, newer, or not readable.
        """
        path = folder / FILE
        if not path.exists():
            raise CheckpointError(f"{folder}: no checkpoint there. Another folder: --checkpoints DIR")
        try:
            return cls(folder, open_for_reading(path), None)
        except sqlite3.OperationalError as error:
            if "unable to open" not in str(error) and "readonly" not in str(error):
                raise explain(error, folder) from error
        except sqlite3.Error as error:
            raise explain(error, folder) from error
        copied = Path(tempfile.mkdtemp(prefix="holytui-"))
        try:
            for name in (FILE, f"{FILE}-wal"):
                if (folder / name).exists():
                    shutil.copyfile(folder / name, copied / name)
            return cls(folder, open_for_reading(copied / FILE), copied)
        except (OSError, sqlite3.Error) as error:
            shutil.rmtree(copied, ignore_errors=True)
            raise explain(error, folder) from error

    def close(self) -> None:
        """Close it; harmless when repeated."""
        with self._lock:
            self._connection.close()
        if self._copied is not None:
            shutil.rmtree(self._copied, ignore_errors=True)

    def meta(self) -> JobMeta:
        """The job itself."""
        try:
            with self._lock:
                return read_meta(self._connection)
        except (sqlite3.Error, KeyError, ValueError) as error:
            raise explain(error, self._folder) from error

    def counters(self) -> Counters:
        """As of the last commit."""
        try:
            with self._lock:
                return read_counters(self._connection)
        except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
            raise explain(error, self._folder) from error

    def drift(self, step_hashes: Mapping[str, str]) -> Drift:
        """What would be asked again if the job's steps were these."""
        known = self.meta().step_hashes
        changed = tuple(step for step, digest in step_hashes.items() if known.get(step, digest) != digest)
        added = tuple(step for step in step_hashes if known and step not in known)
        if not changed and not added:
            return Drift((), 0)
        ((answered,),) = self._all("SELECT count(DISTINCT item) FROM results WHERE kind IS NULL", ())
        return Drift(changed + added, answered)

    def pending(self, after: int, limit: int) -> list[Work]:
        """Pending items with an index above `after`, in order; a page ends early when its input is large."""
        hashes = self.meta().step_hashes
        works: list[Work] = []
        size = 0
        rows = self._all(
            "SELECT i.key, i.idx, i.id, i.round, i.overrides, i.attempts, i.input_hash, length(n.body)"
            " FROM items i JOIN inputs n ON n.key = i.key"
            " WHERE i.removed = 0 AND i.state = 0 AND i.idx > ? ORDER BY i.idx LIMIT ?",
            (after, limit),
        )
        for key, index, item_id, number, overrides, attempts, input_hash, length in rows:
            size += length
            if works and size > PAGE_BYTES:
                break
            ((body,),) = self._all("SELECT body FROM inputs WHERE key = ?", (key,))
            history = self._history(key, number, input_hash, hashes) if attempts else {}
            works.append(
                Work(
                    index,
                    unpack(item_id),
                    number,
                    unpack_record(body),
                    history,
                    unpack_overrides(overrides),
                )
            )
        return works

    def _history(self, key: int, number: int, input_hash: bytes, hashes: Mapping[str, str]) -> dict[str, StepHistory]:
        """What each step of an item has behind it: attempts of this round, timeouts of all, a valid answer."""
        used: dict[str, int] = {}
        timeouts: dict[str, int] = {}
        last: dict[str, tuple[FailureKind | None, str]] = {}
        for step, attempt_round, counted, kind, message in self._all(
            "SELECT step, round, counted, kind, message FROM attempts WHERE item = ? ORDER BY id", (key,)
        ):
            known = None if kind is None else FailureKind(kind)
            timeouts[step] = timeouts.get(step, 0) + (known in TIMEOUTS)
            if attempt_round == number and counted:
                used[step] = used.get(step, 0) + 1
                last[step] = (known, unpack(message))
        answers = {
            step: unpack(text)
            for step, text, digest, asked in self._all(
                "SELECT step, text, step_hash, input_hash FROM results WHERE item = ? AND kind IS NULL",
                (key,),
            )
            if digest == hashes.get(step) and bytes(asked) == bytes(input_hash)
        }
        nothing = (None, "")
        return {
            step: StepHistory(used.get(step, 0), timeouts.get(step, 0), answers.get(step), *last.get(step, nothing))
            for step in {*timeouts, *answers}
        }

    def items(
        self,
        offset: int,
        limit: int,
        *,
        state: ItemState | None = None,
        kind: str | None = None,
        text: str | None = None,
    ) -> list[ItemRow]:
        """A page of items in input order, narrowed by state, kind and a part of the id."""
        where, values = _where(state, kind, text)
        rows = self._all(f"{_ITEM} WHERE {where} ORDER BY i.idx LIMIT ? OFFSET ?", (*values, limit, offset))
        return [_item_row(row) for row in rows]

    def count_items(self, *, state: ItemState | None = None, kind: str | None = None, text: str | None = None) -> int:
        """How many items `items` would page through."""
        where, values = _where(state, kind, text)
        ((count,),) = self._all(f"SELECT count(*) FROM items i WHERE {where}", values)
        return int(count)

    def failed_indices(self) -> list[int]:
        """Indices of failed items, in order."""
        failed = STATES.index(ItemState.FAILED)
        rows = self._all("SELECT idx FROM items WHERE removed = 0 AND state = ? ORDER BY idx", (failed,))
        return [index for (index,) in rows]

    def find(self, item_id: str) -> int | None:
        """The index of an item, None if there is none of this id."""
        rows = self._all("SELECT idx FROM items WHERE removed = 0 AND id = ?", (pack(item_id),))
        return rows[0][0] if rows else None

    def item(self, index: int) -> ItemDetail:
        """Everything recorded of the item at this index.

        Raises:
            CheckpointError: there is none.
        """
        rows = self._all(f"{_ITEM} WHERE i.removed = 0 AND i.idx = ?", (index,))
        if not rows:
            raise CheckpointError(f"{self._folder}: no item number {index + 1} in this job")
        key = rows[0][0]
        ((body,),) = self._all("SELECT body FROM inputs WHERE key = ?", (key,))
        attempts = tuple(_attempt_row(row) for row in self._all(_ATTEMPT, (key,)))
        return ItemDetail(_item_row(rows[0]), unpack_record(body), self._results(key), attempts, rows[0][14])

    def _results(self, key: int) -> dict[str, StepResult]:
        rows = self._all(
            "SELECT step, text, kind, message, http_status, model, seconds, at FROM results WHERE item = ? ORDER BY at",
            (key,),
        )
        return {
            step: StepResult(
                step,
                None if text is None else unpack(text),
                kind,
                unpack(message),
                status,
                unpack(model),
                seconds,
                at,
            )
            for step, text, kind, message, status, model, seconds, at in rows
        }

    def failures(self) -> list[FailureGroup]:
        """Failed items by kind, most first."""
        failed = STATES.index(ItemState.FAILED)
        groups = []
        for kind, count, usd, unknown in self._all(
            "SELECT kind, count(*), sum(cost_usd), sum(cost_kind = 'unknown') FROM items"
            " WHERE removed = 0 AND state = ? GROUP BY kind ORDER BY count(*) DESC",
            (failed,),
        ):
            samples = self._all(
                "SELECT id FROM items WHERE removed = 0 AND state = ? AND kind = ? ORDER BY idx LIMIT ?",
                (failed, kind, SAMPLES),
            )
            ids = tuple(unpack(item_id) for (item_id,) in samples)
            groups.append(FailureGroup(kind, count, None if unknown else usd, ids))
        return groups

    def events(self, limit: int) -> list[LogLine]:
        """The newest lines of the log, newest first."""
        rows = self._all(
            "SELECT kind, first, last, count, text FROM events ORDER BY last DESC, id DESC LIMIT ?", (limit,)
        )
        return [LogLine(kind, first, last, count, unpack(text)) for kind, first, last, count, text in rows]

    def sessions(self) -> list[SessionRow]:
        """All sessions, oldest first."""
        rows = self._all("SELECT id, pid, host, started_at, ended_at, active_s, outcome FROM sessions ORDER BY id", ())
        return [SessionRow(*row) for row in rows]

    def export_rows(self) -> Iterator[ExportRow]:
        """Every item of the job once, in input order; a page in memory at a time."""
        steps = [step["name"] for step in json.loads(self.meta().job_json)["steps"]]
        after = -1
        while True:
            page = self._all(f"{_ITEM} WHERE i.removed = 0 AND i.idx > ? ORDER BY i.idx LIMIT 200", (after,))
            for row in page:
                yield self._export_row(row, steps)
            if not page:
                return
            after = page[-1][1]

    def _export_row(self, row: tuple[Any, ...], steps: Iterable[str]) -> ExportRow:
        key = row[0]
        ((body,),) = self._all("SELECT body FROM inputs WHERE key = ?", (key,))
        results = self._results(key)
        ((tokens_in, tokens_out, cached, reasoning),) = self._all(
            "SELECT coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0), coalesce(sum(tokens_cached), 0),"
            " coalesce(sum(tokens_reasoning), 0) FROM attempts WHERE item = ?",
            (key,),
        )
        return ExportRow(
            _item_row(row),
            unpack_record(body),
            tuple(results[step] for step in steps if step in results),
            Usage(tokens_in, tokens_out, cached, reasoning),
            row[14],
        )

    def _all(self, statement: str, values: Iterable[Any]) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(statement, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self._folder) from error


def _where(state: ItemState | None, kind: str | None, text: str | None) -> tuple[str, tuple[Any, ...]]:
    parts = ["i.removed = 0"]
    values: list[Any] = []
    if state is not None:
        parts.append("i.state = ?")
        values.append(STATES.index(state))
    if kind is not None:
        parts.append("(i.kind = ? OR i.kind LIKE ?)")
        values += [kind, f"{kind}.%"]
    if text:
        parts.append("instr(lower(CAST(i.id AS TEXT)), lower(?)) > 0")
        values.append(text)
    return " AND ".join(parts), tuple(values)


def _item_row(row: tuple[Any, ...]) -> ItemRow:
    (_, index, item_id, state, kind, step, number, attempts, tokens, usd, cost_kind, seconds, at, said, _) = row
    return ItemRow(
        index,
        unpack(item_id),
        STATES[state],
        kind,
        step,
        number,
        attempts,
        tokens,
        money(usd, cost_kind),
        seconds,
        at,
        unpack(said),
    )


def _attempt_row(row: tuple[Any, ...]) -> AttemptRow:
    kind, message, status, request_id, model = row[11:16]
    tokens_in, tokens_out, cached, reasoning, exact, usd, cost_kind, wasted, text = row[16:]
    return AttemptRow(
        row[0],
        row[1],
        row[2],
        row[3],
        bool(row[4]),
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        None if kind is None else FailureKind(kind),
        unpack(message),
        status,
        unpack(request_id),
        unpack(model),
        Usage(tokens_in, tokens_out, cached, reasoning, bool(exact)),
        money(usd, cost_kind),
        bool(wasted),
        unpack(text),
    )
