"""A run that is stopped from outside and goes on: its clocks stood still, and what was answered meanwhile is kept."""

import signal
import time
from pathlib import Path

from tests.processes import PATIENCE_S, simulator, start, status, wait_until, write_job

IN_FLIGHT = 4
CLOCK_S = 3.0


def test_stopped_for_longer_than_any_clock_nothing_fails_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    clocks = f"timeouts = {{ attempt = {CLOCK_S}, first_token = {CLOCK_S}, stall = {CLOCK_S} }}"
    with simulator(tmp_path, "--latency", "1.5") as provider:
        job = write_job(
            tmp_path,
            name="letters",
            source="count = 16",
            run=[f"concurrency = {IN_FLIGHT}", "max_attempts = 1"],
            step=[clocks],
        )
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        # The second wave is in flight as soon as the first is answered.
        wait_until(lambda: answered_so_far(tmp_path) >= IN_FLIGHT, "the first answers")
        running.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        wait_until(lambda: provider.count() >= 2 * IN_FLIGHT, "the second wave is answered into the socket")
        wait_until(lambda: time.monotonic() - stopped > 2 * CLOCK_S, "every clock is overdue")
        running.send_signal(signal.SIGCONT)
        assert running.wait(PATIENCE_S) == 0
        asked = provider.answered()
    told = status(tmp_path, "letters")
    assert (told["state"], told["failed"], told["attempts"]) == ("completed", 0, 16)
    assert sorted(asked.values()) == [1] * 16
    assert any("stopped for" in event["text"] for event in told["last_events"]), told["last_events"]


def answered_so_far(folder: Path) -> int:
    """Items answered so far, 0 while there is no job yet."""
    if not (folder / "checkpoints" / "letters" / "live.json").exists():
        return 0
    succeeded = status(folder, "letters")["succeeded"]
    assert isinstance(succeeded, int)
    return succeeded
