"""What a person decides about failures beside a retry: accept partial answers, give up, and take it back."""

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from holytui.core.command import Selection, Verb
from holytui.core.work import ItemState
from holytui.store.codec import STATES, money, pack, unpack
from holytui.store.rounds import choose, remember
from holytui.store.rows import Undone
from holytui.store.tally import Tally

PENDING, SUCCEEDED, FAILED = (STATES.index(s) for s in (ItemState.PENDING, ItemState.SUCCEEDED, ItemState.FAILED))
ACCEPTED = "accepted"
"""The finish reason of an answer that a person took as it was."""


def give_up(connection: sqlite3.Connection, tally: Tally, selection: Selection, reason: str) -> int:
    """Put failed items aside: they stay failed, and a retry that does not name them leaves them out; how many."""
    number = choose(connection, selection, same_again=True, given_up=False)
    if number:
        remember(connection, Verb.GIVE_UP)
        for kind, items in connection.execute(
            "SELECT kind, count(*) FROM items WHERE key IN (SELECT key FROM temp.chosen) GROUP BY kind"
        ).fetchall():
            tally.gave_up(kind, items)
        connection.execute("UPDATE items SET given_up = ? WHERE key IN (SELECT key FROM temp.chosen)", (pack(reason),))
    return number


@dataclass(frozen=True, slots=True)
class _Partial:
    """A failed item with a text that can be taken for its step's answer.

    Attributes:
        attempt: the recorded request that brought it, None if none is recorded.
    """

    key: int
    step: str
    kind: str
    text: bytes
    attempt: int | None
    given_up: bool


def accept(
    connection: sqlite3.Connection, tally: Tally, selection: Selection, hashes: Mapping[str, str], at: float
) -> int:
    """Take the partial answers of failed items as answers; how many had one.

    An item whose other steps have answers is succeeded then; else it is pending again, for those steps.

    Args:
        connection: the writer's, inside a transaction.
        tally: its counters.
        selection: what a person chose.
        hashes: of the job's steps, by name; the text of a step that has changed since is no answer to it.
        at: Unix seconds.
    """
    choose(connection, selection, same_again=True, given_up=True)
    partials = _partials(connection, hashes)
    connection.execute("DELETE FROM temp.chosen")
    connection.executemany("INSERT INTO temp.chosen VALUES(?)", [(partial.key,) for partial in partials])
    if not partials:
        return 0
    batch = remember(connection, Verb.ACCEPT)
    for partial in partials:
        connection.execute(
            "UPDATE triage SET attempt = ?, finish_reason = r.finish_reason, own_text = r.text IS NOT NULL"
            " FROM results r WHERE r.item = triage.item AND r.step = triage.step AND batch = ? AND triage.item = ?",
            (partial.attempt, batch, partial.key),
        )
        _take(connection, tally, partial)
        _close(connection, tally, partial, hashes, at)
    return len(partials)


def _partials(connection: sqlite3.Connection, hashes: Mapping[str, str]) -> list[_Partial]:
    found = []
    rows = connection.execute(
        "SELECT i.key, i.step, i.kind, r.text, r.step_hash, i.given_up IS NOT NULL FROM items i"
        " JOIN results r ON r.item = i.key AND r.step = i.step AND r.input_hash = i.input_hash"
        " WHERE i.key IN (SELECT key FROM temp.chosen) AND r.kind IS NOT NULL"
    ).fetchall()
    for key, step, kind, text, digest, given_up in rows:
        if digest != hashes.get(step):
            continue
        tried = connection.execute(
            "SELECT id, text FROM attempts WHERE item = ? AND step = ? AND kind IS NOT NULL AND text IS NOT NULL"
            " ORDER BY id DESC LIMIT 1",
            (key, step),
        ).fetchone()
        attempt, heard = tried or (None, None)
        partial = text or heard
        if partial is not None and unpack(partial).strip():
            found.append(_Partial(key, step, kind, bytes(partial), attempt, bool(given_up)))
    return found


def _take(connection: sqlite3.Connection, tally: Tally, partial: _Partial) -> None:
    """The text becomes the step's answer, and what it cost was not wasted."""
    connection.execute(
        "UPDATE results SET kind = NULL, message = NULL, http_status = NULL, text = ?, finish_reason = ?"
        " WHERE item = ? AND step = ?",
        (partial.text, pack(ACCEPTED), partial.key, partial.step),
    )
    tally.step_answered(partial.step)
    if partial.attempt is None:
        return
    usd, kind, wasted = connection.execute(
        "SELECT cost_usd, cost_kind, wasted FROM attempts WHERE id = ?", (partial.attempt,)
    ).fetchone()
    if wasted:
        connection.execute("UPDATE attempts SET wasted = 0 WHERE id = ?", (partial.attempt,))
        tally.bought(partial.step, money(usd, kind))


