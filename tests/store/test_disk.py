"""Full disks and folders that cannot be written: the sentence, nothing lost, nothing touched."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from holytui.core.progress import JobState
from holytui.core.work import ItemState
from holytui.store.catalog import list_jobs
from holytui.store.export import ExportError, export
from holytui.store.lock import OwnerLock, read_owner
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.store.writer import Writer
from tests.store.jobs import WAIT, answer, answer_fully, attempt, filled, new_job, writing

SIZE = 8_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small tmpfs needs root and the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free; the file that holds them."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                return ballast


def test_a_full_disk_stops_the_recording_and_loses_nothing_committed(small_disk: Path) -> None:
    folder = filled(small_disk / "small", 3_000)
    told: list[CheckpointError] = []
    settled: list[int] = []
    writer = Writer.open(folder, barrier_every=50, on_settled=settled.extend, on_failure=told.append)
    with pytest.raises(CheckpointError, match="disk is full") as full:
        for index in range(3_000):
            answer_fully(writer, index, text="x" * 4_000)
            if index % 50 == 49:
                writer.flush().result(WAIT)
    assert str(folder) in str(full.value)
    assert len(told) == 1
    known = writer.counters
    with pytest.raises(CheckpointError, match="disk is full"):
        writer.set_state(JobState.STOPPED).result(WAIT)
    writer.close()
    assert 0 < known.succeeded == len(settled)

    (entry,) = list_jobs(small_disk)
    assert entry.problem is None
    assert entry.snapshot is not None
    assert entry.snapshot.counters.succeeded == known.succeeded
    reader = Reader.open(folder)
    assert reader.count_items(state=ItemState.SUCCEEDED) == known.succeeded
    assert all(len(reader.item(index).answers["title"]) > 4_000 for index in settled)
    reader.close()


def test_with_space_again_it_goes_on_where_it_was(small_disk: Path) -> None:
    folder = filled(small_disk / "small", 100)
    writer = Writer.open(folder, barrier_every=50)
    ballast = fill(small_disk)
    writer.attempt(attempt(0))
    writer.outcome(answer(0, text="x" * 100_000))
    with pytest.raises(CheckpointError, match="disk is full"):
        writer.flush(barrier=True).result(WAIT)
    writer.close()
    ballast.unlink()
    with writing(folder) as again:
        assert again.counters.requests == 0
        answer_fully(again, 0)
        again.flush(barrier=True).result(WAIT)
        assert again.counters.succeeded == 1


def test_a_job_at_rest_on_a_full_disk_can_be_read_and_not_run(small_disk: Path) -> None:
    folder = filled(small_disk / "small", 100)
    with writing(folder) as writer:
        answer_fully(writer, 0)
    fill(small_disk)
    (entry,) = list_jobs(small_disk)
    assert entry.problem is None
    assert entry.snapshot is not None
    assert entry.snapshot.counters.succeeded == 1
    with pytest.raises(CheckpointError, match="disk is full"):
        Writer.open(folder, barrier_every=50)


def test_a_job_that_cannot_be_created_leaves_nothing(small_disk: Path) -> None:
    fill(small_disk)
    with pytest.raises(CheckpointError, match="disk is full"):
        new_job(small_disk / "small")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_an_export_onto_a_full_disk_leaves_the_old_one(small_disk: Path, tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2_000)
    out = small_disk / "out.jsonl"
    out.write_text("the old one")
    fill(small_disk)
    with pytest.raises(ExportError, match="No space left"):
        export(folder, out, fmt="jsonl")
    assert out.read_text() == "the old one"
    assert sorted(path.name for path in small_disk.iterdir()) == ["ballast", "out.jsonl"]


@pytest.fixture
def killed_job_on_a_read_only_disk(small_disk: Path, tmp_path: Path) -> Path:
    """A job whose WAL still holds its answers, in a folder that nobody may write."""
    folder = filled(tmp_path / "small", 5)
    writer = Writer.open(folder, barrier_every=50)
    answer_fully(writer, 3)
    writer.flush().result(WAIT)
    target = small_disk / "small"
    target.mkdir()
    for name in ("checkpoint.sqlite", "checkpoint.sqlite-wal"):
        (target / name).write_bytes((folder / name).read_bytes())
    writer.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    return target


def test_a_killed_job_can_be_read_where_nothing_can_be_written(killed_job_on_a_read_only_disk: Path) -> None:
    folder = killed_job_on_a_read_only_disk
    reader = Reader.open(folder)
    copy = reader._view.copied
    assert reader.counters().succeeded == 1
    assert reader.item(3).answers["title"] == "an answer to title 3"
    reader.close()
    assert copy is not None
    assert not copy.exists()
    (entry,) = list_jobs(folder.parent)
    assert entry.snapshot is not None
    assert entry.snapshot.counters.succeeded == 1
    assert read_owner(folder) is None


def test_it_cannot_be_run_there_and_says_so(killed_job_on_a_read_only_disk: Path) -> None:
    folder = killed_job_on_a_read_only_disk
    for refused in (
        lambda: Writer.open(folder, barrier_every=1),
        lambda: OwnerLock(folder).acquire(),
        lambda: new_job(folder.parent / "another"),
    ):
        with pytest.raises(CheckpointError, match=r"cannot be (written|opened)") as told:
            refused()
        assert str(folder.parent) in str(told.value)


def test_an_owner_is_seen_where_nothing_can_be_written(small_disk: Path) -> None:
    folder = filled(small_disk / "small", 1)
    lock = OwnerLock(folder)
    owner = lock.acquire()
    folder.chmod(0o555)
    assert read_owner(folder) == owner
    folder.chmod(0o755)
    lock.release()
