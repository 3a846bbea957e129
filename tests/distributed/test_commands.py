"""Pause, resume, stop and retry reach workers within two seconds."""

import time
from pathlib import Path

from tests.distributed.cluster import Cluster, cluster
from tests.processes import holytui, wait_until

SOON_S = 2.0
A_COMMAND_S = 1.5
"""What starting a command and a look at the state take by themselves, on a busy machine."""


def tell(built: Cluster, *words: str) -> float:
    """Give a command; when it was acknowledged."""
    done = holytui(*words, cwd=built.folder)
    assert done.returncode == 0, done.stderr
    return time.monotonic()


def test_paused_and_resumed(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.5", source="count = 150") as built:
        built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        told = tell(built, "pause", "job")
        wait_until(lambda: built.status()["state"] == "paused", "paused", 10)
        assert time.monotonic() - told < SOON_S + A_COMMAND_S
        before = built.provider.count()
        time.sleep(1.5)  # in which unpaused workers would answer some fifty
        assert built.provider.count() == before
        assert built.status()["running"] == 0
        told = tell(built, "resume", "job")
        wait_until(lambda: built.provider.count() > before, "answers come again", 10)
        assert time.monotonic() - told < SOON_S + A_COMMAND_S
        assert owner.wait(60) == 0
        assert built.answered_twice() == 0
        assert built.status()["requests"] == 150


def test_stopped_with_everything_hanging(tmp_path: Path) -> None:
    with cluster(tmp_path, "--fault", "stall=1.0", source="count = 300", run=["concurrency = 60"]) as built:
        built.worker("--concurrency", "40")
        built.worker("--concurrency", "40")
        owner = built.run()
        wait_until(lambda: _in_flight(built) == 60, "sixty hang")
        told = tell(built, "stop", "job")
        assert owner.wait(10) == 6
        assert time.monotonic() - told < SOON_S
        after = built.status()
        assert (after["state"], after["pending"], after["failed"]) == ("stopped", 300, 0)
        wait_until(lambda: built.provider.count() == 60, "the provider sees all of them broken off", SOON_S)


def _in_flight(built: Cluster) -> int:
    if not (built.folder / "checkpoints" / "job").exists():
        return 0
    return sum(worker["in_flight"] for worker in built.status()["workers"])


def test_failed_items_are_retried_while_it_runs(tmp_path: Path) -> None:
    lines = [f"document {number}" for number in range(100)]
    lines[3] += " [[simulate server_error x1]]"
    (tmp_path / "items.txt").write_text("\n".join(lines) + "\n")
    with cluster(
        tmp_path,
        *("--latency", "0.4"),
        source='lines = "items.txt"',
        run=["concurrency = 10", "max_attempts = 1"],
        job={"prompt": "{item}"},
    ) as built:
        built.worker()
        owner = built.run()
        wait_until(lambda: (built.folder / "checkpoints/job").exists() and built.status()["failed"] == 1, "a failure")
        told = tell(built, "retry", "job")
        wait_until(lambda: built.status()["failed"] == 0, "it is pending again", 10)
        assert time.monotonic() - told < SOON_S + A_COMMAND_S
        assert owner.wait(60) == 0
        rows = built.rows()
        assert [row["status"] for row in rows] == ["succeeded"] * 100
        assert rows[3]["attempts"] == 2


def test_a_pause_lets_items_between_two_attempts_go(tmp_path: Path) -> None:
    with cluster(tmp_path, "--fault", "server_error=1.0", source="count = 8", run=["max_attempts = 9"]) as built:
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 16, "everything in backoff")
        tell(built, "pause", "job")
        wait_until(lambda: built.status()["state"] == "paused", "paused", 5)
        owner.terminate()
        owner.wait(10)
        assert built.status()["pending"] == 8
