"""One owner at a time, whatever dies; and what viewers see of it."""

import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holytui.core.command import Command, Verb
from holytui.store import commands
from holytui.store.lock import NOTE, OwnedElsewhere, OwnerLock, read_owner
from holytui.store.trouble import CheckpointError

ROOT = Path(__file__).parents[2]

HOLD = """
    import sys
    from pathlib import Path
    from holytui.store.lock import OwnerLock
    lock = OwnerLock(Path(sys.argv[1]))
    lock.acquire()
    print("held", flush=True)
    sys.stdin.read()
    lock.release()
"""


@contextmanager
def another_owner(folder: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    with another_owner(tmp_path) as child:
        owner = read_owner(tmp_path)
        assert owner is not None
        assert owner.pid == child.pid
        with pytest.raises(OwnedElsewhere, match=str(child.pid)) as told:
            OwnerLock(tmp_path).acquire()
        assert told.value.owner == owner
        assert read_owner(tmp_path) == owner  # a refused one leaves the note of the owner alone
        child.communicate()
    assert read_owner(tmp_path) is None
    OwnerLock(tmp_path).acquire()


def test_a_killed_owner_holds_nothing(tmp_path: Path) -> None:
    with another_owner(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert (tmp_path / NOTE).exists()
        assert read_owner(tmp_path) is None
        lock = OwnerLock(tmp_path)
        assert lock.acquire().pid != child.pid
        lock.release()


def test_looking_harms_neither_owners_nor_viewers(tmp_path: Path) -> None:
    """Viewers look all the time: none may take another for an owner, or keep one from its lock."""
    OwnerLock(tmp_path).release()
    lock = OwnerLock(tmp_path)
    lock.acquire()
    lock.release()
    enough = threading.Event()
    taken_for_owner: list[object] = []

    def look() -> None:
        while not enough.is_set():
            if read_owner(tmp_path) is not None:
                taken_for_owner.append(1)

    viewers = [threading.Thread(target=look) for _ in range(3)]
    for viewer in viewers:
        viewer.start()
    try:
        enough.wait(0.2)
        seen_at_rest = len(taken_for_owner)
        for _ in range(50):
            lock.acquire(timeout=5)
            lock.release()
    finally:
        enough.set()
        for viewer in viewers:
            viewer.join()
    assert seen_at_rest == 0


def test_a_refused_release_takes_nothing_away(tmp_path: Path) -> None:
    first, second = OwnerLock(tmp_path), OwnerLock(tmp_path)
    owner = first.acquire()
    second.release()
    assert read_owner(tmp_path) == owner
    first.release()
    first.release()
    assert read_owner(tmp_path) is None


def test_the_heartbeat_moves_on(tmp_path: Path) -> None:
    lock = OwnerLock(tmp_path)
    first = lock.acquire()
    second = lock.heartbeat()
    assert second.heartbeat_at > first.heartbeat_at
    assert second.since == first.since
    assert read_owner(tmp_path) == second
    lock.release()


def test_an_owner_without_a_readable_note_is_still_one(tmp_path: Path) -> None:
    lock = OwnerLock(tmp_path)
    lock.acquire()
    (tmp_path / NOTE).write_text("{half")
    assert read_owner(tmp_path) is not None
    with pytest.raises(OwnedElsewhere, match="another process"):
        OwnerLock(tmp_path).acquire()
    lock.release()


def test_a_folder_that_is_not_there_has_no_owner(tmp_path: Path) -> None:
    assert read_owner(tmp_path / "nowhere") is None
    with pytest.raises(CheckpointError, match="nowhere"):
        OwnerLock(tmp_path / "nowhere").acquire()


def test_commands_for_an_owner_that_is_gone_are_not_done_by_the_next(tmp_path: Path) -> None:
    commands.send(tmp_path, Command(Verb.STOP))
    lock = OwnerLock(tmp_path)
    lock.acquire()
    assert commands.take(tmp_path) == []
    commands.send(tmp_path, Command(Verb.PAUSE))
    assert [command.verb for _, command in commands.take(tmp_path)] == [Verb.PAUSE]
    lock.release()
