"""A read-only view of a checkpoint: for viewers, for the runner's pages, for exports."""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.learning import Observation
from holytui.core.progress import Counters, LogLine
from holytui.core.tokens import Answered
from holytui.core.work import ItemState, Record, Work
from holytui.store.checkpoint import JobMeta, read_counters, read_meta
from holytui.store.codec import STATES, pack, unpack, unpack_overrides
from holytui.store.failures import FailedItem
from holytui.store.pending import pending_page, record
from holytui.store.queries import (
    ANSWER_SUMS,
    ANSWERED,
    ATTEMPTS,
    CELL_FIRST,
    CELL_KINDS,
    CELL_STATES,
    CELLS,
    ITEM,
    OBSERVATIONS,
    RESULTS,
    TOTAL_PLACES,
    answered_row,
    attempt_row,
    item_row,
    narrowed,
    step_result,
    teach,
)
from holytui.store.rows import (
    CellContent,
    Drift,
    ExportRow,
    FailureGroup,
    ItemDetail,
    ItemRow,
    MapCell,
    SessionRow,
    StepResult,
)
from holytui.store.sessions import at_work_s
from holytui.store.trouble import CheckpointError, explain
from holytui.store.viewing import View, open_view

EXPORT_PAGE = 200
SAMPLES = 5
NEWEST_ANSWERS = 20_000

PENDING, SUCCEEDED, FAILED = (STATES.index(s) for s in (ItemState.PENDING, ItemState.SUCCEEDED, ItemState.FAILED))
_WORST_FIRST = (FAILED, PENDING, SUCCEEDED)

__all__ = ["Drift", "FailureGroup", "ItemDetail", "ItemRow", "Reader"]


