"""A provider that asks to slow down is obeyed, one without balance is waited for, and no cent too much is spent."""

import json
import random
from pathlib import Path

import pytest

from tests.faults.troubled import DOWN, OK, RESET, Does, Troubled, troubled
from tests.processes import holytui, kill, start, status, wait_until, write_job

CEILING = 32
CLOSED_S = 2.0


def test_a_429_to_everyone_is_sat_out_by_everyone(tmp_path: Path) -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(status=429, headers={"retry-after": "2"}) if provider.at < CLOSED_S else OK

    job = write_job(tmp_path, source="count = 400", run=[f"concurrency = {CEILING}", "max_attempts = 1"])
    with troubled(mood, latency_s=0.02) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        refused = [one for one in provider.seen if one.status == 429]
    assert 1 <= len(refused) <= CEILING
    first = refused[0].at
    closed = provider.between(first + 0.5, first + CLOSED_S)
    assert closed == []
    assert status(tmp_path, "job")["attempts"] == 400


def test_what_the_provider_says_is_left_is_heeded_before_it_has_to_refuse(tmp_path: Path) -> None:
    """Twenty requests a second are allowed, in windows; each answer tells how many are left."""
    windows: dict[int, int] = {}

    def mood(provider: Troubled, prompt: str) -> Does:
        window = int(provider.at)
        windows[window] = windows.get(window, 0) + 1
        left = 20 - windows[window]
        if left < 0:
            return Does(status=429, headers={"retry-after": "1"})
        reset = window + 1 - provider.at
        told = {"x-ratelimit-remaining-requests": str(left), "x-ratelimit-reset-requests": f"{reset * 1000:.0f}ms"}
        return Does(headers=told)

    job = write_job(tmp_path, source="count = 100", run=["concurrency = 4"])
    with troubled(mood, latency_s=0.01) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert [one for one in provider.seen if one.status == 429] == []
        assert provider.at < 15


def test_an_error_that_names_a_wait_is_given_it_by_its_item_alone(tmp_path: Path) -> None:
    """Half of the prompts meet a 503 once; the wait it asks for is longer than the step clock, which stands still."""
    refused: dict[str, float] = {}
    again: dict[str, float] = {}

    def mood(provider: Troubled, prompt: str) -> Does:
        if prompt in refused:
            again[prompt] = provider.at - refused[prompt]
        elif len(refused) < 4:
            refused[prompt] = provider.at
            return Does(status=503, headers={"retry-after": "1.5"})
        return OK

    step = ["deadline = 1"]
    job = write_job(tmp_path, source="count = 8", run=["concurrency = 2", "max_attempts = 2"], step=step)
    with troubled(mood) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        others = [one.at for one in provider.seen if one.prompt not in refused]
    assert len(again) == 4
    assert min(again.values()) >= 1.4
    assert len(others) == 4
    assert max(others) < 1.4, "nobody else waits"
    assert status(tmp_path, "job")["attempts"] == 12


