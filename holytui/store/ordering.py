"""Items sorted and narrowed: the order is made once, beside the screen, and then only looked up."""

import sqlite3
import threading
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.work import ItemState
from holytui.store.codec import STATES, pack
from holytui.store.queries import NEVER, TRIES, teach
from holytui.store.trouble import explain
from holytui.store.viewing import View, open_view


class Column(StrEnum):
    """What items can be sorted by; the value is the word for it."""

    NUMBER = "number"
    ID = "id"
    STATE = "state"
    TRIES = "tries"
    TOKENS = "tokens"
    COST = "cost"
    SECONDS = "seconds"
    FINISHED = "time finished"


_WORST_FIRST = {ItemState.FAILED: 0, ItemState.PENDING: 1, ItemState.SUCCEEDED: 2}
_RANK = " ".join(f"WHEN {STATES.index(state)} THEN {rank}" for state, rank in _WORST_FIRST.items())
_STEPS = "(SELECT count(*) FROM json_each((SELECT CAST(value AS TEXT) FROM meta WHERE key = 'job_json'), '$.steps'))"
"""Of the job: an item answered with as many attempts was answered at once, which is told without looking at them."""

_BY = {
    Column.NUMBER: ("idx",),
    Column.ID: ("id",),
    Column.STATE: (f"CASE state {_RANK} END", "kind"),
    Column.TRIES: (f"CASE WHEN state = 1 AND attempts = {_STEPS} THEN 1 ELSE {TRIES} END",),
    Column.TOKENS: ("tokens_in + tokens_out",),
    Column.COST: ("cost_usd",),
    Column.SECONDS: ("seconds",),
    Column.FINISHED: ("finished_at",),
}
_UNKNOWN_LAST = {Column.COST: "cost_kind = 'unknown'", Column.FINISHED: "finished_at IS NULL"}
UPWARDS = frozenset({Column.NUMBER, Column.ID, Column.STATE})
"""Columns whose smallest comes first; of the others people want the largest."""


