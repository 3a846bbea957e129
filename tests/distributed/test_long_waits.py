"""A long 429 holds workers no longer than the job that met it."""

from pathlib import Path

import pytest

from tests.distributed.cluster import Cluster, cluster
from tests.faults.troubled import OK, Does, Troubled, troubled
from tests.processes import PATIENCE_S, holytui, start, status, wait_until, write_job

LONG = Does(status=429, headers={"retry-after": "700"})
SOON_S = 15.0
"""Seconds within which a job goes on; the wait that was asked for is far longer."""


class Refusing:
    """A provider that refuses for its rate while it is told to."""

    def __init__(self) -> None:
        self.refuses = False

    def __call__(self, provider: Troubled, prompt: str) -> Does:
        return LONG if self.refuses else OK


def paused(built: Cluster) -> bool:
    return bool(built.status()["reason"] == "rate_limit")


def test_resume_wakes_workers_as_well_one_request_first(tmp_path: Path) -> None:
    mood = Refusing()
    with troubled(mood, 0.3) as provider, cluster(tmp_path, source="count = 400", run=["concurrency = 16"]) as built:
        for _ in range(2):
            built.worker("--concurrency", "8")
        done = holytui(
            *("run", built.job, "--detach", "--executor", "celery", "--base-url", provider.url),
            cwd=tmp_path,
            HOLYTUI_REDIS=built.redis.url,
        )
        assert done.returncode == 0, done.stderr
        wait_until(lambda: sum(provider.answered.values()) >= 40, "the job is under way")
        mood.refuses = True
        wait_until(lambda: paused(built), "it sleeps")
        wait_until(lambda: built.status()["running"] == 0, "nothing is out")
        asleep, mood.refuses = provider.at, False
        assert holytui("resume", "job", "--headless", cwd=tmp_path).returncode == 0
        wait_until(lambda: len(provider.between(asleep, provider.at)) > 1, "it is asked again", SOON_S)
        woken = provider.between(asleep, provider.at)
        assert woken[0].in_flight == 1
        assert woken[1].at - woken[0].at >= 0.3, "the first one is waited for"
        wait_until(lambda: built.status()["state"] == "completed", "it goes on", SOON_S)
    assert (status(tmp_path, "job")["sessions"], status(tmp_path, "job")["failed"]) == (1, 0)


@pytest.mark.parametrize("anew", ["job", "other"])
def test_a_new_session_begins_with_an_open_gate(tmp_path: Path, anew: str) -> None:
    mood = Refusing()
    with troubled(mood, 0.1) as provider, cluster(tmp_path, source="count = 200", run=["concurrency = 16"]) as built:
        for _ in range(2):
            built.worker("--concurrency", "8")
        owner = built.run("--base-url", provider.url)
        wait_until(lambda: sum(provider.answered.values()) >= 40, "the job is under way")
        mood.refuses = True
        assert owner.wait(PATIENCE_S) == 8
        mood.refuses = False
        built.job = write_job(tmp_path, name=anew, source="count = 200", run=["concurrency = 16"])
        done = built.run_to_its_end("--base-url", provider.url, timeout=SOON_S)
        assert done.returncode == 0, done.stderr


def test_a_job_that_waits_for_what_another_one_met_says_so(tmp_path: Path) -> None:
    refused_at: list[float] = []

    def mood(provider: Troubled, prompt: str) -> Does:
        if not refused_at and provider.at > 1.0:
            refused_at.append(provider.at)
            return Does(status=429, headers={"retry-after": "6"})
        return OK

    with troubled(mood, 0.2) as provider, cluster(tmp_path, source="count = 300", run=["concurrency = 8"]) as built:
        built.worker()
        owners = [built.run("--base-url", provider.url)]
        wait_until(lambda: bool(refused_at), "the first job was refused")
        other = write_job(tmp_path, name="other", source="count = 20", run=["concurrency = 8"], prompt="Other {item}")
        run = ("run", other, "--headless", "--executor", "celery", "--base-url", provider.url)
        owners.append(start(*run, cwd=tmp_path, HOLYTUI_REDIS=built.redis.url))
        wait_until(lambda: (tmp_path / "checkpoints/other/live.json").exists(), "the other job is there")
        told = "429 to another job on the workers: the gate opens in "
        wait_until(lambda: (status(tmp_path, "other")["activity"] or "").startswith(told), "it says what it waits for")
        assert [owner.wait(PATIENCE_S) for owner in owners] == [0, 0]
        others = [one.at for one in provider.seen if "Other" in one.prompt]
        assert min(others) >= refused_at[0] + 5.0, "the wait holds for whoever asks the same provider"
