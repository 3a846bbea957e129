"""A retry: failed items go back to pending in a new round; what they have behind them stays."""

import sqlite3

from holytui.core.command import Selection
from holytui.core.failures import RULES, FailureKind, matches
from holytui.core.work import ItemState, Overrides
from holytui.store.codec import STATES, pack, pack_overrides
from holytui.store.tally import Tally

FAILED = STATES.index(ItemState.FAILED)
CHUNK = 500


def reopen(connection: sqlite3.Connection, tally: Tally, selection: Selection, changes: Overrides) -> int:
    """Return the selected failed items to pending; how many.

    Kinds that fail the same way again are left out unless they are named, everything is asked for, single
    items are named, or something is changed.
    """
    kinds = [
        kind
        for (kind,) in connection.execute("SELECT DISTINCT kind FROM items WHERE removed = 0 AND state = ?", (FAILED,))
        if _wanted(kind, selection, changes)
    ]
    reopened = 0
    for kind in kinds:
        number = (
            _reopen_named(connection, kind, selection.items, changes)
            if selection.items
            else _reopen_kind(connection, kind, changes)
        )
        tally.reopened(kind, number)
        reopened += number
    return reopened


def _wanted(kind: str, selection: Selection, changes: Overrides) -> bool:
    if selection.kinds:
        return any(matches(kind, named) for named in selection.kinds)
    if selection.everything or selection.items or changes != Overrides():
        return True
    return not RULES[FailureKind(kind)].same_again


_SET = (
    "UPDATE items SET state = 0, kind = NULL, step = NULL, message = NULL, http_status = NULL, finished_at = NULL,"
    " round = round + 1, overrides = coalesce(?, overrides) WHERE removed = 0 AND state = ? AND kind = ?"
)


def _reopen_kind(connection: sqlite3.Connection, kind: str, changes: Overrides) -> int:
    return connection.execute(_SET, (pack_overrides(changes), FAILED, kind)).rowcount


def _reopen_named(connection: sqlite3.Connection, kind: str, items: tuple[str, ...], changes: Overrides) -> int:
    number = 0
    for start in range(0, len(items), CHUNK):
        chunk = [pack(item) for item in items[start : start + CHUNK]]
        marks = ",".join("?" * len(chunk))
        statement = f"{_SET} AND id IN ({marks})"
        number += connection.execute(statement, (pack_overrides(changes), FAILED, kind, *chunk)).rowcount
    return number
