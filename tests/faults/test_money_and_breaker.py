"""What must not cost money: a refused key, an empty balance, a budget, a job that is wrong as a whole."""

import json
from pathlib import Path

import pytest

from tests.processes import exported, holytui, simulator, status, write_job

CEILING = 64


@pytest.mark.parametrize(("fault", "reason"), [("auth", "auth"), ("quota", "quota"), ("model", "model_not_found")])
def test_the_account_is_the_problem_so_the_job_stops_whole(tmp_path: Path, fault: str, reason: str) -> None:
    job = write_job(tmp_path, source="count = 10000", run=[f"concurrency = {CEILING}"])
    with simulator(tmp_path, "--fault", f"{fault}=1.0", "--latency", "0.05") as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert provider.count() <= CEILING
    after = status(tmp_path, "job")
    assert (after["state"], after["reason"]) == ("stopped", reason)
    assert (after["failed"], after["pending"], after["attempts"]) == (0, 10_000, 0)


def test_a_job_that_is_refused_as_a_whole_stops_after_twenty(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 1000", run=["concurrency = 8"])
    with simulator(tmp_path, "--fault", "bad_request=1.0") as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert provider.count() <= 20 + 8
    after = status(tmp_path, "job")
    assert (after["reason"], after["failed"], after["pending"]) == ("refused", 0, 1000)


def test_fewer_than_twenty_refusals_and_nothing_else_fail_on_their_own(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 5", run=["concurrency = 2"])
    with simulator(tmp_path, "--fault", "bad_request=1.0") as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert status(tmp_path, "job")["failures"] == {"bad_request": 5}


def test_the_budget_is_never_exceeded(tmp_path: Path) -> None:
    job = write_job(
        tmp_path,
        source="count = 10000",
        run=[f"concurrency = {CEILING}", "budget_usd = 1.0"],
        provider=['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 10.0", "output = 20.0"],
        step=["max_tokens = 60"],
    )
    with simulator(tmp_path, "--latency", "0.02") as provider:
        done = holytui("run", job, "--headless", "--json", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 4, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(event["cost"]["usd"] <= 1.0 for event in events if event["event"] != "item")
    after = status(tmp_path, "job")
    assert (after["state"], after["reason"]) == ("stopped", "budget")
    assert 0.9 <= after["cost"]["usd"] <= 1.0
    assert after["failed"] == 0


def test_a_budget_that_cannot_be_kept_is_refused_at_the_start(tmp_path: Path) -> None:
    job = write_job(tmp_path, run=["budget_usd = 1.0"])
    done = holytui("run", job, "--headless", cwd=tmp_path)
    assert done.returncode == 2
    assert "max_tokens" in done.stderr
    assert not (tmp_path / "checkpoints").exists()


def test_a_429_closes_the_gate_for_all_and_uses_no_attempt(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 60", run=["concurrency = 16", "max_attempts = 1"])
    with simulator(tmp_path, "--latency", "0.1", "--max-in-flight", "8") as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        refused = sum(entry["outcome"] == "refused" for entry in provider.entries())
    after = status(tmp_path, "job")
    assert refused >= 1
    assert after["attempts"] == 60
    assert after["requests"] == 60 + refused
    assert after["concurrency"]["ceiling"] == 16


def test_every_failing_request_is_counted_and_its_money_is_wasted(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 30", run=["max_attempts = 8"], step=["max_tokens = 50"])
    with simulator(tmp_path, "--latency", "0.02", "--fault", "cut=0.3") as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        cut = sum(entry["outcome"] == "cut" for entry in provider.entries())
        answered = provider.answered()
    after = status(tmp_path, "job")
    assert cut > 0
    assert set(answered.values()) == {1}
    assert after["attempts"] == 30 + cut
    assert after["wasted_usd"] > 0
    assert after["cost"]["usd"] > after["wasted_usd"]
    assert sum(row["cost_usd"] for row in exported(tmp_path, "job")) == pytest.approx(after["cost"]["usd"])


def test_the_key_reaches_no_file_and_no_output(tmp_path: Path) -> None:
    secret = "cr_" + "S3cretS3cretS3cretS3cret"
    job = write_job(
        tmp_path,
        source="count = 3",
        provider=['name = "mine"', 'base_url = "http://127.0.0.1:9/v1"', 'api_key_env = "MINE_API_KEY"'],
    )
    with simulator(tmp_path, "--fault", "auth=1.0") as provider:
        done = holytui("run", job, "--json", "--base-url", provider.url, cwd=tmp_path, MINE_API_KEY=secret)
    assert done.returncode == 3
    assert secret not in done.stdout + done.stderr
    for path in (tmp_path / "checkpoints").rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
