"""Signals while every request hangs: an orderly end within its limit, the lock free, and a run that goes on."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.contract import check_events, check_finished
from tests.processes import HOLYTUI, PATIENCE_S, environment, holytui, simulator, status, wait_until, write_job

HUNG = 4
MARGIN_S = 3.9
"""What an end may take beyond its limit on a busy machine: less than what lies between one limit and the next."""


@dataclass(frozen=True, slots=True)
class Case:
    """Signals for a run of hung requests, and what has to come of them.

    Attributes:
        least_s, most_s: from the last signal to the end of the process.
    """

    sent: tuple[signal.Signals, ...]
    least_s: float
    most_s: float
    code: int
    state: str
    reason: str


CASES = {
    "interrupt": Case((signal.SIGINT,), 9.9, 10.0, 130, "paused", "user"),
    "terminate": Case((signal.SIGTERM,), 4.9, 5.0, 143, "interrupted", "terminated"),
    "hangup": Case((signal.SIGHUP,), 0.0, 1.0, 129, "interrupted", "hangup"),
    "two interrupts": Case((signal.SIGINT, signal.SIGINT), 0.0, 1.0, 130, "paused", "user"),
    "terminate behind an interrupt": Case((signal.SIGINT, signal.SIGTERM), 0.0, 1.0, 130, "paused", "user"),
    "hangup behind a terminate": Case((signal.SIGTERM, signal.SIGHUP), 0.0, 1.0, 143, "interrupted", "terminated"),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: in which folder, after how many seconds, what it said."""

    folder: Path
    seconds: float
    code: int
    stdout: str
    stderr: str


def run_hung(job: Path, url: str, folder: Path) -> "subprocess.Popen[str]":
    """A run whose requests are all in flight."""
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
    wait_until(lambda: live.exists() and status(folder, "job")["requests_in_flight"] == HUNG, "all requests in flight")
    return process


def end(folder: Path, url: str, case: Case) -> Ended:
    """Start a run, send it the signals, wait for its end."""
    folder.mkdir()
    job = write_job(folder, source="count = 8", run=[f"concurrency = {HUNG}"])
    running = run_hung(job, url, folder)
    for one in case.sent[:-1]:
        running.send_signal(one)
        wait_until(lambda: status(folder, "job")["state"] == "pausing", "the first one heeded")
    began = time.monotonic()
    running.send_signal(case.sent[-1])
    running.wait(PATIENCE_S)
    seconds = time.monotonic() - began
    stdout, stderr = running.communicate(timeout=PATIENCE_S)
    return Ended(folder, seconds, running.returncode, stdout, stderr)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """All cases side by side, for most of each is waiting."""
    folder = tmp_path_factory.mktemp("ended")
    with simulator(folder, "--fault", "first_token=1") as provider, ThreadPoolExecutor(len(CASES)) as pool:
        runs = {name: pool.submit(end, folder / name, provider.url, case) for name, case in CASES.items()}
        return {name: run.result() for name, run in runs.items()}


@pytest.mark.parametrize("name", CASES)
def test_hung_requests_hold_no_signal_beyond_its_limit(ended: dict[str, Ended], name: str) -> None:
    case, run = CASES[name], ended[name]
    assert run.code == case.code, run.stderr
    assert case.least_s <= run.seconds <= case.most_s + MARGIN_S
    for seen in (check_events(run.stdout)[-1], status(run.folder, "job")):
        assert (seen["state"], seen["reason"], seen["owner"]) == (case.state, case.reason, None)
        assert (seen["pending"], seen["failed"], seen["attempts"]) == (8, 0, 0)


def test_the_lock_is_free_and_a_later_run_goes_on(ended: dict[str, Ended], tmp_path: Path) -> None:
    with simulator(tmp_path) as provider, ThreadPoolExecutor(2) as pool:
        flags = ("--json", "--base-url", provider.url)
        again = list(pool.map(lambda run: holytui("run", "job", *flags, cwd=run.folder), ended.values()))
    for done in again:
        last = check_finished(done, 0)
        assert (last["state"], last["succeeded"], last["attempts"], last["sessions"]) == ("completed", 8, 8, 2)


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


def test_under_nohup_a_run_outlives_its_link(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 8", run=["concurrency = 4"])
    with simulator(tmp_path, "--latency", "0.5") as provider:
        command = ["nohup", *HOLYTUI, "run", str(job), "--json", "--base-url", provider.url]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            wait_until(lambda: provider.count() >= 1, "the first answer")
            running.send_signal(signal.SIGHUP)
            stdout, stderr = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, stderr
    assert check_events(stdout)[-1]["succeeded"] == 8
