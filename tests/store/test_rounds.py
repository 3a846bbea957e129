"""Retrying: which failed items go back to pending, and what they keep."""

from pathlib import Path

import pytest

from holytui.core.command import Selection
from holytui.core.failures import FailureKind
from holytui.core.work import ItemState, Overrides
from holytui.store.reader import Reader
from tests.store.jobs import WAIT, answer, attempt, fail, filled, writing

KINDS = [
    FailureKind.TIMEOUT_STALL,
    FailureKind.TIMEOUT_ATTEMPT,
    FailureKind.SERVER_ERROR,
    FailureKind.BAD_REQUEST,
    FailureKind.INPUT_ERROR,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Item 0 to 4 failed, each with a kind of its own; item 5 is pending."""
    folder = filled(tmp_path / "small", 6)
    with writing(folder) as writer:
        for index, kind in enumerate(KINDS):
            fail(writer, index, kind)
    return folder


@pytest.mark.parametrize(
    ("selection", "changes", "expected"),
    [
        (Selection(), Overrides(), {0, 1, 2}),
        (Selection(kinds=("timeout",)), Overrides(), {0, 1}),
        (Selection(kinds=("timeout.stall",)), Overrides(), {0}),
        (Selection(kinds=("bad_request", "server_error")), Overrides(), {2, 3}),
        (Selection(everything=True), Overrides(), {0, 1, 2, 3, 4}),
        (Selection(), Overrides(model="other"), {0, 1, 2, 3, 4}),
        (Selection(items=("doc_3",)), Overrides(), {3}),
        (Selection(items=("doc_0", "doc_3", "doc_5", "nobody")), Overrides(), {0, 3}),
        (Selection(kinds=("timeout",), items=("doc_0", "doc_3")), Overrides(), {0}),
        (Selection(kinds=("network",)), Overrides(), set()),
        (Selection(kinds=("time",)), Overrides(), set()),
    ],
)
def test_what_is_selected(folder: Path, selection: Selection, changes: Overrides, expected: set[int]) -> None:
    with writing(folder) as writer:
        assert writer.retry(selection, changes).result(WAIT) == len(expected)
        counters = writer.counters
    left = {kind.value: 1 for index, kind in enumerate(KINDS) if index not in expected}
    assert (counters.failed, dict(counters.failures)) == (len(left), left)
    assert counters.pending == 1 + len(expected)
    reader = Reader.open(folder)
    works = {work.index: work for work in reader.pending(-1, 10)}
    reader.close()
    assert set(works) == expected | {5}
    assert all(works[index].round == 2 and works[index].overrides == changes for index in expected)


def test_more_items_than_one_statement_takes(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1_200)
    with writing(folder) as writer:
        for index in range(1_200):
            fail(writer, index)
        ids = tuple(f"doc_{index}" for index in range(1_200))
        assert writer.retry(Selection(items=ids), Overrides()).result(WAIT) == 1_200


def test_the_history_stays_and_the_count_starts_again(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.attempt(attempt(0))
        writer.outcome(answer(0, text="the summary"))
        writer.attempt(attempt(0, "title", kind=FailureKind.TIMEOUT_ATTEMPT, message="too slow"))
        writer.attempt(attempt(0, "title", kind=FailureKind.SERVER_ERROR, number=2, message="busy"))
        writer.flush().result(WAIT)
        reader = Reader.open(folder)
        past = reader.pending(-1, 1)[0].history["title"]
        assert (past.attempts, past.timeouts) == (2, 1)
        assert (past.last_kind, past.last_message) == (FailureKind.SERVER_ERROR, "busy")
        fail(writer, 0, FailureKind.SERVER_ERROR)
        writer.outcome(type(answer(0))(0, "title", 1, 0.0, kind=FailureKind.SERVER_ERROR, closes=ItemState.FAILED))
        writer.retry(Selection(), Overrides(clock_factor=2.0)).result(WAIT)
        work = reader.pending(-1, 1)[0]
        detail = reader.item(0)
        reader.close()
    assert (work.round, work.overrides) == (2, Overrides(clock_factor=2.0))
    assert (work.history["title"].attempts, work.history["title"].timeouts) == (0, 1)
    assert work.history["title"].last_kind is None
    assert work.history["summary"].answer == "the summary"
    assert len(detail.attempts) == 4
    assert set(detail.results) == {"summary"}
    assert (detail.row.message, detail.row.kind, detail.row.finished_at) == ("", None, None)


def test_an_uncounted_request_uses_no_attempt(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.attempt(attempt(0, kind=FailureKind.SERVER_ERROR, counted=False))
        writer.attempt(attempt(0, kind=FailureKind.SERVER_ERROR))
    reader = Reader.open(folder)
    assert reader.pending(-1, 1)[0].history["summary"].attempts == 1
    reader.close()


def test_a_retry_without_changes_keeps_those_of_the_one_before(folder: Path) -> None:
    chosen = Selection(items=("doc_0",))
    with writing(folder) as writer:
        writer.retry(chosen, Overrides(model="other")).result(WAIT)
        fail(writer, 0, round=2)
        writer.retry(chosen, Overrides()).result(WAIT)
    reader = Reader.open(folder)
    work = reader.pending(-1, 1)[0]
    reader.close()
    assert (work.round, work.overrides.model) == (3, "other")


def test_changes_that_cannot_be_sent_do_not_bar_the_job(folder: Path) -> None:
    with writing(folder) as writer:
        writer.retry(Selection(items=("doc_0",)), Overrides("other", max_tokens=int("9" * 400))).result(WAIT)
        writer.retry(Selection(items=("doc_1",)), Overrides(5, 1e308, 900)).result(WAIT)  # type: ignore[arg-type]  # the point
    reader = Reader.open(folder)
    first, second = reader.pending(-1, 2)
    reader.close()
    assert (first.overrides, second.overrides) == (Overrides("other"), Overrides(max_tokens=900))
