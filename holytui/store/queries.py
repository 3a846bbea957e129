"""The reader's SQL that has more than one user, and what its rows become."""

import sqlite3
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.pricing import Usage
from holytui.core.spread import Spread
from holytui.core.tokens import Answered
from holytui.core.work import ItemState
from holytui.store.codec import STATES, money, pack, unpack
from holytui.store.rows import AttemptRow, ItemRow, StepResult

TRIES = (
    "CASE WHEN i.attempts < 2 THEN i.attempts ELSE coalesce((SELECT count(*) FROM attempts a WHERE a.item = i.key"
    " AND a.counted = 1 AND (i.state <> 2 OR a.step = i.step) GROUP BY a.round, a.step"
    " ORDER BY a.round DESC, count(*) DESC LIMIT 1), 0) END"
)
"""The most attempts that a step of an item took in the newest round that had any; of a failed item, its failed step.

Where there was one attempt at most, the attempts table is not asked.
"""
ITEM = (
    "SELECT i.key, i.idx, i.id, i.state, i.kind, i.step, i.round, i.attempts, i.tokens_in + i.tokens_out,"
    " i.cost_usd, i.cost_kind, i.seconds, i.finished_at, i.message, i.http_status, i.given_up,"
    f" {TRIES} FROM items i"
)
ATTEMPTS = (
    "SELECT step, round, session, number, counted, started_at, ended_s, connected_s, first_s, last_s, clock_s,"
    " kind, message, http_status, request_id, model, tokens_in, tokens_out, tokens_cached, tokens_reasoning,"
    " exact, cost_usd, cost_kind, wasted, text, asked, prompt_chars FROM attempts WHERE item = ? ORDER BY id"
)
RESULTS = (
    "SELECT r.step, r.text, r.kind, r.message, r.http_status, r.model, r.seconds, r.at, r.step_hash, r.round = i.round,"
    " CAST(r.finish_reason AS TEXT) = 'accepted' FROM results r JOIN items i ON i.key = r.item"
    " WHERE r.item = ? AND r.input_hash = i.input_hash ORDER BY r.at"
)
"""Of one item, those to its input as it is now."""

ANSWERED = (FailureKind.TRUNCATED.value, FailureKind.EMPTY_ANSWER.value, FailureKind.INVALID_OUTPUT.value)
"""Kinds of attempts that the provider answered to the end, beside those that brought an answer."""

OBSERVATIONS = (
    "SELECT step, asked, tier, ended_s, CASE WHEN kind = 'timeout.attempt' THEN kind END, clock_s FROM attempts"
    " WHERE counted = 1 AND asked IS NOT NULL AND (kind IS NULL OR kind IN (?, ?, ?, ?)) ORDER BY id DESC LIMIT ?"
)
"""Of the newest attempts, for the clocks."""

ANSWER_SUMS = (
    "SELECT a.step, a.asked, r.step_hash, count(*), total(a.prompt_chars), total(a.tokens_in), total(a.tokens_cached),"
    " total(a.tokens_out), total(1.0 * a.tokens_out * a.tokens_out), total(r.chars), total(1.0 * r.chars * r.chars),"
    " total(a.ended_s), total(a.ended_s * a.ended_s)"
    " FROM (SELECT * FROM attempts WHERE kind IS NULL AND counted = 1 AND exact = 1 AND prompt_chars > 0"
    " ORDER BY id DESC LIMIT ?) a"
    " JOIN (SELECT item, step, step_hash, length(CAST(text AS TEXT)) chars FROM results WHERE kind IS NULL) r"
    " ON r.item = a.item AND r.step = a.step GROUP BY a.step, a.asked, r.step_hash"
)
"""What the newest answers came to, as sums; `total` adds as floating point, so that nonsense cannot overflow it."""