def _close(
    connection: sqlite3.Connection, tally: Tally, partial: _Partial, hashes: Mapping[str, str], at: float
) -> None:
    answered = connection.execute(
        "SELECT r.step, r.step_hash FROM results r JOIN items i ON i.key = r.item"
        " WHERE r.item = ? AND r.kind IS NULL AND r.input_hash = i.input_hash",
        (partial.key,),
    ).fetchall()
    whole = set(hashes.items()) <= set(answered)
    connection.execute(
        "UPDATE items SET state = ?, kind = NULL, message = NULL, http_status = NULL, given_up = NULL,"
        " finished_at = ?, round = round + ? WHERE key = ?",
        # In a new round, so that a step that failed beside this one gets its attempts.
        (SUCCEEDED if whole else PENDING, at if whole else None, int(not whole), partial.key),
    )
    tally.reopened(partial.kind, 1)
    tally.gave_up(partial.kind, -int(partial.given_up))
    if whole:
        tally.closed(ItemState.SUCCEEDED, None)


_UNTOUCHED = (
    "SELECT i.key, i.idx, i.state FROM triage t JOIN items i ON i.key = t.item WHERE t.batch = :batch AND i.removed = 0"
    " AND CASE WHEN t.verb = 'give_up' THEN i.state = :failed AND i.round = t.round AND i.given_up IS NOT NULL"
    " WHEN i.state = :succeeded THEN t.verb = 'accept' AND i.round = t.round"
    " ELSE i.state = :pending AND i.round = t.round + 1"
    " AND NOT EXISTS (SELECT 1 FROM attempts a WHERE a.item = i.key AND a.round = i.round) END"
)


def undo(connection: sqlite3.Connection, tally: Tally, in_hand: Collection[int]) -> Undone | None:
    """Take the newest retry, accept or give up back, as far as nothing has come of it; None: there is none.

    Args:
        connection: the writer's, inside a transaction.
        tally: its counters.
        in_hand: indices of items that the owner is about to send, or has sent.
    """
    newest = connection.execute("SELECT batch, verb, count(*) FROM triage GROUP BY batch ORDER BY batch DESC LIMIT 1")
    last = newest.fetchone()
    if last is None:
        return None
    batch, verb, total = last
    states = {"failed": FAILED, "succeeded": SUCCEEDED, "pending": PENDING}
    rows = connection.execute(_UNTOUCHED, {**states, "batch": batch}).fetchall()
    untouched = [(key, state) for key, index, state in rows if index not in in_hand]
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (key INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.chosen")
    connection.executemany("INSERT INTO temp.chosen VALUES(?)", [(key,) for key, _ in untouched])
    succeeded = sum(state == SUCCEEDED for _, state in untouched)
    if verb == Verb.ACCEPT.value:
        _give_back(connection, tally, batch, succeeded)
    _restore(connection, tally, batch, Verb(verb))
    connection.execute("DELETE FROM triage WHERE batch = ?", (batch,))
    return Undone(Verb(verb), len(untouched), total - len(untouched))


def _give_back(connection: sqlite3.Connection, tally: Tally, batch: int, succeeded: int) -> None:
    """Accepted texts are partial answers of failures again, and what they cost was wasted."""
    tally.reverted(succeeded)
    for key, step, kind, message, status, reason, attempt, own_text in connection.execute(
        "SELECT item, step, kind, message, http_status, finish_reason, attempt, own_text FROM triage"
        " WHERE batch = ? AND item IN (SELECT key FROM temp.chosen)",
        (batch,),
    ).fetchall():
        connection.execute(
            "UPDATE results SET kind = ?, message = ?, http_status = ?, finish_reason = ?,"
            " text = CASE WHEN ? THEN text END WHERE item = ? AND step = ?",
            (kind, message, status, reason, own_text, key, step),
        )
        tally.step_answered(step, -1)
        if attempt is None:
            continue
        usd, cost_kind = connection.execute(
            "SELECT cost_usd, cost_kind FROM attempts WHERE id = ?", (attempt,)
        ).fetchone()
        connection.execute("UPDATE attempts SET wasted = 1 WHERE id = ?", (attempt,))
        tally.wasted_again(step, money(usd, cost_kind))


def _restore(connection: sqlite3.Connection, tally: Tally, batch: int, verb: Verb) -> None:
    """The chosen items are again what the batch says that they were."""
    if verb is Verb.GIVE_UP:
        for kind, number in connection.execute(
            "SELECT kind, count(*) FROM items WHERE key IN (SELECT key FROM temp.chosen) GROUP BY kind"
        ).fetchall():
            tally.gave_up(kind, -number)
        connection.execute("UPDATE items SET given_up = NULL WHERE key IN (SELECT key FROM temp.chosen)")
        return
    for kind, number, given_up in connection.execute(
        "SELECT kind, count(*), count(given_up) FROM triage WHERE batch = ? AND item IN (SELECT key FROM temp.chosen)"
        " GROUP BY kind",
        (batch,),
    ).fetchall():
        tally.failed_again(kind, number)
        tally.gave_up(kind, given_up)
    connection.execute(
        "UPDATE items SET state = ?, kind = t.kind, step = t.step, message = t.message, http_status = t.http_status,"
        " finished_at = t.finished_at, overrides = t.overrides, given_up = t.given_up, round = t.round"
        " FROM triage t WHERE t.batch = ? AND t.item = items.key AND items.key IN (SELECT key FROM temp.chosen)",
        (FAILED, batch),
    )
