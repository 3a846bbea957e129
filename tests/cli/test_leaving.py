"""The end of the process is its own: no thread that is left behind changes it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from holytui.cli.headless import run_headless
from holytui.runs.launch import Tables
from holytui.runs.prepare import Wishes, prepare
from holytui.store.lock import OwnedElsewhere, OwnerLock
from tests.processes import write_job

PROGRAM = """
import atexit, sys, threading
from holytui.cli.leaving import leave
atexit.register(print, " and torn down", end="")
if "thread" in sys.argv:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print("told", end="")
leave(7)
"""


@pytest.mark.parametrize(("left", "said"), [("nothing", "told and torn down"), ("thread", "told")])
def test_with_a_thread_left_behind_nothing_is_torn_down_under_it(left: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, left], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (7, said, "")


def test_a_run_that_cannot_begin_leaves_no_thread(tmp_path: Path) -> None:
    job = write_job(tmp_path, provider=['name = "simulator"', 'base_url = "simulator:"'])
    launch = prepare(tmp_path / "checkpoints", job, Wishes(), Tables({}, {}, {}, frozenset()), {})
    lock = OwnerLock(launch.folder)
    lock.acquire()
    before = set(threading.enumerate())
    with pytest.raises(OwnedElsewhere):
        run_headless(launch, as_json=True)
    assert set(threading.enumerate()) <= before
    lock.release()
