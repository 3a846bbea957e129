"""Makes the items of a checkpoint those of the input: in batches, each committed, the whole marked until done."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holytui.core.work import Item, ItemState
from holytui.store.checkpoint import write_meta
from holytui.store.codec import STATES, pack, pack_record
from holytui.store.tally import Tally

SUCCEEDED = STATES.index(ItemState.SUCCEEDED)
FAILED = STATES.index(ItemState.FAILED)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync found, in items.

    Attributes:
        stale: answered before, but by steps that have changed: pending again.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    stale: int


class Sync:
    """One reading of the input."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        step_hashes: Mapping[str, str],
        meta: Mapping[str, str],
        *,
        keep_answers: bool,
    ) -> None:
        """Begin, inside the writer's transaction; marks the checkpoint as being synced.

        Args:
            connection: the writer's.
            step_hashes: of the job as it is now.
            meta: rows of the meta table that change with the job file.
            keep_answers: answers of changed steps stay valid (`--drift keep`).
        """
        self._connection = connection
        self._step_hashes = step_hashes
        (self._seen,) = connection.execute("SELECT coalesce(max(seen), 0) + 1 FROM items").fetchone()
        self._fresh = connection.execute("SELECT 1 FROM items LIMIT 1").fetchone() is None
        self._added = self._changed = self._unchanged = 0
        if keep_answers:
            connection.executemany(
                "UPDATE results SET step_hash = ? WHERE step = ?",
                [(digest, step) for step, digest in step_hashes.items()],
            )
        write_meta(connection, {**meta, "syncing": "true"})

    def add(self, items: Sequence[Item]) -> None:
        """Take a batch over, in input order."""
        if self._fresh:
            self._insert(items)
            return
        new = []
        for item in items:
            found = self._connection.execute(
                "SELECT key, input_hash FROM items WHERE id = ?", (pack(item.item_id),)
            ).fetchone()
            if found is None:
                new.append(item)
            elif bytes(found[1]) == item.input_hash:
                self._unchanged += 1
                self._connection.execute(
                    "UPDATE items SET idx = ?, seen = ?, removed = 0 WHERE key = ?",
                    (item.index, self._seen, found[0]),
                )
            else:
                self._replace(found[0], item)
        self._insert(new)

    def _insert(self, items: Sequence[Item]) -> None:
        self._added += len(items)
        (last,) = self._connection.execute("SELECT coalesce(max(key), 0) FROM items").fetchone()
        self._connection.executemany(
            "INSERT INTO items(key, idx, id, input_hash, seen) VALUES(?, ?, ?, ?, ?)",
            [
                (last + place, item.index, pack(item.item_id), item.input_hash, self._seen)
                for place, item in enumerate(items, 1)
            ],
        )
        self._connection.executemany(
            "INSERT INTO inputs(key, body) VALUES(?, ?)",
            [(last + place, pack_record(item.record)) for place, item in enumerate(items, 1)],
        )

    def _replace(self, key: int, item: Item) -> None:
        """The input changed under its id: pending again, in a new round; old answers no longer match."""
        self._changed += 1
        self._connection.execute(
            "UPDATE items SET idx = ?, input_hash = ?, state = 0, kind = NULL, step = NULL, message = NULL,"
            " http_status = NULL, finished_at = NULL, round = round + 1, seen = ?, removed = 0 WHERE key = ?",
            (item.index, item.input_hash, self._seen, key),
        )
        self._connection.execute("UPDATE inputs SET body = ? WHERE key = ?", (pack_record(item.record), key))

    def end(self, tally: Tally) -> SyncReport:
        """Mark what is gone, reopen what is stale, count anew, and take the mark off."""
        gone = self._connection.execute("UPDATE items SET removed = 1 WHERE seen < ? AND removed = 0", (self._seen,))
        stale = self._reopen_stale()
        self._recount(tally)
        write_meta(self._connection, {"syncing": "false", "step_hashes": json.dumps(dict(self._step_hashes))})
        return SyncReport(self._added, self._changed, gone.rowcount, self._unchanged, stale)

    def _reopen_stale(self) -> int:
        """Items that were answered, but lack a valid answer to a step of the job as it is now."""
        valid = " OR ".join("(r.step = ? AND r.step_hash = ?)" for _ in self._step_hashes)
        values = [value for pair in self._step_hashes.items() for value in pair]
        return self._connection.execute(
            f"UPDATE items SET state = 0, finished_at = NULL, step = NULL, round = round + 1"
            f" WHERE removed = 0 AND state = ? AND (SELECT count(*) FROM results r WHERE r.item = items.key"
            f" AND r.kind IS NULL AND r.input_hash = items.input_hash AND ({valid})) < ?",
            (SUCCEEDED, *values, len(self._step_hashes)),
        ).rowcount

    def _recount(self, tally: Tally) -> None:
        (total,) = self._connection.execute("SELECT count(*) FROM items WHERE removed = 0").fetchone()
        (succeeded,) = self._connection.execute(
            "SELECT count(*) FROM items WHERE removed = 0 AND state = ?", (SUCCEEDED,)
        ).fetchone()
        failures = self._connection.execute(
            "SELECT kind, count(*) FROM items WHERE removed = 0 AND state = ? GROUP BY kind", (FAILED,)
        ).fetchall()
        steps = self._connection.execute(
            "SELECT r.step, count(*) FROM results r JOIN items i ON i.key = r.item WHERE i.removed = 0"
            " AND r.kind IS NULL AND r.input_hash = i.input_hash GROUP BY r.step"
        ).fetchall()
        tally.recounted(total=total, succeeded=succeeded, failures=dict(failures), steps_done=dict(steps))
