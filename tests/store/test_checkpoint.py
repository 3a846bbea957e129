"""Creating, opening and refusing checkpoints."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from holytui.core.progress import JobState
from holytui.core.work import Overrides
from holytui.store.catalog import list_jobs
from holytui.store.checkpoint import ABANDONED_S, FILE, open_for_writing
from holytui.store.reader import Reader
from holytui.store.schema import VERSION
from holytui.store.trouble import CheckpointError
from holytui.store.writer import Writer
from tests.store.jobs import HASHES, NOON, answer_fully, by_hand, filled, items, new_job, sync, writing

ROOT = Path(__file__).parents[2]


def test_a_new_job_is_what_it_was_made_of(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "deep" / "checkpoints" / "small")
    reader = Reader.open(folder)
    meta, counters = reader.meta(), reader.counters()
    reader.close()
    assert (meta.job_id, meta.name, meta.state, meta.created_at) == ("small", "Small job", JobState.READY, NOON)
    assert meta.step_hashes == HASHES
    assert not meta.syncing
    assert (counters.total, counters.pending) == (0, 0)


def test_a_name_with_a_lone_surrogate_is_kept(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    with writing(folder) as writer:
        writer.set_state(JobState.PAUSED, reason="user", wake_at=NOON, message="\ud83d\0 paused").result(20)
    reader = Reader.open(folder)
    meta = reader.meta()
    reader.close()
    assert (meta.state, meta.reason, meta.wake_at, meta.message) == (JobState.PAUSED, "user", NOON, "\ud83d\0 paused")


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with pytest.raises(CheckpointError, match="--id NEW"):
        new_job(folder)
    reader = Reader.open(folder)
    assert reader.counters().total == 3
    reader.close()
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("not a folder")
    with pytest.raises(CheckpointError, match="in the way"):
        new_job(tmp_path / "checkpoints" / "small")


def test_leftovers_of_a_kill_are_swept_when_they_are_old(tmp_path: Path) -> None:
    fresh, old = tmp_path / ".new-fresh", tmp_path / ".new-old"
    for left in (fresh, old):
        left.mkdir()
        (left / FILE).write_bytes(b"half")
    os.utime(old, (time.time() - 2 * ABANDONED_S,) * 2)
    new_job(tmp_path / "small")
    assert fresh.exists()
    assert not old.exists()
    assert [entry.job_id for entry in list_jobs(tmp_path)] == ["small"]


@pytest.mark.parametrize("opened_by", [Writer, Reader])
def test_what_is_not_ours_is_refused_and_left_alone(tmp_path: Path, opened_by: type) -> None:
    folder = tmp_path / "foreign"
    folder.mkdir()
    with by_hand(folder) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    before = (folder / FILE).read_bytes()
    with pytest.raises(CheckpointError, match="not a holytui checkpoint"):
        _open(opened_by, folder)
    assert (folder / FILE).read_bytes() == before


@pytest.mark.parametrize("opened_by", [Writer, Reader])
def test_a_newer_format_is_refused_and_left_alone(tmp_path: Path, opened_by: type) -> None:
    folder = filled(tmp_path / "small", 1)
    with by_hand(folder) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    before = (folder / FILE).read_bytes()
    with pytest.raises(CheckpointError, match="update holytui"):
        _open(opened_by, folder)
    assert (folder / FILE).read_bytes() == before


@pytest.mark.parametrize("opened_by", [Writer, Reader])
@pytest.mark.parametrize("harm", ["text", "empty", "no tables"])
def test_a_damaged_one_is_refused_and_left_alone(tmp_path: Path, opened_by: type, harm: str) -> None:
    folder = filled(tmp_path / "small", 1)
    if harm == "text":
        (folder / FILE).write_bytes(b"what is this " * 1000)
    elif harm == "empty":
        (folder / FILE).write_bytes(b"")
    else:
        with by_hand(folder) as connection:
            connection.execute("DROP TABLE meta")
    before = (folder / FILE).read_bytes()
    with pytest.raises(CheckpointError, match=str(folder)) as told:
        _open(opened_by, folder)
    assert "left as it is" in str(told.value)
    assert (folder / FILE).read_bytes() == before


@pytest.mark.parametrize("opened_by", [Writer, Reader])
def test_none_there_is_told(tmp_path: Path, opened_by: type) -> None:
    with pytest.raises(CheckpointError, match="--checkpoints DIR"):
        _open(opened_by, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def _open(opened_by: type, folder: Path) -> None:
    if opened_by is Writer:
        Writer.open(folder, barrier_every=1)
    else:
        Reader.open(folder)


def test_damage_in_the_middle_is_found_when_it_is_met(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 400)
    size = (folder / FILE).stat().st_size
    with (folder / FILE).open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * (size - 8192))
    with pytest.raises(CheckpointError, match="damaged"):
        reader = Reader.open(folder)
        reader.items(0, 400)
        reader.item(399)
    entry = list_jobs(tmp_path)[0]
    assert entry.job_id == "small"


def make_old(folder: Path) -> None:
    """As format 0 was: without overrides, and without what attempts keep of their question."""
    with by_hand(folder) as connection:
        connection.execute("ALTER TABLE items DROP COLUMN overrides")
        for column in ("asked", "tier", "prompt_chars"):
            connection.execute(f"ALTER TABLE attempts DROP COLUMN {column}")
        connection.execute("ALTER TABLE items DROP COLUMN given_up")
        connection.execute("DROP TABLE triage")
        connection.execute("PRAGMA user_version=0")


def test_an_older_format_is_migrated_by_the_owner(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        answer_fully(writer, 0)
    make_old(folder)
    open_for_writing(folder).close()
    with by_hand(folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    reader = Reader.open(folder)
    assert [work.overrides for work in reader.pending(-1, 10)] == [Overrides()]
    assert reader.item(0).answers["title"] == "an answer to title 0"
    assert {(attempt.asked, attempt.prompt_chars) for attempt in reader.item(0).attempts} == {("", 0)}
    reader.close()


def test_an_older_format_is_read_without_touching_it(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    make_old(folder)
    before = (folder / FILE).read_bytes()
    reader = Reader.open(folder)
    assert [work.index for work in reader.pending(-1, 10)] == [0, 1]
    reader.close()
    assert (folder / FILE).read_bytes() == before


def test_a_migration_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with by_hand(folder) as connection:
        connection.execute("PRAGMA user_version=0")  # the column is there already: adding it fails
    with pytest.raises(CheckpointError):
        open_for_writing(folder)
    with by_hand(folder) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


CREATE_FOREVER = """
    import sys
    from pathlib import Path
    from tests.store.jobs import new_job
    for number in range(10_000):
        new_job(Path(sys.argv[1]) / f"job-{number}")
        print(number, flush=True)
"""


def test_killed_while_jobs_are_made_each_is_whole_or_not_there(tmp_path: Path) -> None:
    for kill in range(12):
        checkpoints = tmp_path / str(kill)
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CREATE_FOREVER), str(checkpoints)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.007 * kill)  # the moment itself is what varies
        child.send_signal(signal.SIGKILL)
        made = 1 + len(child.stdout.read().split())
        child.wait()
        entries = list_jobs(checkpoints)
        assert len(entries) >= made
        assert [entry.problem for entry in entries] == [None] * len(entries)


def test_a_copied_job_opens_elsewhere(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    shutil.copytree(folder, tmp_path / "copy")
    with writing(tmp_path / "copy") as writer:
        assert sync(writer, items(2)).unchanged == 2
