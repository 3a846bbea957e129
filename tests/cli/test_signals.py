"""Signals while every request hangs: an orderly end within its limit, the lock free, and a run that goes on."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.contract import check_events, check_finished
from tests.processes import HOLYTUI, PATIENCE_S, environment, holytui, simulator, status, wait_until, write_job

HUNG = 4
MARGIN_S = 2.5
"""What the end itself may take beyond the limit, on a machine that is busy with other tests."""


def run_hung(job: Path, url: str, folder: Path) -> "subprocess.Popen[str]":
    """A run all of whose requests wait for ever."""
    process = subprocess.Popen(
        [*HOLYTUI, "run", str(job), "--json", "--base-url", url],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    live = folder / "checkpoints/job/live.json"
    wait_until(lambda: live.exists() and status(folder, "job")["requests_in_flight"] == HUNG, "all requests hung")
    return process


@pytest.mark.parametrize(
    ("sent", "code", "state", "reason"),
    [
        ([signal.SIGHUP], 129, "interrupted", "hangup"),
        ([signal.SIGINT, signal.SIGINT], 130, "paused", "user"),
        ([signal.SIGTERM, signal.SIGHUP], 143, "interrupted", "hangup"),
    ],
    ids=["hangup", "two interrupts", "terminate and hangup"],
)
def test_a_hangup_and_a_second_signal_end_hung_requests_at_once(
    tmp_path: Path, sent: list[signal.Signals], code: int, state: str, reason: str
) -> None:
    job = write_job(tmp_path, source="count = 8", run=[f"concurrency = {HUNG}"])
    with simulator(tmp_path, "--fault", "first_token=1") as provider:
        running = run_hung(job, provider.url, tmp_path)
        for one in sent[:-1]:
            running.send_signal(one)
            wait_until(lambda: status(tmp_path, "job")["state"] == "pausing", "the first one heeded")
        assert ended(running, sent[-1]) <= 1.0 + MARGIN_S
        check_rest(running, tmp_path, code, state, reason)
    with simulator(tmp_path) as provider:
        again = check_finished(holytui("run", job, "--json", "--base-url", provider.url, cwd=tmp_path), 0)
    assert (again["state"], again["succeeded"], again["attempts"]) == ("completed", 8, 8)


def ended(running: "subprocess.Popen[str]", sent: signal.Signals) -> float:
    """Seconds from this signal to the end of the process."""
    began = time.monotonic()
    running.send_signal(sent)
    running.wait(PATIENCE_S)
    return time.monotonic() - began


def check_rest(running: "subprocess.Popen[str]", folder: Path, code: int, state: str, reason: str) -> None:
    """What a run of hung requests has to leave behind."""
    stdout, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == code, stderr
    for seen in (check_events(stdout)[-1], status(folder, "job")):
        assert (seen["state"], seen["reason"], seen["owner"]) == (state, reason, None)
        assert (seen["pending"], seen["failed"], seen["attempts"]) == (8, 0, 0)


def test_an_interrupt_gives_hung_requests_ten_seconds_and_a_termination_five(tmp_path: Path) -> None:
    """Side by side: most of either is waiting."""
    folders = {name: tmp_path / name for name in ("interrupted", "terminated")}
    with simulator(tmp_path, "--fault", "first_token=1") as provider, ThreadPoolExecutor(2) as pool:
        runs = {}
        for name, folder in folders.items():
            folder.mkdir()
            job = write_job(folder, source="count = 8", run=[f"concurrency = {HUNG}"])
            runs[name] = run_hung(job, provider.url, folder)
        interrupted = pool.submit(ended, runs["interrupted"], signal.SIGINT)
        terminated = pool.submit(ended, runs["terminated"], signal.SIGTERM)
        assert 4.9 <= terminated.result() <= 5.0 + MARGIN_S
        assert 9.9 <= interrupted.result() <= 10.0 + MARGIN_S
    check_rest(runs["terminated"], folders["terminated"], 143, "interrupted", "terminated")
    check_rest(runs["interrupted"], folders["interrupted"], 130, "paused", "user")


def test_one_interrupt_lets_what_is_in_flight_finish(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 40", run=["concurrency = 4"])
    with simulator(tmp_path, "--latency", "1.5") as provider:
        running = run_hung(job, provider.url, tmp_path)
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=PATIENCE_S)
        assert running.returncode == 130, stderr
        outcomes = [entry["outcome"] for entry in provider.entries()]
    last = check_events(stdout)[-1]
    assert (last["state"], last["reason"]) == ("paused", "user")
    assert set(outcomes) == {"answered"}, "nothing that was paid for is thrown away"
    assert last["succeeded"] == len(outcomes) >= HUNG
    assert last["pending"] == 40 - len(outcomes)
