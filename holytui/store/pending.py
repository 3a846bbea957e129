"""Pending items as a run takes them: each with what its steps have behind them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from holytui.core.failures import TIMEOUTS, FailureKind
from holytui.core.work import ItemState, Record, StepHistory, Work
from holytui.store.codec import STATES, unpack, unpack_overrides, unpack_record

PAGE_BYTES = 8_000_000
"""Of inputs; a page of at least one item ends before it holds more."""

_PENDING = STATES.index(ItemState.PENDING)

Rows = Callable[[str, Sequence[Any]], list[Any]]
"""All rows of a statement with these values."""


def pending_page(rows: Rows, hashes: Mapping[str, str], after: int, limit: int) -> list[Work]:
    """Pending items with an index above `after`, in order; a page ends early when its input is large.

    Args:
        rows: of the checkpoint.
        hashes: of the job's steps as they are now: an answer to an older text is none.
        after: an index, -1 for the first page.
        limit: items at most.
    """
    works: list[Work] = []
    size = 0
    found = rows(
        "SELECT i.key, i.idx, i.id, i.round, i.overrides, i.attempts, i.input_hash, length(n.body)"
        " FROM items i JOIN inputs n ON n.key = i.key"
        " WHERE i.removed = 0 AND i.state = ? AND i.idx > ? ORDER BY i.idx LIMIT ?",
        (_PENDING, after, limit),
    )
    for key, index, item_id, number, overrides, attempts, input_hash, length in found:
        size += length
        if works and size > PAGE_BYTES:
            break
        history = _history(rows, key, number, input_hash, hashes) if attempts else {}
        works.append(Work(index, unpack(item_id), number, record(rows, key), history, unpack_overrides(overrides)))
    return works


def record(rows: Rows, key: int) -> Record:
    """What an item was read as."""
    ((body,),) = rows("SELECT body FROM inputs WHERE key = ?", (key,))
    return unpack_record(body)


def _history(rows: Rows, key: int, number: int, input_hash: bytes, hashes: Mapping[str, str]) -> dict[str, StepHistory]:
    """What each step of an item has behind it: attempts of this round, timeouts of all, a valid answer."""
    used: dict[str, int] = {}
    timeouts: dict[str, int] = {}
    last: dict[str, tuple[FailureKind | None, str]] = {}
    for step, attempt_round, counted, kind, message in rows(
        "SELECT step, round, counted, kind, message FROM attempts WHERE item = ? ORDER BY id", (key,)
    ):
        known = None if kind is None else FailureKind(kind)
        timeouts[step] = timeouts.get(step, 0) + (known in TIMEOUTS)
        if attempt_round == number and counted:
            used[step] = used.get(step, 0) + 1
            last[step] = (known, unpack(message))
    answers = {
        step: unpack(text)
        for step, text, digest, asked in rows(
            "SELECT step, text, step_hash, input_hash FROM results WHERE item = ? AND kind IS NULL", (key,)
        )
        if digest == hashes.get(step) and bytes(asked) == bytes(input_hash)
    }
    nothing = (None, "")
    return {
        step: StepHistory(used.get(step, 0), timeouts.get(step, 0), answers.get(step), *last.get(step, nothing))
        for step in {*timeouts, *answers}
    }
