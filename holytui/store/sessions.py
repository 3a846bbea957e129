"""Sessions in the checkpoint: when each began and ended, and how long it was at work."""

import sqlite3

from holytui.core.pricing import Money, MoneyKind
from holytui.store.tally import Tally

RESERVED = "reserved_usd"
"""The key in `meta` of what may be in flight of a job with a budget, in USD."""


def begin(connection: sqlite3.Connection, tally: Tally, pid: int, host: str, now: float) -> int:
    """Record that a session begins; its number.

    One that was killed never said how long it was at work: what it recorded last tells.
    """
    unended = connection.execute("SELECT id, started_at FROM sessions WHERE ended_at IS NULL").fetchall()
    for session, started_at in unended:
        active_s = at_work_s(connection, session, started_at)
        tally.session_ended(active_s)
        connection.execute(
            "UPDATE sessions SET ended_at = ?, active_s = ?, outcome = 'crashed' WHERE id = ?",
            (started_at + active_s, active_s, session),
        )
    if unended:
        lost = _reserved_usd(connection)
        if lost > 0:
            tally.lost(Money(lost, MoneyKind.ESTIMATED))
    _forget_reserved(connection)
    cursor = connection.execute("INSERT INTO sessions(pid, host, started_at) VALUES(?, ?, ?)", (pid, host, now))
    assert cursor.lastrowid is not None
    tally.session_began()
    return cursor.lastrowid


def end(
    connection: sqlite3.Connection, tally: Tally, session: int, *, outcome: str, active_s: float, now: float
) -> None:
    """Record how a session ended, and how many seconds it was at work."""
    tally.session_ended(active_s)
    _forget_reserved(connection)
    connection.execute(
        "UPDATE sessions SET ended_at = ?, active_s = ?, outcome = ? WHERE id = ?", (now, active_s, outcome, session)
    )


def at_work_s(connection: sqlite3.Connection, session: int, started_at: float) -> float:
    """Seconds from the begin of the newest session to the end of its last request; 0 when it made none."""
    newest = connection.execute(
        "SELECT session, started_at + ended_s FROM attempts ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if newest is None or newest[0] != session:
        return 0.0
    return max(0.0, float(newest[1]) - started_at)


def _reserved_usd(connection: sqlite3.Connection) -> float:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (RESERVED,)).fetchone()
    return 0.0 if row is None else float(row[0])


def _forget_reserved(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM meta WHERE key = ?", (RESERVED,))
