"""Servers that hang, drip, stall or only keep alive: each ends by its own clock, under its own kind, in time."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holytui.store.reader import Reader
from tests.processes import holytui, simulator, status, write_job

TIMEOUTS = "timeouts = {{ connect = {connect}, first_token = {first_token}, stall = {stall}, attempt = {attempt} }}"


def timeouts(connect: float = 5, first_token: float = 5, stall: float = 5, attempt: float = 5) -> str:
    return TIMEOUTS.format(connect=connect, first_token=first_token, stall=stall, attempt=attempt)


def fail_one(tmp_path: Path, url: str, clocks: str, *, deadline: str = "") -> tuple[str, float]:
    """Run one item with one attempt; the kind it failed with, and the seconds its attempt took."""
    job = write_job(
        tmp_path,
        source="count = 1",
        run=["max_attempts = 1", "concurrency = 1"],
        step=[clocks, *([deadline] if deadline else [])],
    )
    done = holytui("run", job, "--headless", "--base-url", url, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    (kind,) = status(tmp_path, "job")["failures"]
    reader = Reader.open(tmp_path / "checkpoints/job")
    try:
        attempts = reader.item(0).attempts
    finally:
        reader.close()
    assert len(attempts) == 1
    return kind, attempts[0].ended_s


@pytest.mark.parametrize(
    ("fault", "clocks", "kind", "limit"),
    [
        ("first_token", timeouts(first_token=1), "timeout.first_token", 1.0),
        ("keepalive", timeouts(first_token=1.5), "timeout.first_token", 1.5),
        ("stall", timeouts(stall=1), "timeout.stall", 1.0),
        ("drip", timeouts(stall=3, attempt=2.5), "timeout.attempt", 2.5),
    ],
)
def test_each_ends_by_its_own_clock(tmp_path: Path, fault: str, clocks: str, kind: str, limit: float) -> None:
    with simulator(tmp_path, "--fault", f"{fault}=1.0", "--first-token", "0.05") as provider:
        got, seconds = fail_one(tmp_path, provider.url, clocks)
    assert got == kind
    assert limit <= seconds < limit + 1.0


def test_the_step_clock_ends_a_step_whatever_its_attempts_may(tmp_path: Path) -> None:
    with simulator(tmp_path, "--fault", "drip=1.0") as provider:
        got, seconds = fail_one(tmp_path, provider.url, timeouts(), deadline="deadline = 1.5")
    assert got == "timeout.step"
    assert 1.5 <= seconds < 2.5


@contextmanager
def full_queue() -> Iterator[str]:
    """An address that never completes a connection: its accept queue is full, so SYNs are dropped."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        callers = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)  # socket's signature
            caller.connect_ex(address)
            callers.append(caller)
        try:
            yield f"http://127.0.0.1:{address[1]}/v1"
        finally:
            for caller in callers:
                caller.close()


def test_connect_ends_what_never_connects(tmp_path: Path) -> None:
    with full_queue() as url:
        got, seconds = fail_one(tmp_path, url, timeouts(connect=1))
    assert got == "timeout.connect"
    assert 1.0 <= seconds < 2.0


def test_a_refused_connection_is_a_network_failure_not_a_timeout(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    got, _ = fail_one(tmp_path, url, timeouts())
    assert got == "network"


def test_the_next_attempt_has_a_wider_clock_also_in_a_new_round(tmp_path: Path) -> None:
    job = write_job(
        tmp_path,
        source="count = 1",
        run=["max_attempts = 2", "concurrency = 1"],
        step=[timeouts(first_token=0.4)],
    )
    with simulator(tmp_path, "--fault", "first_token=1.0") as provider:
        flags = ["--headless", "--base-url", provider.url]
        assert holytui("run", job, *flags, cwd=tmp_path).returncode == 1
        assert holytui("retry", "job", *flags, cwd=tmp_path).returncode == 1
    reader = Reader.open(tmp_path / "checkpoints/job")
    try:
        attempts = reader.item(0).attempts
    finally:
        reader.close()
    assert [attempt.clock_s for attempt in attempts] == pytest.approx([0.4, 0.6, 0.9, 1.35])
    assert [attempt.number for attempt in attempts] == [1, 2, 1, 2]


def test_the_log_tells_which_clock_it_was(tmp_path: Path) -> None:
    with simulator(tmp_path, "--fault", "stall=1.0") as provider:
        fail_one(tmp_path, provider.url, timeouts(stall=0.5))
    done = holytui("log", "job", "--json", cwd=tmp_path)
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert "timeout.stall" in kinds


def test_a_short_run_starts_and_ends_quickly(tmp_path: Path) -> None:
    """No wait of ours holds the exit of a run of one item."""
    job = write_job(tmp_path, source="count = 1")
    with simulator(tmp_path, "--latency", "0") as provider:
        began = time.monotonic()
        assert holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path).returncode == 0
        assert time.monotonic() - began < 10
