"""A retry: failed items go back to pending in a new round; what they have behind them stays."""

import sqlite3

from holytui.core.command import Selection, Verb
from holytui.core.failures import RULES, FailureKind, matches
from holytui.core.work import ItemState, Overrides
from holytui.store.codec import STATES, pack, pack_overrides
from holytui.store.tally import Tally

FAILED = STATES.index(ItemState.FAILED)
BATCHES_KEPT = 20
"""Of what can be undone, the newest."""


def reopen(connection: sqlite3.Connection, tally: Tally, selection: Selection, changes: Overrides) -> int:
    """Return the selected failed items to pending; how many.

    Kinds that fail the same way again are left out unless they are named, everything is asked for, single
    items are named, or something is changed. What was given up is left out unless its item is named or everything
    is asked for.
    """
    again = bool(selection.everything or selection.items or changes != Overrides())
    number = choose(connection, selection, same_again=again, given_up=bool(selection.everything or selection.items))
    if number:
        remember(connection, Verb.RETRY)
        uncount(connection, tally)
        connection.execute(
            "UPDATE items SET state = 0, kind = NULL, step = NULL, message = NULL, http_status = NULL,"
            " finished_at = NULL, given_up = NULL, round = round + 1, overrides = coalesce(?, overrides)"
            " WHERE key IN (SELECT key FROM temp.chosen)",
            (pack_overrides(changes),),
        )
    return number


def choose(connection: sqlite3.Connection, selection: Selection, *, same_again: bool, given_up: bool) -> int:
    """Put the keys of the selected failed items into the temporary table `chosen`; how many.

    Args:
        connection: the writer's, inside a transaction.
        selection: what a person chose.
        same_again: also kinds that fail the same way again, where no kinds are named.
        given_up: also items that were given up.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (key INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.chosen")
    found = connection.execute("SELECT DISTINCT kind FROM items WHERE removed = 0 AND state = ?", (FAILED,)).fetchall()
    put = "INSERT OR IGNORE INTO temp.chosen SELECT key FROM items WHERE removed = 0 AND state = ? AND kind = ?"
    put += "" if given_up else " AND given_up IS NULL"
    for (kind,) in found:
        if not _wanted(kind, selection, same_again=same_again):
            continue
        if selection.items:
            connection.executemany(f"{put} AND id = ?", [(FAILED, kind, pack(item)) for item in selection.items])
        else:
            connection.execute(put, (FAILED, kind))
    ((number,),) = connection.execute("SELECT count(*) FROM temp.chosen").fetchall()
    return int(number)


def _wanted(kind: str, selection: Selection, *, same_again: bool) -> bool:
    if selection.kinds:
        return any(matches(kind, named) for named in selection.kinds)
    return same_again or not RULES[FailureKind(kind)].same_again


def remember(connection: sqlite3.Connection, verb: Verb) -> int:
    """Keep what the chosen items are now, for an undo; the batch's number."""
    ((newest,),) = connection.execute("SELECT coalesce(max(batch), 0) FROM triage").fetchall()
    batch = int(newest) + 1
    connection.execute(
        "INSERT INTO triage(batch, item, verb, round, kind, step, message, http_status, finished_at, overrides,"
        " given_up) SELECT ?, key, ?, round, kind, step, message, http_status, finished_at, overrides, given_up"
        " FROM items WHERE key IN (SELECT key FROM temp.chosen)",
        (batch, verb.value),
    )
    connection.execute("DELETE FROM triage WHERE batch <= ?", (batch - BATCHES_KEPT,))
    return batch


def uncount(connection: sqlite3.Connection, tally: Tally) -> None:
    """The chosen items are failed no longer."""
    for kind, number, given_up in connection.execute(
        "SELECT kind, count(*), count(given_up) FROM items WHERE key IN (SELECT key FROM temp.chosen) GROUP BY kind"
    ).fetchall():
        tally.reopened(kind, number)
        tally.gave_up(kind, -given_up)
