"""The writer's thread: what is recorded, what is ignored, and that nobody is ever left waiting."""

import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.pricing import UNKNOWN, Money, MoneyKind, Usage
from holytui.core.progress import JobState
from holytui.core.work import ItemState, Notice, Pardon
from holytui.store.reader import Reader
from holytui.store.recording import COALESCE_S, MOST_EVENTS
from holytui.store.trouble import CheckpointError
from holytui.store.writer import Writer
from tests.store.jobs import (
    HASHES,
    NOON,
    WAIT,
    answer,
    answer_fully,
    attempt,
    by_hand,
    fail,
    failure,
    filled,
    item,
    items,
    job_json,
    sync,
    writing,
)


def test_an_answer_is_there_when_it_is_told_as_settled(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    seen: list[tuple[tuple[int, ...], int, list[str]]] = []
    told = threading.Event()

    def settled(indices: Sequence[int]) -> None:
        reader = Reader.open(folder)
        states = [row.state.value for row in reader.items(0, 3)]
        seen.append((tuple(indices), reader.counters().succeeded, states))
        reader.close()
        told.set()

    writer = Writer.open(folder, barrier_every=50, on_settled=settled)
    answer_fully(writer, 1)
    assert told.wait(WAIT)
    writer.close()
    assert seen == [((1,), 1, ["pending", "succeeded", "pending"])]


def test_counters_are_published_after_the_commit(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        assert writer.saved_at is None
        answer_fully(writer, 0)
        fail(writer, 1)
        writer.flush().result(WAIT)
        counters = writer.counters
        assert writer.saved_at == NOON
    assert (counters.total, counters.pending, counters.succeeded, counters.failed) == (3, 1, 1, 1)
    assert counters.failures == {"timeout.stall": 1}
    assert (counters.attempts, counters.requests) == (3, 3)
    assert counters.tokens == Usage(300, 60, 30, 15)
    assert counters.spend.computed == pytest.approx(0.03)
    assert counters.wasted.computed == pytest.approx(0.01)
    assert sum(spend.computed for spend in counters.by_step.values()) == pytest.approx(0.02)
    assert counters.steps_done == {"summary": 1, "title": 1}
    reader = Reader.open(folder)
    assert reader.counters() == counters
    reader.close()


def test_the_first_result_wins(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        answer_fully(writer, 0, text="first")
        answer_fully(writer, 0, text="second")
        writer.outcome(failure(0, "title"))
        writer.outcome(answer(1, "summary", "kept"))
        writer.outcome(answer(1, "summary", "too late"))
        writer.outcome(failure(1, "summary"))
        writer.flush().result(WAIT)
        counters = writer.counters
    reader = Reader.open(folder)
    assert reader.item(0).answers == {"summary": "first to summary 0", "title": "first to title 0"}
    assert reader.item(1).answers == {"summary": "kept"}
    assert reader.item(1).row.state is ItemState.PENDING
    reader.close()
    assert (counters.succeeded, counters.failed, counters.steps_done) == (1, 0, {"summary": 2, "title": 1})
    assert counters.spend.computed == pytest.approx(0.04)
    assert counters.wasted.computed == pytest.approx(0.02), "an answer that comes second is paid for, and of no use"


def test_a_paid_answer_beats_a_failure_of_the_same_round(tmp_path: Path) -> None:
    """A kill between two failures side by side leaves one recorded and the item pending."""
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        half = failure(0, "summary")
        writer.outcome(type(half)(half.index, half.step, half.round, half.at, kind=half.kind, message=half.message))
        answer_fully(writer, 0)
    reader = Reader.open(folder)
    assert reader.item(0).row.state is ItemState.SUCCEEDED
    assert set(reader.item(0).answers) == {"summary", "title"}
    reader.close()


@pytest.mark.parametrize("number", [0, 2])
def test_another_round_is_ignored(tmp_path: Path, number: int) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        answer_fully(writer, 0, round=number)
        writer.flush().result(WAIT)
        assert writer.counters.succeeded == 0
        assert writer.counters.requests == 2  # they were paid for, whatever became of them


def test_an_unknown_item_is_counted_and_not_recorded(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        answer_fully(writer, 7)
        writer.flush().result(WAIT)
        assert (writer.counters.succeeded, writer.counters.requests) == (0, 2)


@pytest.mark.parametrize(
    "text",
    [
        "[/foo] [red]x",
        "\x1b[31mred\x1b[0m",
        "before\0after",
        "half \ud83d a pair",
        "\u202eright to left",
        "",
        "x" * 5_000_000,
    ],
    ids=["markup", "escape", "nul", "surrogate", "bidi", "empty", "5 MB"],
)
def test_foreign_text_is_kept_exactly(tmp_path: Path, text: str) -> None:
    folder = filled(tmp_path / "small", 0)
    with writing(folder) as writer:
        sync(writer, [item(0, text, f"id {text[:50]}"), item(1, text)])
        writer.attempt(attempt(0, kind=FailureKind.SERVER_ERROR, message=text, text=text))
        writer.attempt(attempt(0, number=2))
        writer.outcome(answer(0, "summary", text))
        writer.outcome(failure(1, message=text, text=text))
        writer.notice(Notice("session", text, NOON))
    reader = Reader.open(folder)
    work = reader.pending(-1, 10)[0]
    assert (work.item_id, work.record.text, work.record.raw) == (f"id {text[:50]}", text, text)
    assert work.record.fields == {"text": text}
    assert work.history["summary"].answer == text
    assert reader.find(f"id {text[:50]}") == 0
    detail = reader.item(0)
    assert (detail.attempts[0].message, detail.attempts[0].text) == (text, text)
    failed = reader.item(1)
    assert (failed.row.message, failed.results["summary"].text) == (text, text)
    assert reader.events(1)[0].text == text
    reader.close()


@pytest.mark.parametrize("usd", [float("nan"), float("inf"), -1.0])
def test_a_providers_nonsense_does_not_stop_the_recording(tmp_path: Path, usd: float) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.attempt(attempt(0, cost=Money(usd, MoneyKind.REPORTED), usage=Usage(10**40, -3, 2**63, 0)))
        writer.outcome(answer(0, "summary", "paid for"))
        writer.flush().result(WAIT)
        assert writer.counters.spend.unknown == 1
    reader = Reader.open(folder)
    detail = reader.item(0)
    reader.close()
    assert detail.answers == {"summary": "paid for"}
    assert detail.attempts[0].cost == UNKNOWN
    assert detail.attempts[0].usage.output == 0


def test_many_429s_are_counted_and_only_the_log_tells_of_them(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        for _ in range(5):
            writer.attempt(attempt(0, kind=FailureKind.RATE_LIMIT, counted=False, cost=Money()))
        writer.flush().result(WAIT)
        assert (writer.counters.requests, writer.counters.attempts) == (5, 0)
    reader = Reader.open(folder)
    assert reader.item(0).attempts == ()
    reader.close()


def test_a_mistake_fails_alone(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        too_early = writer.add_items(items(1))
        answer_fully(writer, 1)
        writer.begin_sync(HASHES, job_json=job_json(HASHES), run_json="{}", job_path=None, base_dir=".")
        twice = writer.add_items([item(7, item_id="same"), item(8, item_id="same")])
        again = writer.add_items(items(3))
        report = writer.end_sync()
        answer_fully(writer, 2)
        with pytest.raises(AssertionError, match="outside of a sync"):
            too_early.result(WAIT)
        with pytest.raises(Exception, match="UNIQUE"):
            twice.result(WAIT)
        again.result(WAIT)
        assert report.result(WAIT).unchanged == 3
        writer.flush().result(WAIT)
        counters = writer.counters
    assert (counters.total, counters.succeeded) == (3, 3)


def test_whoever_stops_waiting_harms_nobody(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    go_on, there = threading.Event(), threading.Event()

    def hold(indices: Sequence[int]) -> None:
        there.set()
        go_on.wait(WAIT)

    writer = Writer.open(folder, barrier_every=50, on_settled=hold)
    answer_fully(writer, 0)
    assert there.wait(WAIT)
    waiting: Future[None] = writer.set_state(JobState.STOPPED, reason="user")
    assert waiting.cancel()
    answer_fully(writer, 1)
    go_on.set()
    writer.flush().result(WAIT)
    assert writer.counters.succeeded == 2
    writer.close()
    reader = Reader.open(folder)
    assert reader.meta().state is JobState.READY
    reader.close()


def test_after_the_close_everyone_is_turned_down_at_once(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    writer = Writer.open(folder, barrier_every=50)
    writer.close()
    writer.close()
    writer.outcome(answer(0))
    with pytest.raises(CheckpointError, match="ended"):
        writer.flush().result(WAIT)
    reader = Reader.open(folder)
    assert reader.item(0).answers == {}
    reader.close()


def test_closing_takes_along_what_is_queued(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 200)
    writer = Writer.open(folder, barrier_every=50)
    for index in range(200):
        answer_fully(writer, index)
    writer.close()
    assert writer.counters.succeeded == 200
    reader = Reader.open(folder)
    assert reader.count_items(state=ItemState.SUCCEEDED) == 200
    reader.close()


@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_folder_that_is_gone_is_noticed_before_anything_is_lost_in_it(tmp_path: Path, what: str) -> None:
    folder = filled(tmp_path / "small", 3)
    told: list[CheckpointError] = []
    writer = Writer.open(folder, barrier_every=50, on_failure=told.append)
    answer_fully(writer, 0)
    writer.flush().result(WAIT)
    if what == "deleted":
        shutil.rmtree(folder)
    else:
        folder.rename(tmp_path / "elsewhere")
        filled(folder, 3)
    answer_fully(writer, 1)
    with pytest.raises(CheckpointError, match="deleted or replaced"):
        writer.flush().result(WAIT)
    with pytest.raises(CheckpointError, match="deleted or replaced"):
        writer.set_state(JobState.STOPPED).result(WAIT)
    assert writer.counters.succeeded == 1
    writer.close()
    assert [str(folder) in str(error) for error in told] == [True]
    if what == "replaced":
        for place, succeeded in (("elsewhere", 1), ("small", 0)):
            reader = Reader.open(tmp_path / place)
            assert reader.counters().succeeded == succeeded
            reader.close()


def test_repeats_in_the_log_are_one_line(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        for second in (0.0, 5.0, 300.0):
            writer.notice(Notice("rate_limit", "429: all wait", NOON + second))
        writer.notice(Notice("session", "started", NOON + 301))
        writer.notice(Notice("rate_limit", "429: all wait", NOON + 302))
        writer.notice(Notice("rate_limit", "429: another cause", NOON + 303))
        writer.notice(Notice("rate_limit", "429: another cause", NOON + 303 + COALESCE_S + 1))
    reader = Reader.open(folder)
    lines = [(line.kind, line.first - NOON, line.last - NOON, line.count) for line in reader.events(10)]
    reader.close()
    assert lines == [
        ("rate_limit", 904.0, 904.0, 1),
        ("rate_limit", 303.0, 303.0, 1),
        ("rate_limit", 0.0, 302.0, 4),
        ("session", 301.0, 301.0, 1),
    ]


def test_the_log_keeps_the_newest_ten_thousand(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        for number in range(MOST_EVENTS + 50):
            writer.notice(Notice("session", f"event {number}", NOON + number))
    with by_hand(folder) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (MOST_EVENTS,)
    reader = Reader.open(folder)
    assert reader.events(1)[0].text == f"event {MOST_EVENTS + 49}"
    reader.close()


def test_sessions_add_up_also_after_a_kill(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        assert writer.begin_session(11, "here").result(WAIT) == 1
        writer.end_session("paused", 40.0).result(WAIT)
        assert writer.begin_session(12, "here").result(WAIT) == 2
        answer_fully(writer, 2)  # its last request ends 4 s after the session began; then it is killed
    reader = Reader.open(folder)
    assert [row.active_s for row in reader.sessions()] == [40.0, 4.0]
    reader.close()
    with writing(folder) as writer:
        assert writer.begin_session(13, "there").result(WAIT) == 3
        assert (writer.counters.sessions, writer.counters.active_s) == (3, 44.0)
    reader = Reader.open(folder)
    rows = [(row.number, row.pid, row.host, row.active_s, row.outcome) for row in reader.sessions()]
    assert rows == [(1, 11, "here", 40.0, "paused"), (2, 12, "here", 4.0, "crashed"), (3, 13, "there", 0.0, None)]
    assert {row.session for row in reader.item(2).attempts} == {2}
    reader.close()


@pytest.mark.parametrize("message", ["503: busy", "nul \0 inside", "a lone \ud83d", ""])
def test_a_pardoned_attempt_no_longer_counts_and_says_why(tmp_path: Path, message: str) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        writer.begin_session(11, "here").result(WAIT)
        for number in (1, 2):
            writer.attempt(attempt(0, number=number, kind=FailureKind.SERVER_ERROR, message=message))
        writer.attempt(attempt(1, kind=FailureKind.SERVER_ERROR))
        writer.pardon(Pardon(0, "summary", 1, 2, "the provider was down"))
        writer.pardon(Pardon(0, "summary", 1, 2, "the provider was down"))  # a second time changes nothing
        writer.pardon(Pardon(7, "summary", 1, 1, "there is no such item"))
        writer.flush().result(WAIT)
        assert (writer.counters.attempts, writer.counters.requests) == (2, 3)
    reader = Reader.open(folder)
    found = [(one.number, one.counted, one.message) for one in reader.item(0).attempts]
    assert found == [(1, True, message), (2, False, f"not counted (the provider was down): {message}")]
    assert reader.row(0).attempts == 1
    (first, _) = reader.pending(-1, 10)
    assert first.history["summary"].attempts == 1
    reader.close()


def test_what_a_killed_session_may_have_spent_is_counted_once(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        writer.begin_session(11, "here").result(WAIT)
        writer.reserve(0.25).result(WAIT)  # then it is killed
    for session in (12, 13):
        with writing(folder) as writer:
            writer.begin_session(session, "here").result(WAIT)
            assert writer.counters.spend.money == Money(0.25, MoneyKind.ESTIMATED)
            assert writer.counters.wasted.known_usd == 0.25
            writer.reserve(0.5).result(WAIT)
            writer.end_session("paused", 1.0).result(WAIT)
