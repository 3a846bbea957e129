"""SIGKILL at any moment: the job opens, resumes, and no recorded answer is lost or asked again."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.processes import exported, holytui, kill, simulator, start, status, wait_until, write_job

ITEMS = 500
MOMENTS = 50
SOONER_THAN_ANY_CLOCK_S = 30.0


def recorded(folder: Path) -> int:
    """Items with an answer, 0 while there is no job yet."""
    done = holytui("status", "small", "--json", cwd=folder)
    if done.returncode == 2 and "no such job" in done.stderr:
        return 0
    assert done.returncode == 0, done.stderr
    return int(json.loads(done.stdout)["succeeded"])


@pytest.mark.timeout(600)
def test_killed_at_fifty_moments_it_always_opens_and_keeps_what_it_had(tmp_path: Path) -> None:
    """One job, killed again and again: before it begins, at its creation, with requests in flight, while it records."""
    dice = random.Random(20260315)
    job = write_job(tmp_path, name="small", source=f"count = {ITEMS}", run=["concurrency = 4"])
    kept = 0
    with simulator(tmp_path, "--latency", "0.1:0.2") as provider:
        for kills in range(1, MOMENTS + 1):
            running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
            time.sleep(dice.uniform(0.0, 0.6))  # the moment itself is the random thing under test
            assert running.poll() is None, "it ended by itself: no kill"
            kill(running)
            now = recorded(tmp_path)
            assert now >= kept, f"answers lost at kill {kills}"
            kept = now
        assert 0 < kept < ITEMS
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        answered = provider.answered()
    assert sum(times - 1 for times in answered.values()) <= MOMENTS * 4
    assert [row["status"] for row in exported(tmp_path, "small")] == ["succeeded"] * ITEMS


@pytest.mark.parametrize("moment", ["pause", "retry", "last item"])
def test_killed_at_a_turning_point(tmp_path: Path, moment: str) -> None:
    job = write_job(
        tmp_path,
        name="small",
        source='lines = "items.txt"',
        run=["concurrency = 2", "max_attempts = 1"],
        prompt="{item}",
    )
    lines = [f"document {number}" for number in range(12)]
    lines[5] += " [[simulate server_error]]"
    (tmp_path / "items.txt").write_text("\n".join(lines) + "\n")
    with simulator(tmp_path, "--latency", "0.15") as provider:
        flags = ["--headless", "--base-url", provider.url]
        running = start("run", job, *flags, cwd=tmp_path)
        if moment == "pause":
            wait_until(lambda: provider.count() >= 4, "four answers")
            pausing = start("pause", "small", cwd=tmp_path)
            wait_until(lambda: provider.count() >= 5, "the pause under way")
            kill(running)
            pausing.wait(20)
        elif moment == "retry":
            assert running.wait(30) == 1
            running = start("retry", "small", *flags, cwd=tmp_path)
            wait_until(lambda: provider.count() >= 13 or running.poll() is not None, "the retry under way")
            kill(running)
        else:
            wait_until(lambda: provider.count() >= 12, "the last item")
            kill(running)
        before = status(tmp_path, "small")
        assert before["state"] in {"interrupted", "paused", "completed_with_failures"}
        done = holytui("run", job, *flags, cwd=tmp_path)
        assert done.returncode in {0, 1}, done.stderr
        answered = provider.answered()
    after = status(tmp_path, "small")
    assert (after["succeeded"], after["failed"]) == (11, 1)
    assert len(answered) == 11
    assert sum(answered.values()) <= 11 + 2


def test_two_owners_at_once_the_second_names_the_first(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="small", source="count = 50", run=["concurrency = 2"])
    with simulator(tmp_path, "--latency", "0.5") as provider:
        flags = ["--headless", "--base-url", provider.url]
        first = start("run", job, *flags, cwd=tmp_path)
        try:
            wait_until(lambda: provider.count() >= 2, "the first run under way")
            second = holytui("run", job, *flags, cwd=tmp_path)
            assert second.returncode == 5
            assert str(first.pid) in second.stderr
            seen = status(tmp_path, "small")
            assert seen["state"] == "running"
            assert seen["owner"]["pid"] == first.pid
        finally:
            first.send_signal(signal.SIGTERM)
            assert first.wait(15) == 143
    assert status(tmp_path, "small")["state"] == "interrupted"


@pytest.mark.parametrize(
    ("sent", "code", "state", "reason"),
    [
        (signal.SIGINT, 130, "paused", "user"),
        (signal.SIGTERM, 143, "interrupted", "terminated"),
        (signal.SIGHUP, 129, "interrupted", "hangup"),
    ],
)
def test_signals_leave_a_safe_checkpoint(
    tmp_path: Path, sent: signal.Signals, code: int, state: str, reason: str
) -> None:
    job = write_job(tmp_path, name="small", source="count = 500", run=["concurrency = 4"])
    with simulator(tmp_path, "--latency", "0.1") as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        wait_until(lambda: provider.count() >= 8, "eight answers")
        running.send_signal(sent)
        assert running.wait(15) == code
        answered = sum(provider.answered().values())
    after = status(tmp_path, "small")
    assert (after["state"], after["reason"]) == (state, reason)
    assert after["owner"] is None
    assert answered - 4 <= after["succeeded"] <= answered


def test_stopping_waits_for_none_of_200_hung_requests(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="small", source="count = 400", run=["concurrency = 200"])
    with simulator(tmp_path, "--fault", "first_token=1.0") as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        wait_until(
            lambda: (
                (tmp_path / "checkpoints/small/live.json").exists()
                and status(tmp_path, "small")["requests_in_flight"] == 200
            ),
            "200 in flight",
        )
        stopped = holytui("stop", "small", cwd=tmp_path)
        assert stopped.returncode == 0
        assert running.wait(SOONER_THAN_ANY_CLOCK_S) == 6
    assert status(tmp_path, "small")["state"] == "stopped"


def test_a_paused_headless_run_stays_and_goes_on(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="small", source="count = 30", run=["concurrency = 2"])
    with simulator(tmp_path, "--latency", "0.1") as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        wait_until(lambda: provider.count() >= 4, "four answers")
        assert holytui("pause", "small", cwd=tmp_path).returncode == 0
        wait_until(lambda: status(tmp_path, "small")["state"] == "paused", "paused")
        held = provider.count()
        assert holytui("pause", "small", cwd=tmp_path).returncode == 0
        assert running.poll() is None
        assert provider.count() == held
        assert holytui("resume", "small", cwd=tmp_path).returncode == 0
        assert running.wait(30) == 0
    assert status(tmp_path, "small")["succeeded"] == 30


def test_a_detached_run_outlives_its_starter(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="small", source="count = 10", run=["concurrency = 2"])
    with simulator(tmp_path, "--latency", "0.2") as provider:
        done = holytui("run", job, "--detach", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "runs on in the background" in done.stdout
        wait_until(lambda: status(tmp_path, "small")["state"] == "completed", "completed")
    assert isinstance(done, subprocess.CompletedProcess)
    assert status(tmp_path, "small")["succeeded"] == 10
