"""What the engine tells, as rows: attempts, outcomes, the log. Runs inside the writer's transaction."""

import json
import math
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from holytui.core.failures import FailureKind
from holytui.core.pricing import UNKNOWN, Money, Usage
from holytui.core.work import AttemptEvent, ItemState, Notice, Outcome, Pardon
from holytui.store.codec import STATES, money, pack, unpack
from holytui.store.tally import Tally

COALESCE_S = 600.0
MOST_EVENTS = 10_000
MOST_TOKENS = 10**15
"""A provider that reports more is wrong; SQLite's integers end at 9 x 10**18, and sums must fit too."""

PENDING = STATES.index(ItemState.PENDING)


@dataclass(slots=True)
class _Item:
    """An item as this transaction has it, and what its row does not say yet."""

    key: int
    input_hash: bytes
    round: int
    state: int
    results: int
    cost: Money
    attempts: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    behind: bool = False


class Recorder:
    """Writes events of one session.

    The items of a transaction are read at once (`look_up`), and the row of each is written once, in `write_behind`
    at the latest: an attempt and the outcome that follows it mostly come together. Each statement is a chance for
    other threads to take the interpreter, and for this one to wait for it.
    """

    def __init__(
        self, connection: sqlite3.Connection, tally: Tally, step_hashes: Mapping[str, str], session: int
    ) -> None:
        self._connection = connection
        self._tally = tally
        self.step_hashes = step_hashes
        self.session = session
        self._items: dict[int, _Item | None] = {}

    def write_behind(self) -> None:
        """Write what is still owed to rows, and forget them: before a commit, and before others touch items."""
        for item in self._items.values():
            if item is not None and item.behind:
                self._update(item)
        self._items.clear()

    def forget(self) -> None:
        """The transaction was rolled back: nothing is owed."""
        self._items.clear()

    def look_up(self, indices: Iterable[int]) -> None:
        """Read the items that a transaction is about, all at once."""
        wanted = [index for index in set(indices) if index not in self._items]
        if not wanted:
            return
        self._items.update(dict.fromkeys(wanted))
        found = self._connection.execute(
            "SELECT idx, key, input_hash, round, state, (SELECT count(*) FROM results WHERE item = items.key),"
            " cost_usd, cost_kind FROM items WHERE removed = 0 AND idx IN (SELECT value FROM json_each(?))",
            (json.dumps(wanted),),
        ).fetchall()
        for index, key, input_hash, current_round, state, results, usd, kind in found:
            self._items[index] = _Item(key, input_hash, current_round, state, results, money(usd, kind))

    def _item(self, index: int) -> _Item | None:
        if index not in self._items:
            self.look_up([index])
        return self._items[index]

    def attempt(self, event: AttemptEvent) -> None:
        """Count a request; keep it as a row unless it is one of many 429s, which only the log tells of."""
        event, item = _believable(event), self._item(event.index)
        if item is not None and self._is_late(item, event):
            event = replace(event, wasted=True)
        self._tally.attempt(event)
        if item is None or (event.kind is FailureKind.RATE_LIMIT and not event.counted):
            return
        self._insert_attempt(item.key, event)
        item.attempts += event.counted
        item.tokens_in += event.usage.input
        item.tokens_out += event.usage.output
        item.seconds += event.ended_s
        item.cost += event.cost
        item.behind = True

    def pardon(self, pardon: Pardon) -> None:
        """A recorded attempt does not count: the item gets it back."""
        item = self._item(pardon.index)
        if item is None:
            return
        told = self._connection.execute(
            "SELECT id, message FROM attempts WHERE counted = 1 AND item = ? AND step = ? AND round = ? AND number = ?",
            (item.key, pardon.step, pardon.round, pardon.number),
        ).fetchall()
        for attempt, message in told:
            why = pack(f"not counted ({pardon.why}): {unpack(message)}")
            self._connection.execute("UPDATE attempts SET counted = 0, message = ? WHERE id = ?", (why, attempt))
        item.attempts -= len(told)
        item.behind = True
        self._tally.pardoned(len(told))

    def _insert_attempt(self, key: int, event: AttemptEvent) -> None:
        usage = event.usage
        self._connection.execute(
            "INSERT INTO attempts(item, step, round, session, number, counted, started_at, ended_s, connected_s,"
            " first_s, last_s, clock_s, kind, message, http_status, request_id, model, tokens_in, tokens_out,"
            " tokens_cached, tokens_reasoning, exact, cost_usd, cost_kind, wasted, text, asked, tier, prompt_chars)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                event.step,
                event.round,
                self.session,
                event.number,
                int(event.counted),
                event.started_at,
                event.ended_s,
                event.connected_s,
                event.first_s,
                event.last_s,
                event.clock_s,
                None if event.kind is None else event.kind.value,
                pack(event.message),
                event.http_status,
                pack(event.request_id),
                pack(event.model),
                usage.input,
                usage.output,
                usage.cached,
                usage.reasoning,
                int(usage.exact),
                event.cost.usd,
                event.cost.kind.value,
                int(event.wasted),
                pack(event.text) if event.text else None,
                pack(event.asked),
                event.tier,
                event.prompt_chars,
            ),
        )

    def outcome(self, outcome: Outcome) -> None:
        """Record a step's result.

        The first result wins: what comes for another round, for an item that is closed, or as a failure of
        a step that has a valid answer is not recorded.
        """
        item = self._item(outcome.index)
        if item is None or item.state != PENDING or outcome.round != item.round:
            return
        answered = item.results > 0 and self._has_answer(item, outcome.step)
        if answered and outcome.kind is not None:
            return
        if not answered:
            self._insert_result(item.key, item.input_hash, outcome)
            item.results += 1
            if outcome.kind is None:
                self._tally.step_answered(outcome.step)
        if outcome.closes is not None:
            self._close(item, outcome)

    def _is_late(self, item: _Item, event: AttemptEvent) -> bool:
        """Whether it brought an answer that there is already: paid for, and of no use."""
        if event.kind is not None:
            return False
        if item.state != PENDING or event.round != item.round:
            return True
        return item.results > 0 and self._has_answer(item, event.step)

    def _has_answer(self, item: _Item, step: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM results WHERE item = ? AND step = ? AND kind IS NULL AND step_hash = ? AND input_hash = ?",
            (item.key, step, self.step_hashes.get(step, ""), item.input_hash),
        ).fetchone()
        return row is not None

    def _insert_result(self, key: int, input_hash: bytes, outcome: Outcome) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO results(item, step, round, step_hash, input_hash, kind, message, http_status,"
            " text, model, finish_reason, seconds, at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key,
                outcome.step,
                outcome.round,
                self.step_hashes.get(outcome.step, ""),
                input_hash,
                None if outcome.kind is None else outcome.kind.value,
                pack(outcome.message),
                outcome.http_status,
                None if outcome.answer is None else pack(outcome.answer),
                pack(outcome.model),
                pack(outcome.finish_reason),
                outcome.duration_s,
                outcome.at,
            ),
        )

    def _close(self, item: _Item, outcome: Outcome) -> None:
        assert outcome.closes is not None
        item.state = STATES.index(outcome.closes)
        self._connection.execute(
            f"{_ADD_UP}, state = ?, kind = ?, step = ?, message = ?, http_status = ?, finished_at = ? WHERE key = ?",
            (
                *_owed(item),
                item.state,
                None if outcome.kind is None else outcome.kind.value,
                outcome.step,
                pack(outcome.message),
                outcome.http_status,
                outcome.at,
                item.key,
            ),
        )
        self._tally.closed(outcome.closes, outcome.kind)

    def _update(self, item: _Item) -> None:
        self._connection.execute(f"{_ADD_UP} WHERE key = ?", (*_owed(item), item.key))

    def notice(self, notice: Notice) -> None:
        """A line of the log; a repeat of the newest of its kind within ten minutes only counts up."""
        text = pack(notice.text)
        newest = self._connection.execute(
            "SELECT id, last, text FROM events WHERE kind = ? ORDER BY id DESC LIMIT 1", (notice.kind,)
        ).fetchone()
        if newest is not None and bytes(newest[2]) == text and notice.at - newest[1] < COALESCE_S:
            self._connection.execute(
                "UPDATE events SET last = ?, count = count + 1 WHERE id = ?", (notice.at, newest[0])
            )
            return
        cursor = self._connection.execute(
            "INSERT INTO events(kind, first, last, count, text) VALUES(?, ?, ?, 1, ?)",
            (notice.kind, notice.at, notice.at, text),
        )
        assert cursor.lastrowid is not None
        self._connection.execute("DELETE FROM events WHERE id <= ?", (cursor.lastrowid - MOST_EVENTS,))


