"""Running a job file again: what of the input is new, changed, gone, and which answers stay valid."""

from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.work import ItemState
from holytui.store.reader import Reader
from tests.store.jobs import (
    HASHES,
    WAIT,
    answer,
    answer_fully,
    attempt,
    fail,
    failure,
    filled,
    item,
    items,
    job_json,
    sync,
    writing,
)

NEW_TITLE = {**HASHES, "title": "another-hash"}


def pending(folder: Path) -> dict[str, set[str]]:
    """By item id, the steps of pending items that have a valid answer."""
    reader = Reader.open(folder)
    works = reader.pending(-1, 100)
    reader.close()
    return {work.item_id: {step for step, past in work.history.items() if past.answer is not None} for work in works}


def test_the_same_input_changes_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        fail(writer, 1)
        report = sync(writer, items(3))
        counters = writer.counters
    assert (report.added, report.changed, report.removed, report.unchanged, report.stale) == (0, 0, 0, 3, 0)
    assert report.kept_answers == 2
    assert (counters.total, counters.succeeded, counters.failed) == (3, 1, 1)
    assert set(pending(folder)) == {"doc_2"}


def test_new_changed_removed_and_moved_items(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 4)
    with writing(folder) as writer:
        for index in range(4):
            answer_fully(writer, index)
        given = [
            item(0, item_id="fresh"),
            item(1, "document 3", "doc_3"),
            item(2, "rewritten", "doc_1"),
            item(3, "document 0", "doc_0"),
        ]
        report = sync(writer, given)
        counters = writer.counters
    assert (report.added, report.changed, report.removed, report.unchanged, report.stale) == (1, 1, 1, 2, 0)
    assert (counters.total, counters.succeeded, counters.steps_done) == (4, 2, {"summary": 2, "title": 2})
    assert pending(folder) == {"fresh": set(), "doc_1": set()}
    reader = Reader.open(folder)
    assert [row.item_id for row in reader.items(0, 10)] == ["fresh", "doc_3", "doc_1", "doc_0"]
    assert reader.item(1).answers["title"] == "an answer to title 3"
    assert reader.item(2).answers == {}
    assert reader.find("doc_2") is None
    reader.close()


def test_a_removed_item_that_comes_back_has_its_answers_still(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 2)
        assert sync(writer, items(2)).removed == 1
        assert writer.counters.succeeded == 0
        report = sync(writer, items(3))
        assert (report.unchanged, report.added, writer.counters.succeeded) == (3, 0, 1)
    assert set(pending(folder)) == {"doc_0", "doc_1"}


def test_an_input_that_changes_back_finds_its_answers(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        assert sync(writer, [item(0, "rewritten", "doc_0")]).changed == 1
        assert sync(writer, items(1)).changed == 1
    assert pending(folder) == {"doc_0": {"summary", "title"}}


def test_a_mended_input_gets_its_try_without_a_retry(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.outcome(failure(0, kind=FailureKind.INPUT_ERROR))
        sync(writer, items(1))
        assert writer.counters.failures == {"input_error": 1}
        sync(writer, [item(0, "can be read now", "doc_0")])
        assert (writer.counters.failed, writer.counters.failures) == (0, {})
    assert pending(folder) == {"doc_0": set()}


def test_a_changed_step_alone_is_asked_again(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        writer.attempt(attempt(1))
        writer.outcome(answer(1))
        reader = Reader.open(folder)
        writer.flush().result(WAIT)
        assert reader.drift(HASHES).changed_steps == ()
        drift = reader.drift(NEW_TITLE)
        reader.close()
        assert (drift.changed_steps, drift.answered_items) == (("title",), 1)
        report = sync(writer, items(3), hashes=NEW_TITLE)
        assert (report.stale, report.kept_answers) == (1, 2)
        assert (writer.counters.succeeded, writer.counters.steps_done) == (0, {"summary": 2, "title": 0})
        writer.attempt(attempt(0, "title", round=2))
        writer.outcome(answer(0, "title", "the new title", round=2, closes=True))
        writer.flush().result(WAIT)
        assert writer.counters.succeeded == 1
    assert pending(folder) == {"doc_1": {"summary"}, "doc_2": set()}
    reader = Reader.open(folder)
    assert reader.item(0).answers == {"summary": "an answer to summary 0", "title": "the new title"}
    reader.close()


def test_kept_answers_of_a_changed_step_stay_valid(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        report = sync(writer, items(2), hashes=NEW_TITLE, keep_answers=True)
        assert (report.stale, report.kept_answers, writer.counters.succeeded) == (0, 2, 1)
    reader = Reader.open(folder)
    assert reader.drift(NEW_TITLE).changed_steps == ()
    assert reader.item(0).answers["title"] == "an answer to title 0"
    reader.close()


def test_an_added_step_is_asked_of_items_that_were_done(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    more = {**HASHES, "tags": "hash-of-tags"}
    with writing(folder) as writer:
        answer_fully(writer, 0)
        writer.flush().result(WAIT)
        reader = Reader.open(folder)
        assert (reader.drift(more).changed_steps, reader.drift(more).answered_items) == (("tags",), 1)
        reader.close()
        assert sync(writer, items(2), hashes=more).stale == 1
    assert pending(folder) == {"doc_0": {"summary", "title"}, "doc_1": set()}


def test_a_mended_prompt_gets_its_try_and_other_failures_stay(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        writer.outcome(failure(0, "title", FailureKind.BAD_REQUEST))
        writer.outcome(failure(1, "summary", FailureKind.BAD_REQUEST))
        report = sync(writer, items(2), hashes=NEW_TITLE)
        assert report.stale == 1
        assert writer.counters.failures == {"bad_request": 1}
    assert set(pending(folder)) == {"doc_0"}


@pytest.mark.parametrize("batches", [0, 1])
def test_a_sync_that_was_cut_off_is_marked_and_can_be_done_again(tmp_path: Path, batches: int) -> None:
    folder = filled(tmp_path / "small", 4)
    changed = [item(0, "rewritten", "doc_0"), item(1, item_id="fresh")]
    with writing(folder) as writer:
        answer_fully(writer, 0)
        answer_fully(writer, 3)
        writer.begin_sync(HASHES, job_json=job_json(HASHES), run_json="{}", job_path=None, base_dir=".").result(WAIT)
        for _ in range(batches):
            writer.add_items(changed).result(WAIT)
    reader = Reader.open(folder)
    assert reader.meta().syncing
    counters = reader.counters()
    reader.close()
    assert (counters.total, counters.succeeded) == ((4, 2) if batches == 0 else (5, 1))
    with writing(folder) as writer:
        report = sync(writer, changed)
        assert (report.added + report.changed + report.unchanged, writer.counters.total) == (2, 2)
    reader = Reader.open(folder)
    assert not reader.meta().syncing
    assert [row.state for row in reader.items(0, 9)] == [ItemState.PENDING] * 2
    reader.close()


def test_the_job_file_as_it_is_now_is_kept(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        writer.begin_sync(
            NEW_TITLE,
            job_json=job_json(HASHES, name="Renamed"),
            run_json='{"concurrency": 9}',
            job_path="/jobs/small.toml",
            base_dir="/jobs",
        )
        writer.add_items(items(1))
        writer.end_sync().result(WAIT)
    reader = Reader.open(folder)
    meta = reader.meta()
    reader.close()
    assert (meta.job_path, meta.base_dir, meta.run_json) == ("/jobs/small.toml", "/jobs", '{"concurrency": 9}')
    assert meta.step_hashes == NEW_TITLE
    assert "Renamed" in meta.job_json