TOTAL_PLACES = "SELECT coalesce((SELECT idx + 1 FROM items WHERE removed = 0 ORDER BY idx DESC LIMIT 1), 0)"
_IN_CELL = "EXISTS (SELECT 1 FROM items WHERE removed = 0 AND state = {} AND idx >= first AND idx < end)"
CELLS = (
    "WITH RECURSIVE cell(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM cell WHERE n + 1 < :cells), span(first, end) AS"
    " (SELECT (n * :total + :cells - 1) / :cells, ((n + 1) * :total + :cells - 1) / :cells FROM cell)"
    f" SELECT first, end, CASE WHEN {_IN_CELL.format(2)} THEN 2 WHEN {_IN_CELL.format(0)} THEN 0"
    f" WHEN {_IN_CELL.format(1)} THEN 1 END FROM span"
)
"""Cells as spans of indices, with the worst state in each: by `items_by_state`, never by the items themselves."""
CELL_STATES = (
    "SELECT state, count(*) FROM items INDEXED BY items_by_place WHERE removed = 0 AND idx >= ? AND idx < ?"
    " GROUP BY state"
)
"""Named, for SQLite would rather walk all items in the order of their states than sort a few."""
CELL_KINDS = (
    "SELECT kind, count(*) FROM items WHERE removed = 0 AND state = ? AND idx >= ? AND idx < ? GROUP BY kind"
    " ORDER BY count(*) DESC"
)
CELL_FIRST = "SELECT min(idx) FROM items WHERE removed = 0 AND state = ? AND idx >= ? AND idx < ?"

NEVER = -1
"""A state that no stored item has."""


def teach(connection: sqlite3.Connection) -> None:
    """Give the connection `holds(blob, part)`: SQLite's own text functions stop at a NUL."""
    connection.create_function("holds", 2, _holds, deterministic=True)


def _holds(data: bytes | None, part: bytes) -> bool:
    return data is not None and part in pack(unpack(data).casefold())


def narrowed(state: ItemState | None, kind: str | None, text: str | None) -> tuple[str, list[Any]]:
    """A WHERE clause for items and its values.

    Args:
        state: as stored; `running` is what an owner has in hand, so that no stored item has it.
        kind: a failure kind or a family of them.
        text: a part of the id or of the failure's message, in any case.
    """
    parts = ["i.removed = 0"]
    values: list[Any] = []
    if state is not None:
        parts.append("i.state = ?")
        values.append(STATES.index(state) if state in STATES else NEVER)
    if kind is not None:
        parts.append("(i.kind = ? OR substr(i.kind, 1, ?) = ?)")
        values += [kind, len(kind) + 1, f"{kind}."]
    if text:
        parts.append("(holds(i.id, ?) OR holds(i.message, ?))")
        values += [pack(text.casefold())] * 2
    return " AND ".join(parts), values


def item_row(row: tuple[Any, ...]) -> ItemRow:
    """A row of `ITEM`."""
    _, index, item_id, state, kind, step, number, attempts, tokens, usd, cost_kind, seconds, at, said = row[:14]
    given_up = row[15]
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
        None if given_up is None else unpack(given_up),
        tries=row[16],
    )


def attempt_row(row: tuple[Any, ...]) -> AttemptRow:
    """A row of `ATTEMPTS`."""
    kind, message, status, request_id, model = row[11:16]
    tokens_in, tokens_out, cached, reasoning, exact, usd, cost_kind, wasted, text, asked, chars = row[16:]
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
        unpack(asked),
        chars,
    )


def answered_row(row: tuple[Any, ...]) -> Answered:
    """A row of `ANSWER_SUMS`."""
    step, asked, _, answers, chars, sent, cached = row[:7]
    brought, length, seconds = (Spread(answers, *row[at : at + 2]) for at in (7, 9, 11))
    return Answered(
        step=step,
        model=unpack(asked),
        answers=answers,
        prompt_chars=chars,
        input=sent,
        cached=cached,
        output=brought,
        answer_chars=length,
        seconds=seconds,
    )


def step_result(row: tuple[Any, ...]) -> StepResult:
    """A row of `RESULTS`."""
    step, text, kind, message, status, model, seconds, at = row[:8]
    return StepResult(
        step,
        None if text is None else unpack(text),
        kind,
        unpack(message),
        status,
        unpack(model),
        seconds,
        at,
        bool(row[10]),
    )
