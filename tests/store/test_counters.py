"""Whatever happens in whatever order: the counters are what a recount of the tables gives."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holytui.core.command import Selection
from holytui.core.failures import FailureKind
from holytui.core.pricing import NOTHING, UNKNOWN, Money, MoneyKind
from holytui.core.progress import Counters
from holytui.core.work import Item, ItemState, Overrides
from holytui.store.codec import STATES
from holytui.store.writer import Writer
from tests.store.jobs import (
    HASHES,
    WAIT,
    answer,
    attempt,
    by_hand,
    failure,
    item,
    items,
    job_json,
    new_job,
    sync,
    writing,
)

Operation = Callable[[Writer], None]

INDICES = st.integers(0, 4)
ROUNDS = st.integers(1, 3)
STEPS = st.sampled_from(sorted(HASHES))
KINDS = st.sampled_from([FailureKind.TIMEOUT_STALL, FailureKind.BAD_REQUEST, FailureKind.RATE_LIMIT])
COSTS = st.sampled_from([NOTHING, UNKNOWN, *(Money(0.25, kind) for kind in MoneyKind if kind is not MoneyKind.UNKNOWN)])
HASH_SETS = st.sampled_from([HASHES, {**HASHES, "title": "changed"}])


@st.composite
def attempts(draw: st.DrawFn) -> Operation:
    event = attempt(
        draw(INDICES),
        draw(STEPS),
        round=draw(ROUNDS),
        kind=draw(st.none() | KINDS),
        counted=draw(st.booleans()),
        cost=draw(COSTS),
    )
    return lambda writer: writer.attempt(event)


@st.composite
def answers(draw: st.DrawFn) -> Operation:
    outcome = answer(draw(INDICES), draw(STEPS), round=draw(ROUNDS), closes=draw(st.booleans()))
    return lambda writer: writer.outcome(outcome)


@st.composite
def failures(draw: st.DrawFn) -> Operation:
    outcome = failure(draw(INDICES), draw(STEPS), draw(KINDS), round=draw(ROUNDS))
    return lambda writer: writer.outcome(outcome)


@st.composite
def retries(draw: st.DrawFn) -> Operation:
    ids = draw(st.lists(INDICES.map(lambda index: f"doc_{index}"), max_size=2))
    kinds = draw(st.lists(KINDS.map(lambda kind: kind.value), max_size=1))
    selection = Selection(tuple(kinds), tuple(ids), draw(st.booleans()))
    changes = draw(st.sampled_from([Overrides(), Overrides(model="other")]))

    def operation(writer: Writer) -> None:
        writer.retry(selection, changes)

    return operation


@st.composite
def inputs(draw: st.DrawFn) -> list[Item]:
    chosen = draw(st.lists(INDICES, unique=True, max_size=5))
    return [
        item(place, draw(st.sampled_from(["as it was", "rewritten"])), f"doc_{n}") for place, n in enumerate(chosen)
    ]


@st.composite
def syncs(draw: st.DrawFn) -> Operation:
    found, hashes, keep = draw(inputs()), draw(HASH_SETS), draw(st.booleans())

    def operation(writer: Writer) -> None:
        sync(writer, found, hashes=hashes, keep_answers=keep)

    return operation


def mistake(writer: Writer) -> None:
    """A call that fails half way must leave nothing behind."""
    writer.begin_sync(HASHES, job_json=job_json(HASHES), run_json="{}", job_path=None, base_dir=".").result(WAIT)
    with pytest.raises(Exception, match="UNIQUE"):
        writer.add_items([item(90, item_id="new"), item(91, item_id="twice"), item(92, item_id="twice")]).result(WAIT)
    writer.add_items(items(5)).result(WAIT)
    writer.end_sync().result(WAIT)


OPERATIONS = st.one_of(attempts(), answers(), answers(), failures(), retries(), syncs(), st.just(mistake))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATIONS, max_size=40))
def test_the_counters_are_a_recount(operations: list[Operation]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = new_job(Path(temporary) / "small")
        with writing(folder) as writer:
            sync(writer, [item(place, "as it was", f"doc_{place}") for place in range(5)])
            for operation in operations:
                operation(writer)
            writer.flush().result(WAIT)
            counters = writer.counters
        check(folder, counters)


def check(folder: Path, counters: Counters) -> None:
    with by_hand(folder) as connection:
        states = Counter(
            (STATES[state], kind)
            for state, kind in connection.execute("SELECT state, kind FROM items WHERE removed = 0")
        )
        hashes = dict(connection.execute("SELECT 1, value FROM meta WHERE key = 'step_hashes'"))
        answered = connection.execute(
            "SELECT r.step, r.step_hash FROM results r JOIN items i ON i.key = r.item"
            " WHERE i.removed = 0 AND r.kind IS NULL AND r.input_hash = i.input_hash"
        ).fetchall()
        requests = connection.execute("SELECT count(*), sum(counted) FROM attempts").fetchone()
    valid = json.loads(hashes[1])
    done = Counter(step for step, digest in answered if valid[step] == digest)
    assert counters.total == sum(states.values())
    assert counters.succeeded == states[ItemState.SUCCEEDED, None]
    assert dict(counters.failures) == {
        kind: number for (state, kind), number in states.items() if state is ItemState.FAILED
    }
    assert counters.failed == sum(counters.failures.values())
    assert counters.pending == states[ItemState.PENDING, None]
    assert Counter(counters.steps_done) == done
    assert counters.requests >= requests[0]
    assert counters.attempts >= (requests[1] or 0)
    assert counters.requests >= counters.attempts
    parts = [*counters.by_step.values(), counters.wasted]
    for name in ("reported", "computed", "estimated", "unknown"):
        assert getattr(counters.spend, name) == pytest.approx(sum(getattr(part, name) for part in parts))