LAST = "SELECT idx FROM items WHERE removed = 0 ORDER BY idx DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which items are wanted; empty fields do not narrow.

    Attributes:
        kind: a failure kind or a family of them.
        text: parts of the id or of the failure's message, in any case; each has to be there.
    """

    state: ItemState | None = None
    kind: str | None = None
    step: str | None = None
    text: tuple[str, ...] = ()

    @classmethod
    def parse(cls, words: str) -> "Narrowing":
        """What a filter's words mean: states, kinds, `step:NAME`, and else parts of id or message."""
        state, kind, step, rest = None, None, None, []
        for word in words.lower().split():
            if word in ItemState.__members__.values():
                state = ItemState(word)
            elif word == "timeout" or word in FailureKind.__members__.values():
                kind = word
            elif word.startswith("step:"):
                step = word.removeprefix("step:")
            else:
                rest.append(word)
        return cls(state, kind, step, tuple(rest))


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order of items: sorted by a column, from its usual end or the other one, narrowed."""

    column: Column = Column.NUMBER
    reverse: bool = False
    narrowing: Narrowing = Narrowing()


@dataclass(frozen=True, slots=True)
class Order:
    """Items by their places.

    Attributes:
        count: of items.
        indices: index by place; None: the place is the index.
    """

    count: int = 0
    indices: "array[int] | None" = field(default=None, repr=False)

    def at(self, offset: int, limit: int) -> list[int]:
        """The indices of a page."""
        end = min(self.count, offset + limit)
        return list(range(offset, end)) if self.indices is None else list(self.indices[offset:end])

    def place_of(self, index: int) -> int | None:
        """Where the item with this index stands, None if it does not."""
        if self.indices is None:
            return index if 0 <= index < self.count else None
        try:
            return self.indices.index(index)
        except ValueError:
            return None

    @classmethod
    def of(cls, indices: Iterable[int]) -> "Order":
        """Of these items, in this order."""
        found = array("q", indices)
        return cls(len(found), found)

    def members(self) -> "array[int] | None":
        """The indices from the smallest; None: all below `count`."""
        return None if self.indices is None else array("q", sorted(self.indices))


def among(members: "array[int]", index: int) -> bool:
    """Whether an index is one of sorted ones."""
    place = bisect_left(members, index)
    return place < len(members) and members[place] == index


def all_but(count: int, others: Iterable[int]) -> "array[int]":
    """The numbers below `count` without these, which are sorted."""
    everything, kept, after = array("q", range(count)), array("q"), 0
    for other in others:
        kept += everything[after:other]
        after = other + 1
    kept += everything[after:]
    return kept


class Interrupted(Exception):
    """Another order is wanted meanwhile."""


class Sorter:
    """Makes orders over a connection of its own, so that nobody who reads waits for a sort."""

    def __init__(self, folder: Path) -> None:
        """Open a job's checkpoint.

        Raises:
            CheckpointError: it cannot be read.
        """
        self._folder = folder
        self._view: View = open_view(folder)
        teach(self._view.connection)
        self._lock = threading.Lock()

    def arrange(self, wanted: Wanted) -> Order:
        """The order that is wanted; blocks, for a second where a million items are sorted.

        Raises:
            Interrupted: `interrupt` was called meanwhile.
            CheckpointError: it cannot be read.
        """
        with self._lock:
            try:
                if wanted == Wanted() and (total := self._dense()) is not None:
                    return Order(total)
                if (most := self._most(wanted)) is not None:
                    return most
                where, values = _where(wanted.narrowing)
                statement = f"SELECT i.idx FROM items i WHERE {where} ORDER BY {_order_by(wanted)}"
                return Order.of(chain.from_iterable(self._view.connection.execute(statement, values)))
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                    raise Interrupted from error
                raise explain(error, self._folder) from error
            except sqlite3.Error as error:
                raise explain(error, self._folder) from error

    def _most(self, wanted: Wanted) -> Order | None:
        """The items of a state that most are in: all but the others. An index copied costs little beside one read.

        None where that does not hold, or something else narrows or sorts.
        """
        state = wanted.narrowing.state
        if state not in STATES or wanted != Wanted(narrowing=Narrowing(state)):
            return None
        connection = self._view.connection
        others = [number for number, one in enumerate(STATES) if one is not state]
        marks = ", ".join("?" * len(others))
        rows = f"FROM items WHERE removed = 0 AND state IN ({marks})"
        connection.execute("BEGIN")
        try:
            few = (connection.execute(LAST).fetchone() or (0,))[0] // 3
            counted = connection.execute(f"SELECT count(*) FROM (SELECT 1 {rows} LIMIT ?)", (*others, few + 1))
            if counted.fetchone()[0] > few or (total := self._dense()) is None:
                return None
            # Sorted here: they come as one ascending run a state, which SQLite would sort anew.
            found = sorted(chain.from_iterable(connection.execute(f"SELECT idx {rows}", others)))
            indices = all_but(total, found)
            return Order(len(indices), indices)
        finally:
            connection.rollback()

    def interrupt(self) -> None:
        """Another order is wanted: end the one that is being made; from any thread."""
        self._view.connection.interrupt()

    def close(self) -> None:
        """Close it, ending what is under way."""
        self.interrupt()
        with self._lock:
            self._view.close()

    def _dense(self) -> int | None:
        """How many items there are, if their indices have no gaps: then input order needs no list."""
        rows = self._view.connection.execute(
            f"SELECT (SELECT count(*) FROM items WHERE removed = 0), ({LAST})"
        ).fetchall()
        total, last = rows[0]
        return int(total) if last is None or last == total - 1 else None


def _order_by(wanted: Wanted) -> str:
    downwards = (wanted.column in UPWARDS) is wanted.reverse
    direction = "DESC" if downwards else "ASC"
    unknown = [_UNKNOWN_LAST[wanted.column]] if wanted.column in _UNKNOWN_LAST else []
    terms = [f"{term} {direction}" for term in _BY[wanted.column]]
    return ", ".join([*unknown, *terms, "idx"])


def _where(narrowing: Narrowing) -> tuple[str, list[Any]]:
    parts, values = ["i.removed = 0"], list[Any]()
    state = narrowing.state
    if state is None and (narrowing.kind is not None or narrowing.step is not None):
        state = ItemState.FAILED
    if state is not None:
        parts.append("i.state = ?")
        values.append(STATES.index(state) if state in STATES else NEVER)
    if narrowing.kind is not None:
        parts.append("(i.kind = ? OR substr(i.kind, 1, ?) = ?)")
        values += [narrowing.kind, len(narrowing.kind) + 1, f"{narrowing.kind}."]
    if narrowing.step is not None:
        parts.append("lower(i.step) = ?")
        values.append(narrowing.step)
    for text in narrowing.text:
        wanted = pack(text.casefold())
        if text.isascii():
            # SQLite's own text functions know ASCII and stop at a NUL, and are many times faster than ours.
            found = "instr(lower(CAST(i.id AS TEXT)), ?) OR (instr(i.id, x'00') AND holds(i.id, ?))"
            parts.append(f"({found} OR (i.message IS NOT NULL AND holds(i.message, ?)))")
            values += [text, wanted, wanted]
        else:
            parts.append("(holds(i.id, ?) OR holds(i.message, ?))")
            values += [wanted, wanted]
    return " AND ".join(parts), values
