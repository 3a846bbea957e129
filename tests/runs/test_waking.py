"""A session that waits for its provider: it wakes at its time, when told to, and knows what it learned before."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holytui.core.command import Command, Verb
from holytui.core.learning import ENOUGH
from holytui.core.progress import JobState, Snapshot
from holytui.engine.admission import gate, halts, outage
from holytui.engine.admission.breaker import Halt
from holytui.runs.launch import Tables
from holytui.runs.local import LocalHandle
from holytui.runs.owner import OwnedRun
from holytui.runs.prepare import Wishes, prepare
from holytui.runs.sleep import BALANCE_S, Patience, Sleep
from holytui.runs.thread import RunThread
from tests.faults.troubled import DOWN, OK, Does, Troubled, troubled
from tests.processes import wait_until, write_job

TABLES = Tables({}, {}, {}, frozenset())
QUOTA = Halt(JobState.STOPPED, "quota", "the balance is used up")


@contextmanager
def running(folder: Path, job: Path, url: str, *, stays: bool = True) -> Iterator[LocalHandle]:
    thread = RunThread()
    try:
        yield thread.start(prepare(folder / "checkpoints", job, Wishes(base_url=url, stays=stays), TABLES, {}))
    finally:
        thread.shutdown()


def until(handle: LocalHandle, state: JobState, reason: str = "") -> Snapshot:
    def there() -> bool:
        snapshot = handle.snapshot()
        return snapshot.state is state and snapshot.reason == reason

    wait_until(there, f"{state} {reason}", 60)
    return handle.snapshot()


def test_a_rate_limit_is_sat_out_and_the_job_wakes_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "GIVE_UP_S", 0.5)
    monkeypatch.setattr(halts, "LEAST_WAIT_S", 0.1)

    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(status=429, headers={"retry-after": "1.5"}) if provider.at < 1.0 else OK

    job = write_job(tmp_path, source="count = 30", run=["concurrency = 8"])
    with troubled(mood) as provider, running(tmp_path, job, provider.url) as handle:
        paused = until(handle, JobState.PAUSED, "rate_limit")
        assert paused.owner is not None
        assert paused.wake_at is not None
        assert "Paused until" in paused.message
        asked = len(provider.seen)
        done = until(handle, JobState.COMPLETED)
        assert done.counters.succeeded == 30
        assert done.counters.sessions == 1
        woke = provider.seen[asked]
        alone = [one for one in provider.seen[asked + 1 :] if one.at <= woke.at]
        assert alone == [], "the first request after a long wait goes alone"


def test_an_outage_of_an_hour_pauses_the_job_and_resume_wakes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "GIVE_UP_S", 0.5)
    monkeypatch.setattr(outage, "PROBE_FIRST_S", 0.3)
    there = False

    def mood(provider: Troubled, prompt: str) -> Does:
        return OK if there else DOWN

    job = write_job(tmp_path, source="count = 60", run=["concurrency = 4", "max_attempts = 2"])
    with troubled(mood) as provider, running(tmp_path, job, provider.url) as handle:
        paused = until(handle, JobState.PAUSED, "provider_unreachable")
        assert paused.counters.failed == 0
        there = True
        handle.send(Command(Verb.RESUME))
        done = until(handle, JobState.COMPLETED)
        assert (done.counters.succeeded, done.counters.attempts) == (60, 60)


def test_a_stop_ends_the_wait(tmp_path: Path) -> None:
    job = write_job(tmp_path, run=["concurrency = 4"])
    with (
        troubled(lambda provider, prompt: Does(status=429, headers={"retry-after": "3600"})) as provider,
        running(tmp_path, job, provider.url) as handle,
    ):
        until(handle, JobState.PAUSED, "rate_limit")
        handle.send(Command(Verb.STOP))
        stopped = until(handle, JobState.STOPPED, "user")
        assert handle.wait(5)
        assert (stopped.counters.pending, stopped.wake_at) == (20, None)


def test_what_the_clocks_learned_outlives_the_session(tmp_path: Path) -> None:
    job = write_job(tmp_path, source=f"count = {ENOUGH + 5}", run=["concurrency = 8"])
    with troubled(lambda provider, prompt: OK, latency_s=0.01) as provider:
        for session in (1, 2):
            # The first session ends with all but five items done, the second begins with what it taught.
            wishes = Wishes(base_url=provider.url, limit=ENOUGH if session == 1 else None)
            thread = RunThread()
            try:
                handle = thread.start(prepare(tmp_path / "checkpoints", job, wishes, TABLES, {}))
                assert handle.wait(60)
            finally:
                thread.shutdown()
        (clock,) = handle.snapshot().clocks
    assert (clock.step, clock.observed, clock.seconds) == ("summary", ENOUGH + 5, 15.0)


async def test_sleep_ends_at_its_time_and_when_woken() -> None:
    sleep = Sleep()
    began = time.monotonic()
    sleep.lie_down()
    await sleep.until(time.time() + 0.2)
    assert 0.15 < time.monotonic() - began < 5
    sleep.lie_down()
    sleeper = asyncio.create_task(sleep.until(time.time() + 3600))
    await asyncio.sleep(0)
    assert sleep.asleep
    sleep.wake()
    await asyncio.wait_for(sleeper, 5)
    assert not sleep.asleep
    sleep.wake()  # harmless


@pytest.mark.parametrize("how", [Sleep.wake, Sleep.end])
async def test_who_is_called_while_lying_down_does_not_sleep(how: Callable[[Sleep], None]) -> None:
    sleep = Sleep()
    sleep.lie_down()
    how(sleep)
    await asyncio.wait_for(sleep.until(time.time() + 3600), 5)


async def test_a_session_that_is_being_stopped_never_sleeps_again() -> None:
    sleep = Sleep()
    sleep.end()
    sleep.lie_down()
    await asyncio.wait_for(sleep.until(time.time() + 3600), 5)


@pytest.mark.parametrize(("verb", "state"), [(Verb.RESUME, JobState.COMPLETED), (Verb.STOP, JobState.STOPPED)])
def test_a_key_in_the_very_moment_the_job_lies_down_is_heeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb, state: JobState
) -> None:
    """It is told to be paused while that is still being written down."""
    monkeypatch.setattr(gate, "GIVE_UP_S", 0.1)
    there = threading.Event()

    def mood(provider: Troubled, prompt: str) -> Does:
        return OK if there.is_set() else Does(status=429, headers={"retry-after": "3600"})

    async def press(run: OwnedRun) -> None:
        while run._picture.state is not JobState.PAUSED:  # noqa: ASYNC110  # each turn of the loop is looked at
            await asyncio.sleep(0)
        there.set()
        run.command(Command(verb))

    job = write_job(tmp_path, source="count = 30", run=["concurrency = 8"])
    with troubled(mood) as provider, running(tmp_path, job, provider.url) as handle:
        asyncio.run_coroutine_threadsafe(press(handle._run), handle._loop).result(60)
        assert handle.wait(60), "it sleeps"
        assert handle.snapshot().state is state


def test_an_empty_balance_is_waited_for_only_as_long_as_was_asked() -> None:
    assert Patience(stays=True, wait_for_balance_s=None).judge(QUOTA, 0) is QUOTA
    patience = Patience(stays=False, wait_for_balance_s=6 * 3600.0)
    waiting = patience.judge(QUOTA, 0)
    assert waiting is not None
    assert waiting.state is JobState.PAUSED
    assert waiting.wake_at == pytest.approx(time.time() + BALANCE_S, abs=5)
    assert patience.sits_out(waiting)
    short = Patience(stays=False, wait_for_balance_s=0.05)
    short.judge(QUOTA, 7)
    wait_until(lambda: short.judge(QUOTA, 7) is QUOTA, "the time is over", 5)
    assert not short.sits_out(QUOTA)


def test_a_session_that_does_not_stay_ends_with_its_wake_time() -> None:
    halt = Halt(JobState.PAUSED, "rate_limit", "wait", time.time() + 1000)
    assert not Patience(stays=False, wait_for_balance_s=None).sits_out(halt)
    assert Patience(stays=True, wait_for_balance_s=None).sits_out(halt)
    assert not Patience(stays=True, wait_for_balance_s=None).sits_out(Halt(JobState.PAUSED, "limit", "first 10 done"))
