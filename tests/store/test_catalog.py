"""The checkpoint folder as a list of jobs."""

import shutil
import socket
from pathlib import Path

import pytest

from holytui.core.pricing import MoneyKind
from holytui.core.progress import JobState, Owner, Snapshot
from holytui.core.work import Notice
from holytui.store.catalog import Catalog, list_jobs, snapshot_of
from holytui.store.checkpoint import FILE, write_meta
from holytui.store.live import write_live
from holytui.store.lock import OwnerLock
from holytui.store.trouble import CheckpointError
from tests.store.jobs import NOON, WAIT, answer_fully, by_hand, fail, filled, new_job, writing


def test_jobs_are_listed_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("beta", "alpha"):
        filled(tmp_path / name, 2)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file.txt").write_text("not a job")
    entries = list_jobs(tmp_path)
    assert [(entry.job_id, entry.problem) for entry in entries] == [("alpha", None), ("beta", None)]
    assert list_jobs(tmp_path / "nowhere") == []


@pytest.mark.parametrize("harm", ["rubbish", "job", "counters", "state", "foreign"])
def test_a_damaged_job_stays_listed_with_its_sentence(tmp_path: Path, harm: str) -> None:
    folder = filled(tmp_path / "broken", 2)
    filled(tmp_path / "sound", 2)
    if harm == "rubbish":
        (folder / FILE).write_bytes(b"rubbish" * 500)
    else:
        with by_hand(folder) as connection:
            if harm == "job":
                write_meta(connection, {"job_json": "[]"})
            elif harm == "counters":
                connection.execute("DELETE FROM meta WHERE key = 'counters'")
            elif harm == "state":
                write_meta(connection, {"state": "dancing"})
            else:
                connection.execute("PRAGMA application_id=1")
    broken, sound = list_jobs(tmp_path)
    assert (broken.job_id, broken.snapshot) == ("broken", None)
    assert broken.problem is not None
    assert str(folder) in broken.problem
    assert "left as it is" in broken.problem
    assert sound.problem is None
    assert sound.snapshot is not None


def test_a_checkpoint_folder_that_is_no_folder_says_so(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file")
    (entry,) = list_jobs(tmp_path / "checkpoints")
    assert entry.snapshot is None
    assert entry.problem is not None


def test_a_job_at_rest_as_its_checkpoint_tells_it(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 4)
    with writing(folder) as writer:
        writer.begin_session(1, "here")
        answer_fully(writer, 0)
        fail(writer, 1)
        for number in range(10):
            writer.notice(Notice("session", f"event {number}", NOON + number))
        writer.end_session("rate_limit", 12.5)
        writer.set_state(JobState.PAUSED, reason="rate_limit", wake_at=NOON + 600, message="Wakes at 3.").result(WAIT)
    snapshot = snapshot_of(folder)
    assert (snapshot.job, snapshot.name) == ("small", "Small job")
    assert (snapshot.state, snapshot.reason, snapshot.wake_at) == (JobState.PAUSED, "rate_limit", NOON + 600)
    assert (snapshot.message, snapshot.elapsed_s) == ("Wakes at 3.", 12.5)
    assert (snapshot.counters.succeeded, snapshot.counters.failed, snapshot.pending) == (1, 1, 2)
    assert [line.text for line in snapshot.last_events] == [f"event {number}" for number in range(9, 1, -1)]
    assert snapshot.models == ("model-of-summary", "model-of-title")
    assert (snapshot.provider, snapshot.simulated, snapshot.budget_usd) == ("simulator", True, 2.5)
    assert snapshot.projected.kind is MoneyKind.ESTIMATED
    assert snapshot.projected.usd == pytest.approx(0.06)
    assert snapshot.owner is None


def test_projected_is_what_was_spent_when_all_is_done(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with writing(folder) as writer:
        answer_fully(writer, 0)
    projected = snapshot_of(folder).projected
    assert projected.usd == pytest.approx(0.02)
    assert projected.kind is MoneyKind.COMPUTED


@pytest.mark.parametrize(
    ("host", "reason"), [(None, "crashed"), ("a-machine-far-away", "host_gone")], ids=["here", "elsewhere"]
)
def test_running_without_an_owner_is_interrupted(tmp_path: Path, host: str | None, reason: str) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        writer.begin_session(1, host or socket.gethostname())
        writer.set_state(JobState.RUNNING)
        answer_fully(writer, 2)
    snapshot = snapshot_of(folder)
    assert (snapshot.state, snapshot.reason) == (JobState.INTERRUPTED, reason)
    assert "2 pending" in snapshot.message
    assert snapshot.elapsed_s == 4.0  # its last request ended 4 s after it began


def test_the_owners_picture_is_shown_while_it_lives(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    lock = OwnerLock(folder)
    owner = lock.acquire()
    assert snapshot_of(folder).state is JobState.PREPARING  # nothing is written yet
    write_live(folder, Snapshot("small", "Small", JobState.RUNNING, running=2, owner=owner), [])
    snapshot = snapshot_of(folder)
    assert (snapshot.state, snapshot.running, snapshot.owner) == (JobState.RUNNING, 2, owner)
    yesterdays = Owner(owner.pid + 1, "here", 1.0, 2.0)
    write_live(folder, Snapshot("small", "Small", JobState.RUNNING, running=9, owner=yesterdays), [])
    assert snapshot_of(folder).running == 0
    lock.release()
    assert snapshot_of(folder).state is JobState.READY
    assert snapshot_of(folder).owner is None


def test_a_job_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        snapshot_of(tmp_path / "nowhere")


def test_a_new_job_is_ready(tmp_path: Path) -> None:
    snapshot = snapshot_of(new_job(tmp_path / "small"))
    assert (snapshot.state, snapshot.counters.total, snapshot.started_at) == (JobState.READY, 0, NOON)


def test_a_catalog_that_is_asked_again_sees_every_change(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    catalog = Catalog(tmp_path)

    def seen() -> Snapshot:
        (entry,) = catalog.jobs()
        assert entry.snapshot is not None
        return entry.snapshot

    assert seen().counters.succeeded == 0
    assert seen() is seen()
    lock = OwnerLock(folder)
    lock.acquire()
    assert seen().owner is not None
    with writing(folder) as writer:
        answer_fully(writer, 0)
        writer.flush().result(WAIT)
        assert seen().counters.succeeded == 1
        writer.set_state(JobState.PAUSED, reason="user").result(WAIT)
    lock.release()
    assert (seen().owner, seen().reason) == (None, "user")
    filled(tmp_path / "other", 2)
    assert [entry.job_id for entry in catalog.jobs()] == ["other", "small"]
    shutil.rmtree(folder)
    assert [entry.job_id for entry in catalog.jobs()] == ["other"]