_ADD_UP = (
    "UPDATE items SET attempts = attempts + ?, tokens_in = tokens_in + ?, tokens_out = tokens_out + ?,"
    " cost_usd = ?, cost_kind = ?, seconds = seconds + ?"
)


def _owed(item: _Item) -> tuple[object, ...]:
    """Values for `_ADD_UP`; from now on nothing is owed."""
    owed = (
        item.attempts,
        item.tokens_in,
        item.tokens_out,
        item.cost.usd or 0.0,
        item.cost.kind.value,
        item.seconds,
    )
    item.attempts = item.tokens_in = item.tokens_out = 0
    item.seconds = 0.0
    item.behind = False
    return owed


def _believable(event: AttemptEvent) -> AttemptEvent:
    """The event with nothing in it that a provider's nonsense would make unrecordable: 1e30 tokens, NaN USD."""
    cost = event.cost
    if cost.usd is not None and not (math.isfinite(cost.usd) and cost.usd >= 0):
        cost = UNKNOWN
    usage = event.usage
    counts = [usage.input, usage.output, usage.cached, usage.reasoning]
    if cost is event.cost and all(0 <= count <= MOST_TOKENS for count in counts):
        return event
    tokens_in, tokens_out, cached, reasoning = (min(max(0, count), MOST_TOKENS) for count in counts)
    return replace(event, cost=cost, usage=Usage(tokens_in, tokens_out, cached, reasoning, usage.exact))
