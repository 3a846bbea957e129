"""What viewers and the runner read, while the owner writes."""

import threading
from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.pricing import UNKNOWN, Money, MoneyKind
from holytui.core.work import ItemState
from holytui.store.pending import PAGE_BYTES
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from tests.store.jobs import (
    NOON,
    WAIT,
    answer_fully,
    attempt,
    by_hand,
    fail,
    failure,
    filled,
    item,
    items,
    new_job,
    sync,
    writing,
)


def test_pages_of_pending_items_are_read_by_place(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 10)
    with writing(folder) as writer:
        answer_fully(writer, 1)
        fail(writer, 3)
    reader = Reader.open(folder)
    first = reader.pending(-1, 4)
    second = reader.pending(first[-1].index, 100)
    reader.close()
    assert [work.index for work in first] == [0, 2, 4, 5]
    assert [work.index for work in second] == [6, 7, 8, 9]
    assert first[0].record == item(0).record
    assert first[0].history == {}


def test_a_page_of_large_inputs_is_cut_short(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    large = "x" * (PAGE_BYTES // 3)
    with writing(folder) as writer:
        sync(writer, [item(0, "x" * 2 * PAGE_BYTES), *(item(index, large) for index in range(1, 7))])
    reader = Reader.open(folder)
    pages = [[work.index for work in reader.pending(after, 100)] for after in (-1, 0, 2)]
    reader.close()
    assert pages == [[0], [1, 2], [3, 4]]


def test_a_document_is_stored_once_and_read_back_whole(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    text = "long " * 100_000
    with writing(folder) as writer:
        sync(writer, [item(0, text)])
    with by_hand(folder) as connection:
        (size,) = connection.execute("SELECT length(body) FROM inputs").fetchone()
    assert size < 1.1 * len(text)
    reader = Reader.open(folder)
    assert reader.item(0).record == item(0, text).record
    reader.close()


def test_commits_are_seen_by_a_reader_that_is_open(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    reader = Reader.open(folder)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        writer.flush().result(WAIT)
        assert reader.counters().succeeded == 1
        with reader.steady():
            assert reader.count_items(state=ItemState.SUCCEEDED) == 1
            answer_fully(writer, 1)
            writer.flush().result(WAIT)
            assert reader.count_items(state=ItemState.SUCCEEDED) == 1
        assert reader.count_items(state=ItemState.SUCCEEDED) == 2
    reader.close()


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, [0, 1, 2, 3, 4]),
        ({"state": ItemState.FAILED}, [1, 2, 3]),
        ({"state": ItemState.SUCCEEDED}, [0]),
        ({"state": ItemState.RUNNING}, []),
        ({"kind": "timeout"}, [1, 2]),
        ({"kind": "timeout.stall"}, [1]),
        ({"kind": "time"}, []),
        ({"text": "ÜBER"}, [4]),
        ({"text": "nul\0"}, [2]),
        ({"text": "\ud83d"}, [3]),
        ({"text": "%"}, []),
        ({"text": "went SILENT"}, [1, 2, 3]),
        ({"state": ItemState.FAILED, "text": "doc"}, [1]),
    ],
)
def test_lists_are_narrowed(tmp_path: Path, narrowed: dict[str, object], expected: list[int]) -> None:
    folder = new_job(tmp_path / "small")
    names = ["doc_0", "doc_1", "a nul\0 inside", "half \ud83d pair", "über alles"]
    with writing(folder) as writer:
        sync(writer, [item(index, item_id=name) for index, name in enumerate(names)])
        answer_fully(writer, 0)
        kinds = (FailureKind.TIMEOUT_STALL, FailureKind.TIMEOUT_ATTEMPT, FailureKind.SERVER_ERROR)
        for index, kind in enumerate(kinds, 1):
            fail(writer, index, kind)
    reader = Reader.open(folder)
    rows = reader.items(0, 10, **narrowed)  # type: ignore[arg-type]  # parametrised
    assert [row.index for row in rows] == expected
    assert reader.count_items(**narrowed) == len(expected)  # type: ignore[arg-type]  # parametrised
    assert [row.index for row in reader.items(1, 2)] == [1, 2]
    reader.close()


def test_an_item_in_a_list(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        writer.attempt(attempt(0, kind=FailureKind.SERVER_ERROR, cost=UNKNOWN))
        answer_fully(writer, 0)
        fail(writer, 1)
    reader = Reader.open(folder)
    done, failed = reader.items(0, 10)
    reader.close()
    assert (done.item_id, done.state, done.attempts, done.tokens, done.seconds) == (
        "doc_0",
        ItemState.SUCCEEDED,
        3,
        360,
        6.0,
    )
    assert done.cost == UNKNOWN
    assert done.finished_at == NOON + 60
    assert (failed.kind, failed.step, failed.message) == ("timeout.stall", "summary", "it went silent")
    assert failed.cost == Money(0.01, MoneyKind.COMPUTED)


def test_an_item_with_all_its_attempts(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    first = attempt(0, kind=FailureKind.TIMEOUT_STALL, message="silent for 30 s", text="The begin")
    with writing(folder) as writer:
        writer.begin_session(1, "here")
        writer.attempt(first)
        answer_fully(writer, 0)
    reader = Reader.open(folder)
    detail = reader.item(0)
    with pytest.raises(CheckpointError, match="no item number 8"):
        reader.item(7)
    reader.close()
    row = detail.attempts[0]
    assert (row.kind, row.message, row.text, row.wasted, row.session) == (
        FailureKind.TIMEOUT_STALL,
        "silent for 30 s",
        "The begin",
        True,
        1,
    )
    assert (row.connected_s, row.first_s, row.last_s, row.ended_s) == (0.1, 0.5, 1.9, 2.0)
    assert (row.usage, row.cost, row.model) == (first.usage, first.cost, first.model)
    assert [other.step for other in detail.attempts] == ["summary", "summary", "title"]
    assert detail.answers == {"summary": "an answer to summary 0", "title": "an answer to title 0"}


def test_failures_by_kind_with_what_a_retry_costs(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 12)
    with writing(folder) as writer:
        for index in range(8):
            fail(writer, index, FailureKind.TIMEOUT_STALL if index < 7 else FailureKind.BAD_REQUEST)
        writer.flush().result(WAIT)
        reader = Reader.open(folder)
        stalled, refused = reader.failures()
        assert (stalled.kind, stalled.count, stalled.samples) == (
            "timeout.stall",
            7,
            tuple(f"doc_{index}" for index in range(5)),
        )
        assert (refused.kind, refused.count) == ("bad_request", 1)
        assert stalled.retry_usd == pytest.approx(0.07)
        answer_fully(writer, 9)  # two cents an item that succeeds
        writer.flush().result(WAIT)
        assert reader.failures()[0].retry_usd == pytest.approx(0.14)
        writer.attempt(attempt(10, cost=UNKNOWN))
        writer.flush().result(WAIT)
        assert reader.failures()[0].retry_usd == pytest.approx(0.07)
        reader.close()


def test_a_retry_that_never_cost_anything_is_unknown_not_free(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.attempt(attempt(0, kind=FailureKind.NETWORK, cost=Money()))
        writer.outcome(failure(0, kind=FailureKind.NETWORK))
    reader = Reader.open(folder)
    assert reader.failures()[0].retry_usd is None
    reader.close()


def test_the_map_shows_the_worst_of_each_cell(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 8)
    with writing(folder) as writer:
        for index in (0, 1, 2, 4):
            answer_fully(writer, index)
        fail(writer, 5)
    reader = Reader.open(folder)
    good, wait, bad = ItemState.SUCCEEDED, ItemState.PENDING, ItemState.FAILED
    assert [cell.state for cell in reader.map_cells(4)] == [good, wait, bad, wait]
    assert [(cell.first, cell.end) for cell in reader.map_cells(3)] == [(0, 3), (3, 6), (6, 8)]
    assert [cell.state for cell in reader.map_cells(1)] == [bad]
    each = reader.map_cells(100)
    assert [cell.state for cell in each] == [good, good, good, wait, good, bad, wait, wait]
    assert [(cell.first, cell.end) for cell in each] == [(at, at + 1) for at in range(8)]
    content = reader.within(reader.map_cells(1)[0])
    assert (content.states, content.worst.index) == ({good: 4, wait: 3, bad: 1}, 5)
    assert [reader.next_failed(index, back=back) for index, back in ((0, False), (5, False), (7, True))] == [5, None, 5]
    assert reader.failure_place(5) == 1
    assert [row.index for row in reader.rows_at([7, 2, 99, 0])] == [7, 2, 0]
    reader.close()


def test_an_empty_job_can_be_looked_at(tmp_path: Path) -> None:
    reader = Reader.open(new_job(tmp_path / "small"))
    assert (reader.pending(-1, 5), reader.items(0, 5), reader.failures(), reader.events(5)) == ([], [], [], [])
    assert (reader.map_cells(10), reader.sessions(), list(reader.export_rows())) == ([], [], [])
    reader.close()


def test_a_reader_serves_several_threads(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 300)
    reader = Reader.open(folder)
    wrong: list[object] = []

    def read() -> None:
        for after in range(0, 250, 5):
            found = [work.index for work in reader.pending(after, 3)]
            if found != [after + 1, after + 2, after + 3]:
                wrong.append(found)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    reader.close()
    assert wrong == []


def test_a_reader_that_is_closed_says_so(tmp_path: Path) -> None:
    reader = Reader.open(filled(tmp_path / "small", 1))
    reader.close()
    reader.close()
    with pytest.raises(CheckpointError):
        reader.counters()


def test_reading_leaves_no_trace_in_the_database(tmp_path: Path) -> None:
    """Only the writer may move the WAL into the database."""
    folder = filled(tmp_path / "small", 0)
    with writing(folder) as writer:
        database = (folder / "checkpoint.sqlite").read_bytes()
        sync(writer, items(400))
        reader = Reader.open(folder)
        list(reader.export_rows())
        reader.close()
        assert (folder / "checkpoint.sqlite").read_bytes() == database
        assert (folder / "checkpoint.sqlite-wal").stat().st_size > 0