def test_the_job_files_own_rate_is_kept(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 12", run=["concurrency = 8", "rpm = 120"])
    with troubled(lambda provider, prompt: OK) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        times = [one.at for one in provider.seen]
    assert len(times) == 12
    assert times[-1] >= 4.5, "120 a minute, two at once: ten more take five seconds"


def test_a_long_wait_pauses_a_headless_run_with_its_wake_time(tmp_path: Path) -> None:
    job = write_job(tmp_path, run=["concurrency = 4"])
    with troubled(lambda provider, prompt: Does(status=429, headers={"retry-after": "3600"})) as provider:
        done = holytui("run", job, "--json", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 8, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["state"], last["reason"], last["failed"]) == ("paused", "rate_limit", 0)
    assert last["wake_at"] is not None
    assert "aused until" in done.stderr + json.dumps(last)


def test_a_detached_run_sits_a_long_wait_out_and_is_woken_by_resume(tmp_path: Path) -> None:
    allowed = False

    def mood(provider: Troubled, prompt: str) -> Does:
        return OK if allowed else Does(status=429, headers={"retry-after": "3600"})

    job = write_job(tmp_path, run=["concurrency = 4"])
    with troubled(mood) as provider:
        done = holytui("run", job, "--detach", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: status(tmp_path, "job")["wake_at"] is not None, "the job says when it wakes")
        asleep = status(tmp_path, "job")
        assert (asleep["state"], asleep["reason"]) == ("paused", "rate_limit")
        assert asleep["owner"] is not None
        allowed = True
        assert holytui("resume", "job", "--headless", cwd=tmp_path).returncode == 0
        wait_until(lambda: status(tmp_path, "job")["state"] == "completed", "it went on")
    after = status(tmp_path, "job")
    assert (after["succeeded"], after["sessions"]) == (20, 1)


def test_patience_gets_every_answer_exactly_once(tmp_path: Path) -> None:
    dice = random.Random(7)

    def mood(provider: Troubled, prompt: str) -> Does:
        return dice.choice((DOWN, RESET, Does(cut=True))) if dice.random() < 0.3 else OK

    job = write_job(tmp_path, source="count = 300", run=["concurrency = 64", "max_attempts = 12"])
    with troubled(mood, latency_s=0.02) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert set(provider.answered.values()) == {1}
        assert len(provider.answered) == 300
    after = status(tmp_path, "job")
    assert (after["succeeded"], after["failed"]) == (300, 0)
    assert after["wasted_usd"] > 0, "cut streams were paid for"
    assert after["cost"]["kind"] == "estimated"


@pytest.mark.parametrize("killed", [False, True])
def test_no_cent_above_the_budget_also_across_a_kill(tmp_path: Path, killed: bool) -> None:
    dice = random.Random(11)
    job = write_job(
        tmp_path,
        source="count = 10000",
        run=["concurrency = 64", "budget_usd = 1.0"],
        provider=['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 0.0", "output = 20.0"],
        step=["max_tokens = 60"],
    )
    with troubled(lambda provider, prompt: Does(words=dice.randint(1, 60)), latency_s=0.1) as provider:
        if killed:
            running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
            wait_until(lambda: provider.words > 15_000, "a third of the money is spent")
            kill(running)
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 4, done.stderr
        charged = provider.words * 20.0 / 1e6
    after = status(tmp_path, "job")
    assert charged <= after["cost"]["usd"] + 1e-9
    assert 0.9 <= after["cost"]["usd"] <= 1.0
    assert (after["wasted_usd"] > 0) is killed


def test_an_empty_balance_is_waited_for_when_the_job_file_says_so(tmp_path: Path) -> None:
    filled = False

    def mood(provider: Troubled, prompt: str) -> Does:
        return OK if filled else Does(status=402, body='{"error": {"message": "Insufficient Balance"}}')

    job = write_job(tmp_path, run=["concurrency = 4", 'wait_for_balance = "6h"'])
    with troubled(mood) as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        wait_until(lambda: (tmp_path / "checkpoints/job").is_dir(), "the job is there")
        wait_until(lambda: status(tmp_path, "job")["wake_at"] is not None, "the job says when it looks again")
        waiting = status(tmp_path, "job")
        assert (waiting["state"], waiting["reason"], waiting["failed"]) == ("paused", "quota", 0)
        asked = len(provider.seen)
        assert holytui("resume", "job", "--headless", cwd=tmp_path).returncode == 0
        wait_until(lambda: len(provider.seen) > asked, "it looked at once")
        wait_until(lambda: status(tmp_path, "job")["state"] == "paused", "still empty")
        assert len(provider.seen) == asked + 1, "one item, to look"
        filled = True
        assert holytui("resume", "job", "--headless", cwd=tmp_path).returncode == 0
        assert running.wait(60) == 0
    assert status(tmp_path, "job")["succeeded"] == 20
