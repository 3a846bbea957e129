"""Accepting, giving up and taking back: what an item is afterwards, and that everything still adds up."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holytui.core.command import Selection, Verb
from holytui.core.failures import FailureKind
from holytui.core.progress import Counters
from holytui.core.work import ItemState, Overrides
from holytui.store.checkpoint import FILE
from holytui.store.reader import Reader
from holytui.store.rows import ItemRow, Undone
from holytui.store.writer import Writer
from tests.store.jobs import WAIT, answer, answer_fully, attempt, failure, filled, writing

ALL = Selection(everything=True)
PARTIAL = "Topic: the harvest of 19"


def fails(writer: Writer, index: int, kind: FailureKind, *, step: str = "summary", text: str = "") -> None:
    """One try that failed, with what was heard until then, and the failure."""
    writer.attempt(attempt(index, step, kind=kind, text=text, message="why"))
    kept = text if kind in {FailureKind.TRUNCATED, FailureKind.CONTENT_FILTER} else ""
    writer.outcome(failure(index, step, kind=kind, text=kept or None))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """0 truncated in its last step, 1 in its first; 2 stalled half way; 3 refused; 4 answered; 5 pending."""
    folder = filled(tmp_path / "small", 6)
    with writing(folder) as writer:
        writer.attempt(attempt(0))
        writer.outcome(answer(0, text="a summary"))
        fails(writer, 0, FailureKind.TRUNCATED, step="title", text=PARTIAL)
        fails(writer, 1, FailureKind.TRUNCATED, text=PARTIAL)
        fails(writer, 2, FailureKind.TIMEOUT_STALL, text="half of it")
        fails(writer, 3, FailureKind.BAD_REQUEST)
        answer_fully(writer, 4)
    return folder


def rows(folder: Path) -> list[ItemRow]:
    reader = Reader.open(folder)
    try:
        return reader.items(0, 100)
    finally:
        reader.close()


def states(folder: Path) -> list[str]:
    return [row.state.value for row in rows(folder)]


def test_a_partial_answer_that_is_accepted_is_the_answer(folder: Path) -> None:
    with writing(folder) as writer:
        before = writer.counters
        assert writer.accept(Selection(kinds=("truncated",))).result(WAIT) == 2
        counters = writer.counters
    assert states(folder) == ["succeeded", "pending", "failed", "failed", "succeeded", "pending"]
    assert (counters.succeeded, counters.failed, dict(counters.failures)) == (
        2,
        2,
        {"timeout.stall": 1, "bad_request": 1},
    )
    # Two requests brought an answer after all.
    assert counters.wasted.known_usd == pytest.approx(before.wasted.known_usd - 0.02)
    assert adds_up(counters)
    reader = Reader.open(folder)
    try:
        detail = reader.item(0)
        assert detail.answers == {"summary": "a summary", "title": PARTIAL}
        assert [detail.results[step].accepted for step in ("summary", "title")] == [False, True]
        assert [tried.kind for tried in detail.attempts] == [None, FailureKind.TRUNCATED]
        (first, _) = reader.pending(-1, 10)
        assert (first.index, first.round, first.history["summary"].answer) == (1, 2, PARTIAL)
    finally:
        reader.close()


def test_what_was_heard_before_a_clock_fired_can_be_accepted_too_and_nothing_cannot(folder: Path) -> None:
    with writing(folder) as writer:
        assert writer.accept(Selection(items=("doc_2", "doc_3"))).result(WAIT) == 1
    reader = Reader.open(folder)
    try:
        assert reader.item(2).answers == {"summary": "half of it"}
        assert reader.row(3).state is ItemState.FAILED
    finally:
        reader.close()


def test_what_is_given_up_stays_failed_and_is_retried_only_when_named(folder: Path) -> None:
    with writing(folder) as writer:
        assert writer.give_up(Selection(kinds=("timeout",)), "a scan").result(WAIT) == 1
        assert dict(writer.counters.given_up) == {"timeout.stall": 1}
        assert writer.counters.failed == 4
        assert writer.retry(Selection(kinds=("timeout",)), Overrides()).result(WAIT) == 0
        assert [row.given_up for row in rows(folder)] == [None, None, "a scan", None, None, None]
        assert writer.retry(Selection(items=("doc_2",)), Overrides()).result(WAIT) == 1
        assert dict(writer.counters.given_up) == {}
        assert rows(folder)[2].given_up is None


@pytest.mark.parametrize(
    ("act", "verb", "items"),
    [
        (lambda writer: writer.retry(ALL, Overrides(model="other")), Verb.RETRY, 4),
        (lambda writer: writer.accept(ALL), Verb.ACCEPT, 3),
        (lambda writer: writer.give_up(ALL, "enough"), Verb.GIVE_UP, 4),
    ],
    ids=["retry", "accept", "give up"],
)
def test_undo_makes_everything_as_it_was(folder: Path, act: Callable[[Writer], object], verb: Verb, items: int) -> None:
    with writing(folder) as writer:
        before, was, dumped = writer.counters, rows(folder), dump(folder)
        act(writer)
        writer.flush().result(WAIT)
        assert rows(folder) != was
        assert writer.undo().result(WAIT) == Undone(verb, items, 0)
        assert rows(folder) == was
        assert dump(folder) == dumped
        assert about(writer.counters) == about(before)
        assert writer.undo().result(WAIT) is None


def test_undo_leaves_what_went_on_since(folder: Path) -> None:
    with writing(folder) as writer:
        writer.retry(ALL, Overrides()).result(WAIT)
        writer.attempt(attempt(2, round=2, kind=FailureKind.NETWORK))
        assert writer.undo(in_hand={3}).result(WAIT) == Undone(Verb.RETRY, 2, 2)
    assert states(folder) == ["failed", "failed", "pending", "pending", "succeeded", "pending"]


def test_an_undo_takes_back_the_newest_first(folder: Path) -> None:
    with writing(folder) as writer:
        writer.give_up(Selection(items=("doc_3",)), "").result(WAIT)
        writer.retry(Selection(kinds=("timeout",)), Overrides()).result(WAIT)
        assert writer.undo().result(WAIT) == Undone(Verb.RETRY, 1, 0)
        assert writer.undo().result(WAIT) == Undone(Verb.GIVE_UP, 1, 0)
        assert writer.undo().result(WAIT) is None


STEP = st.sampled_from(
    ["fail", "truncate", "answer", "retry", "accept", "give up", "undo", "undo, some in hand", "retry one"]
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(STEP, st.integers(0, 3)), max_size=12))
def test_whatever_is_decided_the_counters_are_those_of_the_tables(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = filled(tmp_path_factory.mktemp("job") / "small", 4)
    with writing(folder) as writer:
        for what, index in steps:
            number = rows(folder)[index].round
            match what:
                case "fail" | "truncate":
                    kind = FailureKind.TRUNCATED if what == "truncate" else FailureKind.NETWORK
                    writer.attempt(attempt(index, round=number, kind=kind, text="partial"))
                    writer.outcome(failure(index, kind=kind, text="partial", round=number))
                case "answer":
                    writer.attempt(attempt(index, "title", round=number))
                    writer.outcome(answer(index, "title", round=number))
                case "retry":
                    writer.retry(ALL, Overrides())
                case "retry one":
                    writer.retry(Selection(items=(f"doc_{index}",)), Overrides())
                case "accept":
                    writer.accept(ALL)
                case "give up":
                    writer.give_up(ALL, "why")
                case _:
                    writer.undo({index} if "hand" in what else ())
            writer.flush().result(WAIT)
            assert about(writer.counters) == about(counted(folder, writer.counters))
            assert adds_up(writer.counters)


def dump(folder: Path) -> dict[str, list[object]]:
    connection = sqlite3.connect(f"{(folder / FILE).as_uri()}?mode=ro", uri=True)
    try:
        tables = ("items", "attempts", "results", "triage")
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    finally:
        connection.close()


def counted(folder: Path, like: Counters) -> Counters:
    """The counters as the tables have them."""
    connection = sqlite3.connect(f"{(folder / FILE).as_uri()}?mode=ro", uri=True)
    try:
        failed = connection.execute("SELECT kind, count(*), count(given_up) FROM items WHERE state = 2 GROUP BY 1")
        kinds = failed.fetchall()
        ((succeeded,),) = connection.execute("SELECT count(*) FROM items WHERE state = 1").fetchall()
        ((wasted,),) = connection.execute("SELECT total(cost_usd) FROM attempts WHERE wasted = 1").fetchall()
        bought = connection.execute("SELECT step, total(cost_usd) FROM attempts WHERE wasted = 0 GROUP BY 1").fetchall()
        done = connection.execute("SELECT step, count(*) FROM results WHERE kind IS NULL GROUP BY 1").fetchall()
    finally:
        connection.close()
    return Counters(
        total=like.total,
        succeeded=succeeded,
        failed=sum(number for _, number, _ in kinds),
        failures={kind: number for kind, number, _ in kinds},
        given_up={kind: number for kind, _, number in kinds if number},
        steps_done=dict(done),
        wasted=like.wasted.__class__(computed=wasted),
        by_step={step: like.wasted.__class__(computed=usd) for step, usd in bought},
    )


def about(counters: Counters) -> tuple[object, ...]:
    """What a decision may change, with money as far as floating point carries it."""
    by_step = {step: round(spend.known_usd, 9) for step, spend in counters.by_step.items() if spend.known_usd > 1e-9}
    done = {step: number for step, number in counters.steps_done.items() if number}
    states = (counters.total, counters.succeeded, counters.failed, dict(counters.failures), dict(counters.given_up))
    return (*states, done, by_step, round(counters.wasted.known_usd, 9))


def adds_up(counters: Counters) -> bool:
    parts = sum(spend.known_usd for spend in counters.by_step.values()) + counters.wasted.known_usd
    return abs(parts - counters.spend.known_usd) < 1e-9