class Reader:
    """Reads while the owner writes; safe to use from several threads, one call at a time."""

    def __init__(self, folder: Path, view: View) -> None:
        self._folder = folder
        self._view = view
        self._connection = view.connection
        self._lock = threading.Lock()
        teach(self._connection)

    @property
    def folder(self) -> Path:
        """Of the job."""
        return self._folder

    @classmethod
    def open(cls, folder: Path) -> "Reader":
        """Open a job's checkpoint for reading, also while its owner writes, also in a read-only folder.

        Raises:
            CheckpointError: missing, damaged, foreign, newer, or not readable.
        """
        return cls(folder, open_view(folder))

    def close(self) -> None:
        """Close it; harmless when repeated."""
        with self._lock:
            self._view.close()

    @contextlib.contextmanager
    def steady(self) -> Iterator[None]:
        """Everything read inside is of one moment, whatever the owner does; the WAL grows meanwhile."""
        self._all("BEGIN")
        try:
            yield
        finally:
            self._all("COMMIT")

    def meta(self) -> JobMeta:
        """The job itself."""
        with self._explained(), self._lock:
            return read_meta(self._connection)

    def counters(self) -> Counters:
        """As of the last commit."""
        with self._explained(), self._lock:
            return read_counters(self._connection)

    def drift(self, step_hashes: Mapping[str, str]) -> Drift:
        """What would be asked again if the job's steps were these."""
        known = self.meta().step_hashes
        changed = tuple(step for step, digest in step_hashes.items() if known.get(step, digest) != digest)
        added = tuple(step for step in step_hashes if known and step not in known)
        if not changed and not added:
            return Drift((), 0)
        old = " OR ".join("(r.step = ? AND r.step_hash = ?)" for _ in changed) or "0"
        values = [value for step in changed for value in (step, known[step])]
        ((answered,),) = self._all(
            "SELECT count(*) FROM items i WHERE i.removed = 0 AND (? AND i.state = ? OR EXISTS(SELECT 1 FROM results r"
            f" WHERE r.item = i.key AND r.kind IS NULL AND r.input_hash = i.input_hash AND ({old})))",
            (bool(added), SUCCEEDED, *values),
        )
        return Drift(changed + added, answered)

    def answered(self, step_hashes: Mapping[str, str]) -> list[Answered]:
        """What the newest answers to the steps as they are now came to, by step and model asked for.

        Args:
            step_hashes: of the job as it is now; answers to an older text tell nothing of the new one's.
        """
        rows = self._all(ANSWER_SUMS, (NEWEST_ANSWERS,))
        with self._explained():
            return [answered_row(row) for row in rows if row[2] == step_hashes.get(row[0])]

    def settled(self, item_id: str, input_hash: bytes) -> bool:
        """Whether an item is recorded with this input and has its result: a run would not send it."""
        rows = self._all(
            "SELECT state FROM items WHERE id = ? AND input_hash = ? AND removed = 0", (pack(item_id), input_hash)
        )
        return bool(rows) and rows[0][0] != PENDING

    def pending(self, after: int, limit: int) -> list[Work]:
        """Pending items with an index above `after`, in order; a page ends early when its input is large."""
        hashes = self.meta().step_hashes
        with self._explained():
            return pending_page(self._all, hashes, after, limit)

    def items(
        self,
        offset: int,
        limit: int,
        *,
        state: ItemState | None = None,
        kind: str | None = None,
        text: str | None = None,
    ) -> list[ItemRow]:
        """A page of items in input order, narrowed by state, kind (or family), a part of id or message."""
        where, values = narrowed(state, kind, text)
        rows = self._all(f"{ITEM} WHERE {where} ORDER BY i.idx LIMIT ? OFFSET ?", (*values, limit, offset))
        return [item_row(row) for row in rows]

    def count_items(self, *, state: ItemState | None = None, kind: str | None = None, text: str | None = None) -> int:
        """How many items `items` would page through."""
        where, values = narrowed(state, kind, text)
        ((count,),) = self._all(f"SELECT count(*) FROM items i WHERE {where}", values)
        return int(count)

    def rows_at(self, indices: Sequence[int]) -> list[ItemRow]:
        """The items with these indices, in this order; one that is gone is left out."""
        rows = self._all(
            f"{ITEM} WHERE i.removed = 0 AND i.idx IN (SELECT value FROM json_each(?))", (json.dumps(indices),)
        )
        found = {row[1]: item_row(row) for row in rows}
        return [found[index] for index in indices if index in found]

    def next_failed(self, index: int, *, back: bool = False) -> int | None:
        """The index of the failed item after, or before, this one; None: there is none."""
        turn, order = ("<", "DESC") if back else (">", "ASC")
        rows = self._all(
            f"SELECT idx FROM items WHERE removed = 0 AND state = ? AND idx {turn} ? ORDER BY idx {order} LIMIT 1",
            (FAILED, index),
        )
        return rows[0][0] if rows else None

    def failure_place(self, index: int) -> int:
        """Which failure in input order the failed item at this index is, from 1."""
        rows = self._all("SELECT count(*) FROM items WHERE removed = 0 AND state = ? AND idx <= ?", (FAILED, index))
        return int(rows[0][0])

    def find(self, item_id: str) -> int | None:
        """The index of an item, None if there is none of this id."""
        rows = self._all("SELECT idx FROM items WHERE removed = 0 AND id = ?", (pack(item_id),))
        return rows[0][0] if rows else None

    def item(self, index: int) -> ItemDetail:
        """Everything recorded of the item at this index.

        Raises:
            CheckpointError: there is none.
        """
        row = self._item(index)
        key = row[0]
        attempts = tuple(attempt_row(attempt) for attempt in self._all(ATTEMPTS, (key,)))
        results = self._results(key, self.meta().step_hashes)
        ((changes,),) = self._all("SELECT overrides FROM items WHERE key = ?", (key,))
        return ItemDetail(item_row(row), self._record(key), results, attempts, row[14], unpack_overrides(changes))

    def row(self, index: int) -> ItemRow:
        """The item at this index without its input, answers and attempts.

        Raises:
            CheckpointError: there is none.
        """
        return item_row(self._item(index))

    def _item(self, index: int) -> tuple[Any, ...]:
        rows = self._all(f"{ITEM} WHERE i.removed = 0 AND i.idx = ?", (index,))
        if not rows:
            raise CheckpointError(f"{self._folder}: no item number {index + 1} in this job")
        found: tuple[Any, ...] = rows[0]
        return found

    def _record(self, key: int) -> Record:
        with self._explained():
            return record(self._all, key)

    def _results(self, key: int, hashes: Mapping[str, str]) -> dict[str, StepResult]:
        """What an item has now: valid answers, and failures of its round; not what changed or was retried."""
        return {
            row[0]: step_result(row)
            for row in self._all(RESULTS, (key,))
            if (row[8] == hashes.get(row[0]) if row[2] is None else row[9])
        }

    def failures(self) -> list[FailureGroup]:
        """Failed items by kind, most first."""
        groups = []
        mean = self.mean_usd()
        for kind, count, usd, unknown, given_up in self._all(
            "SELECT kind, count(*), sum(cost_usd), sum(cost_kind = 'unknown'), count(given_up) FROM items"
            " WHERE removed = 0 AND state = ? GROUP BY kind ORDER BY count(*) DESC, kind",
            (FAILED,),
        ):
            samples = self._all(
                "SELECT id FROM items WHERE removed = 0 AND state = ? AND kind = ? ORDER BY idx LIMIT ?",
                (FAILED, kind, SAMPLES),
            )
            ids = tuple(unpack(item_id) for (item_id,) in samples)
            own = None if unknown or not usd else usd * (count - given_up) / count
            cost = own if mean is None else mean * (count - given_up)
            groups.append(FailureGroup(kind, count, cost, ids, given_up))
        return groups

    def failed_items(self, kind: str | None = None, limit: int = -1) -> list[FailedItem]:
        """Failed items in input order, of all kinds or of one; below 0 there is no limit."""
        rows = self._all(
            "SELECT id, kind, step, message, given_up IS NOT NULL FROM items WHERE removed = 0 AND state = ?1"
            " AND (?2 IS NULL OR kind = ?2) ORDER BY idx LIMIT ?3",
            (FAILED, kind, limit),
        )
        return [FailedItem(unpack(row[0]), row[1], row[2] or "", unpack(row[3]), bool(row[4])) for row in rows]

    def mean_usd(self) -> float | None:
        """What an item that succeeded cost; None when none has, or nobody knows."""
        counters = self.counters()
        spends = counters.by_step.values()
        if not counters.succeeded or any(spend.unknown for spend in spends):
            return None
        return sum(spend.known_usd for spend in spends) / counters.succeeded

    def map_cells(self, cells: int) -> list[MapCell]:
        """The items in input order as at most so many cells, each with the worst state in it.

        Failed before pending before succeeded. Each cell is a few look-ups in an index, whatever the number of items.
        """
        ((total,),) = self._all(TOTAL_PLACES)
        rows = self._all(CELLS, {"cells": min(cells, total), "total": total}) if total else []
        return [MapCell(first, end, STATES[state]) for first, end, state in rows if state is not None]

    def within(self, cell: MapCell) -> CellContent:
        """What is in a cell: how many of each state, the kinds of failures, and its worst item."""
        values = (cell.first, cell.end)
        states = self._all(CELL_STATES, values)
        counted = {STATES[state]: number for state, number in states}
        kinds = dict(self._all(CELL_KINDS, (FAILED, *values)))
        worst = min(states, key=lambda row: _WORST_FIRST.index(row[0]))[0]
        ((index,),) = self._all(CELL_FIRST, (worst, *values))
        return CellContent(counted, kinds, self.row(index))

    def events(self, limit: int) -> list[LogLine]:
        """The newest lines of the log, newest first."""
        rows = self._all(
            "SELECT kind, first, last, count, text FROM events ORDER BY last DESC, id DESC LIMIT ?", (limit,)
        )
        return [LogLine(kind, first, last, count, unpack(text)) for kind, first, last, count, text in rows]

    def observations(self, limit: int) -> list[Observation]:
        """How long the newest attempts took, oldest first: those that ended well, and those that a clock ended."""
        rows = self._all(OBSERVATIONS, (*ANSWERED, FailureKind.TIMEOUT_ATTEMPT.value, limit))
        return [
            Observation(step, unpack(asked), tier, seconds if kind is None else limit_s, kind is not None)
            for step, asked, tier, seconds, kind, limit_s in reversed(rows)
        ]

    def sessions(self) -> list[SessionRow]:
        """All sessions, oldest first; how long one that has not ended was at work, as far as it recorded."""
        rows = self._all("SELECT id, pid, host, started_at, ended_at, active_s, outcome FROM sessions ORDER BY id")
        found = [SessionRow(*row) for row in rows]
        return [row if row.ended_at is not None else self._unended(row) for row in found]

    def _unended(self, row: SessionRow) -> SessionRow:
        with self._explained(), self._lock:
            return replace(row, active_s=at_work_s(self._connection, row.number, row.started_at))

    def export_rows(self, after: int = -1) -> Iterator[ExportRow]:
        """Every item of the job with an index above `after` once, in input order; a page in memory at a time."""
        meta, steps = self.meta(), self.step_names()
        while page := self._all(
            f"{ITEM} WHERE i.removed = 0 AND i.idx > ? ORDER BY i.idx LIMIT ?", (after, EXPORT_PAGE)
        ):
            for row in page:
                yield self._export_row(row, steps, meta.step_hashes)
            after = page[-1][1]

    def steps(self) -> list[dict[str, Any]]:
        """The job's steps, as its file has them."""
        with self._explained():
            return list(json.loads(self.meta().job_json)["steps"])

    def step_names(self) -> list[str]:
        """Their names."""
        return [step["name"] for step in self.steps()]

    def _export_row(self, row: tuple[Any, ...], steps: Sequence[str], hashes: Mapping[str, str]) -> ExportRow:
        key = row[0]
        results = self._results(key, hashes)
        attempts = tuple(attempt_row(attempt) for attempt in self._all(ATTEMPTS, (key,)))
        return ExportRow(
            item_row(row),
            self._record(key),
            {step: results[step] for step in steps if step in results},
            attempts,
            row[14],
        )

    def _all(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        with self._explained(), self._lock:
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, LookupError, TypeError, ValueError) as error:
            raise explain(error, self._folder) from error
