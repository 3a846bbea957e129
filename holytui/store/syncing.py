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
        stale: had a result before, but from steps that have changed: pending again.
        kept_answers: recorded answers (not items) that stay valid.
    """

    added: int
    changed: int
    removed: int
    unchanged: int
    stale: int
    kept_answers: int


class Sync:
    """One reading of the input."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        tally: Tally,
        step_hashes: Mapping[str, str],
        meta: Mapping[str, str],
        *,
        keep_answers: bool,
    ) -> None:
        """Begin, inside the writer's transaction; marks the checkpoint as being synced.

        Args:
            connection: the writer's.
            tally: kept right in every transaction: a cut-off sync leaves counters that fit the items.
            step_hashes: of the job as it is now.
            meta: rows of the meta table that change with the job file.
            keep_answers: answers of changed steps stay valid (`--drift keep`).
        """
        self._connection = connection
        self._tally = tally
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
                "SELECT key, input_hash, idx, removed, state, kind FROM items WHERE id = ?", (pack(item.item_id),)
            ).fetchone()
            if found is None:
                new.append(item)
                continue
            key, input_hash, index, removed, state, kind = found
            if removed:
                self._tally.came(1, STATES[state], kind)
            if bytes(input_hash) != item.input_hash:
                self._tally.changed(STATES[state], kind)
                self._replace(key, item)
            else:
                self._unchanged += 1
                self._keep(key, item.index, moved=removed or index != item.index)
        self._insert(new)

    def _keep(self, key: int, index: int, *, moved: bool) -> None:
        """Mark an item as seen; its place stands in two indexes, which are left alone when it is the same."""
        if moved:
            self._connection.execute(
                "UPDATE items SET idx = ?, seen = ?, removed = 0 WHERE key = ?", (index, self._seen, key)
            )
        else:
            self._connection.execute("UPDATE items SET seen = ? WHERE key = ?", (self._seen, key))

    def _insert(self, items: Sequence[Item]) -> None:
        self._added += len(items)
        self._tally.came(len(items))
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
            " http_status = NULL, finished_at = NULL, given_up = NULL, round = round + 1, seen = ?, removed = 0"
            " WHERE key = ?",
            (item.index, item.input_hash, self._seen, key),
        )
        self._connection.execute("UPDATE inputs SET body = ? WHERE key = ?", (pack_record(item.record), key))

    def end(self) -> SyncReport:
        """Mark what is gone, reopen what is stale, count anew, and take the mark off."""
        gone = self._connection.execute("UPDATE items SET removed = 1 WHERE seen < ? AND removed = 0", (self._seen,))
        stale = self._reopen_stale()
        steps_done = self._recount()
        write_meta(self._connection, {"syncing": "false", "step_hashes": json.dumps(dict(self._step_hashes))})
        return SyncReport(self._added, self._changed, gone.rowcount, self._unchanged, stale, sum(steps_done.values()))

    def _reopen_stale(self) -> int:
        """Items whose results are not those of the job as it is now.

        Succeeded ones that lack a valid answer to a step, and failed ones whose failure was that of a text
        which has changed since: a prompt that was mended deserves its try.
        """
        valid = " OR ".join("(r.step = ? AND r.step_hash = ?)" for _ in self._step_hashes)
        values = [value for pair in self._step_hashes.items() for value in pair]
        mine = f"FROM results r WHERE r.item = items.key AND r.input_hash = items.input_hash AND ({valid})"
        reopen = (
            "UPDATE items SET state = 0, kind = NULL, step = NULL, message = NULL, http_status = NULL,"
            " finished_at = NULL, given_up = NULL, round = round + 1 WHERE removed = 0 AND state = ?"
        )
        answered = self._connection.execute(
            f"{reopen} AND (SELECT count(*) {mine} AND r.kind IS NULL) < ?",
            (SUCCEEDED, *values, len(self._step_hashes)),
        ).rowcount
        failed = self._connection.execute(
            f"{reopen} AND NOT EXISTS (SELECT 1 {mine} AND r.kind IS NOT NULL AND r.step = items.step)",
            (FAILED, *values),
        ).rowcount
        return answered + failed

    def _recount(self) -> dict[str, int]:
        """Count items and answers from the tables; the answers by step."""
        (total,) = self._connection.execute("SELECT count(*) FROM items WHERE removed = 0").fetchone()
        (succeeded,) = self._connection.execute(
            "SELECT count(*) FROM items WHERE removed = 0 AND state = ?", (SUCCEEDED,)
        ).fetchone()
        failures = self._connection.execute(
            "SELECT kind, count(*), count(given_up) FROM items WHERE removed = 0 AND state = ? GROUP BY kind", (FAILED,)
        ).fetchall()
        steps_done = {}
        for step, digest in self._step_hashes.items():
            (steps_done[step],) = self._connection.execute(
                "SELECT count(*) FROM results r JOIN items i ON i.key = r.item WHERE i.removed = 0 AND r.step = ?"
                " AND r.step_hash = ? AND r.kind IS NULL AND r.input_hash = i.input_hash",
                (step, digest),
            ).fetchone()
        self._tally.recounted(
            total=total,
            succeeded=succeeded,
            failures={kind: number for kind, number, _ in failures},
            given_up={kind: number for kind, _, number in failures},
            steps_done=steps_done,
        )
        return steps_done
