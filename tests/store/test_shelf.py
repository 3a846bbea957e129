"""Renamed, made again, put into the trash and taken out of it: folders that stay whole."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from holytui.core.progress import JobState
from holytui.store.catalog import list_jobs, snapshot_of
from holytui.store.checkpoint import FILE
from holytui.store.lock import OwnedElsewhere, OwnerLock, read_owner
from holytui.store.reader import Reader
from holytui.store.shelf import TRASH, NameTaken, duplicate, in_trash, made_as, rename, renamed, restore, trash
from holytui.store.trouble import CheckpointError
from tests.store.jobs import answer_fully, filled, writing

HOLDER = """
import sys
from pathlib import Path
from holytui.store.lock import OwnerLock
lock = OwnerLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def answered(folder: Path) -> Path:
    filled(folder, 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        answer_fully(writer, 1)
        writer.flush().result(20)
    return folder


def names(checkpoints: Path) -> list[str]:
    return [entry.job_id for entry in list_jobs(checkpoints)]


def texts(folder: Path) -> list[str | None]:
    reader = Reader.open(folder)
    try:
        return [reader.item(index).row.state.value for index in range(3)]
    finally:
        reader.close()


def test_a_renamed_job_has_all_it_had_and_can_be_run(tmp_path: Path) -> None:
    folder = answered(tmp_path / "letters")
    before = snapshot_of(folder).counters
    moved = rename(folder, "july")
    assert (moved, names(tmp_path)) == (tmp_path / "july", ["july"])
    assert snapshot_of(moved).counters == before
    assert texts(moved) == ["succeeded", "succeeded", "pending"]
    assert read_owner(moved) is None
    lock = OwnerLock(moved)
    lock.acquire()
    lock.release()
    with writing(moved) as writer:
        answer_fully(writer, 2)
    assert snapshot_of(moved).counters.succeeded == 3


def test_the_id_it_was_made_under_outlives_any_number_of_renames(tmp_path: Path) -> None:
    filled(tmp_path / "letters", 1)
    for before, after in (("letters", "july"), ("july", "august"), ("august", "september")):
        rename(tmp_path / before, after)
        assert made_as(tmp_path / after) == "letters"
        assert renamed(tmp_path, "letters") == [tmp_path / after]
    rename(tmp_path / "september", "letters")
    assert renamed(tmp_path, "letters") == []
    assert made_as(tmp_path / "letters") == "letters"


def test_a_copy_made_by_hand_is_a_job_of_its_own(tmp_path: Path) -> None:
    filled(tmp_path / "letters", 1)
    rename(tmp_path / "letters", "july")
    shutil.copytree(tmp_path / "july", tmp_path / "kept")
    assert made_as(tmp_path / "kept") == "kept"
    assert renamed(tmp_path, "letters") == [tmp_path / "july"]


def test_a_kill_between_note_and_move_loses_neither_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "letters", 1)
    rename(tmp_path / "letters", "july")

    def killed(folder: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            rename(tmp_path / "july", "august")
    assert names(tmp_path) == ["july"]
    assert renamed(tmp_path, "letters") == [tmp_path / "july"]


@pytest.mark.parametrize("act", [lambda folder: rename(folder, "july"), trash], ids=["rename", "trash"])
def test_a_job_that_another_process_runs_stays_where_it_is(tmp_path: Path, act: object) -> None:
    folder = filled(tmp_path / "letters", 1)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert callable(act)
        with pytest.raises(OwnedElsewhere, match=f"pid {holder.pid}"):
            act(folder)
        assert names(tmp_path) == ["letters"]
        assert not (tmp_path / TRASH).exists()
    finally:
        holder.communicate()
    act(folder)
    assert "letters" not in names(tmp_path)


def test_a_name_that_is_taken_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    filled(tmp_path / "letters", 1)
    answered(tmp_path / "july")
    (tmp_path / "notes").mkdir()
    for taken in ("july", "notes", "letters"):
        with pytest.raises(NameTaken, match=f"{taken}: there is one of this name already"):
            rename(tmp_path / "letters", taken)
        with pytest.raises(NameTaken):
            duplicate(tmp_path / "july", taken)
    assert names(tmp_path) == ["july", "letters"]
    assert made_as(tmp_path / "letters") == "letters"


def test_a_duplicate_has_the_definition_and_nothing_of_what_was_done(tmp_path: Path) -> None:
    folder = answered(tmp_path / "letters")
    copy = duplicate(folder, "letters-2")
    old, new = snapshot_of(folder), snapshot_of(copy)
    assert (new.state, new.reason, new.message) == (JobState.READY, "", "")
    assert (new.counters.total, new.counters.requests, new.counters.spend.known_usd) == (0, 0, 0)
    assert (new.name, new.models, new.budget_usd) == (old.name, old.models, old.budget_usd)
    assert old.counters.succeeded == 2, "the old one has all it had"
    reader, copied = Reader.open(folder), Reader.open(copy)
    try:
        assert copied.meta().syncing, "the first run reads the input"
        assert copied.meta().base_dir == reader.meta().base_dir
        assert copied.meta().job_json == reader.meta().job_json
    finally:
        reader.close()
        copied.close()


def test_the_trash_keeps_jobs_of_one_name_apart_and_gives_back_the_newest_first(tmp_path: Path) -> None:
    first = trash(answered(tmp_path / "letters"))
    assert (names(tmp_path), first.place.parent) == ([], tmp_path / TRASH)
    trash(filled(tmp_path / "letters", 1))
    trash(filled(tmp_path / "lines", 1))
    kept = in_trash(tmp_path)
    assert [one.job_id for one in kept] == ["letters", "letters", "lines"]
    assert kept[0] == first
    restore(in_trash(tmp_path)[-1])
    restore(in_trash(tmp_path)[-1])
    assert names(tmp_path) == ["letters", "lines"]
    with pytest.raises(NameTaken):
        restore(in_trash(tmp_path)[-1])
    assert in_trash(tmp_path) == [first]
    rename(tmp_path / "letters", "other")
    restore(in_trash(tmp_path)[-1])
    assert texts(tmp_path / "letters") == ["succeeded", "succeeded", "pending"]
    assert in_trash(tmp_path) == []


def test_a_damaged_job_can_be_thrown_away_and_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = filled(tmp_path / "broken.old", 1)
    (folder / FILE).write_bytes(b"rubbish" * 500)
    trash(folder)
    assert names(tmp_path) == []
    restore(in_trash(tmp_path)[-1])
    assert (folder / FILE).read_bytes() == b"rubbish" * 500


def test_what_somebody_else_put_into_the_trash_is_not_ours(tmp_path: Path) -> None:
    assert in_trash(tmp_path) == []
    for name in ("notes", "letters.old", ".20270101-000000-000000", "letters.20270101-000000-000000"):
        (tmp_path / TRASH / name).mkdir(parents=True)
    assert in_trash(tmp_path) == []


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    for act in (lambda: rename(tmp_path / "no", "new"), lambda: trash(tmp_path / "no")):
        with pytest.raises(CheckpointError, match="no checkpoint there"):
            act()
    with pytest.raises(CheckpointError, match="no checkpoint there"):
        duplicate(tmp_path / "no", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("act", [lambda folder: rename(folder, "july"), trash], ids=["rename", "trash"])
def test_who_takes_the_lock_of_a_job_that_is_moved_that_moment_does_not_have_the_job(
    tmp_path: Path, act: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled(tmp_path / "letters", 1)
    late = OwnerLock(folder)
    take = FileLock.acquire

    def moved_first(lock: FileLock, *args: Any, **more: Any) -> object:
        monkeypatch.undo()
        taken = take(lock, *args, **more)
        folder.rename(tmp_path / "elsewhere")  # by one who held the lock until this very moment
        return taken

    monkeypatch.setattr(FileLock, "acquire", moved_first)
    with pytest.raises(CheckpointError, match="no checkpoint there"):
        late.acquire()
    assert read_owner(tmp_path / "elsewhere") is None, "whoever wants it can have it"
    assert not folder.exists()
    (tmp_path / "elsewhere").rename(folder)
    act(folder)
