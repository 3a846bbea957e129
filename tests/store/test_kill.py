"""SIGKILL at any moment, and a power cut as far as one can be had: what was told as committed is there."""

import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from holytui.core.work import ItemState
from holytui.store.checkpoint import FILE
from holytui.store.reader import Reader
from tests.store.jobs import WAIT, answer_fully, by_hand, filled, items, sync, writing
from tests.store.test_counters import check

ROOT = Path(__file__).parents[2]
MOMENTS = 10

RECORD = """
    import itertools, sys
    from pathlib import Path
    from holytui.store.writer import Writer
    from tests.store.jobs import answer_fully

    def told(indices):
        print(*indices, flush=True)

    writer = Writer.open(Path(sys.argv[1]), barrier_every=50, on_settled=told)
    writer.begin_session(1, "here").result(20)
    print("open", flush=True)
    for index in range(20_000):
        answer_fully(writer, index, text="x" * 300)
        if index % 20 == 0:
            writer.flush().result(20)
    print("done", flush=True)
"""

RETRY = """
    import itertools, sys
    from pathlib import Path
    from holytui.core.command import Selection
    from holytui.core.work import Overrides
    from holytui.store.writer import Writer
    from tests.store.jobs import fail

    writer = Writer.open(Path(sys.argv[1]), barrier_every=50)
    first = writer.counters.requests + 1
    print("open", flush=True)
    for number in itertools.count(first):
        for index in range(10):
            fail(writer, index, round=number)
        writer.flush().result(20)
        writer.retry(Selection(), Overrides()).result(20)
        print(number, flush=True)
"""

SYNC = """
    import itertools, sys
    from pathlib import Path
    from holytui.store.writer import Writer
    from tests.store.jobs import HASHES, item, job_json

    writer = Writer.open(Path(sys.argv[1]), barrier_every=50)
    print("open", flush=True)
    for edition in itertools.count(1):
        writer.begin_sync(HASHES, job_json=job_json(HASHES), run_json="{}", job_path=None, base_dir=".")
        for start in range(0, 1000, 100):
            batch = [
                item(index, f"edition {edition if index % 7 == 0 else 0} of {index}", f"doc_{index + edition % 2}")
                for index in range(start, start + 100)
            ]
            writer.add_items(batch).result(20)
        writer.end_sync().result(20)
        print(edition, flush=True)
"""


def killed(script: str, folder: Path, after_s: float) -> list[str]:
    """Run a child until it is killed so long after it opened the checkpoint; what it had printed."""
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    time.sleep(after_s)  # the moment itself is what varies
    child.send_signal(signal.SIGKILL)
    printed = child.stdout.read().splitlines()
    child.wait()
    return printed


def open_and_check(folder: Path) -> None:
    """It opens for everyone, is sound, and its counters fit its items."""
    reader = Reader.open(folder)
    counters = reader.counters()
    if not reader.meta().syncing:
        check(folder, counters)
    assert counters.total == reader.count_items()
    assert counters.succeeded == reader.count_items(state=ItemState.SUCCEEDED)
    reader.close()
    with by_hand(folder) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with writing(folder) as writer:
        assert writer.counters == counters


def test_killed_while_recording_everything_told_is_there(tmp_path: Path) -> None:
    template = filled(tmp_path / "template", 20_000)
    dice = random.Random(1)
    told = 0
    for moment in range(MOMENTS):
        folder = tmp_path / f"job-{moment}"
        shutil.copytree(template, folder)
        printed = killed(RECORD, folder, dice.uniform(0, 0.3))
        # The last line may be cut; what it said whole before that was committed.
        settled = {int(word) for line in printed[:-1] if line != "done" for word in line.split()}
        reader = Reader.open(folder)
        for index in settled:
            assert set(reader.item(index).answers) == {"summary", "title"}
        reader.close()
        open_and_check(folder)
        shutil.rmtree(folder)
        told += len(settled)
    assert told > 0


@pytest.mark.parametrize("script", [RETRY, SYNC], ids=["retry", "sync"])
def test_killed_again_and_again_it_always_opens(tmp_path: Path, script: str) -> None:
    folder = filled(tmp_path / "small", 10)
    with writing(folder) as writer:
        answer_fully(writer, 9)
    dice = random.Random(2)
    rounds = 0
    for _ in range(MOMENTS):
        rounds += len(killed(script, folder, dice.uniform(0, 0.3)))
        open_and_check(folder)
    assert rounds > 0
    if script is SYNC:
        with writing(folder) as writer:
            sync(writer, items(10))
            assert writer.counters.total == 10
            # What was answered before all this is answered still.
            assert writer.counters.steps_done == {"summary": 1, "title": 1}
        open_and_check(folder)


def test_a_power_cut_loses_at_most_what_came_after_the_last_barrier(tmp_path: Path) -> None:
    """What lies behind the last fsync may never have reached the disk: cut the WAL there."""
    folder = filled(tmp_path / "small", 400)
    every, told = 25, 0
    with writing(folder, barrier_every=every, barrier_s=1e6) as writer:
        synced = _wal(folder)
        lost: list[int] = []
        for index in range(400):
            answer_fully(writer, index)
            writer.flush().result(WAIT)
            if writer.unsynced == 0:
                synced = _wal(folder)
            told = index + 1
            if index % 13 == 0:
                cut = tmp_path / f"cut-{index}"
                cut.mkdir()
                shutil.copyfile(folder / FILE, cut / FILE)
                (cut / f"{FILE}-wal").write_bytes((folder / f"{FILE}-wal").read_bytes()[:synced])
                open_and_check(cut)
                reader = Reader.open(cut)
                lost.append(told - reader.counters().succeeded)
                reader.close()
    assert max(lost) * 2 <= every + 2  # two results an item
    assert max(lost) > 0


def _wal(folder: Path) -> int:
    wal = folder / f"{FILE}-wal"
    return wal.stat().st_size if wal.exists() else 0


def test_a_barrier_comes_also_when_nothing_more_does(tmp_path: Path) -> None:
    """A second after a result it is safe from a power cut, whatever else happens or not."""
    folder = filled(tmp_path / "small", 1)
    with writing(folder, barrier_every=1_000) as writer:
        answer_fully(writer, 0)
        writer.flush().result(WAIT)
        assert writer.unsynced == 2
        until = time.monotonic() + WAIT
        while writer.unsynced and time.monotonic() < until:
            time.sleep(0.02)
        assert writer.unsynced == 0
