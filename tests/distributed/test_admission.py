"""Gate, breaker and budget hold for all workers together."""

import json
import math
from pathlib import Path

import pytest

from tests.distributed.cluster import cluster
from tests.faults.troubled import DOWN, OK, Does, Troubled, troubled
from tests.processes import wait_until

KEYED = {"provider": ['name = "mine"', 'api_key_env = "MINE_API_KEY"']}
"""Each worker has a key of its own here, by which the provider tells them apart."""


@pytest.mark.parametrize(("fault", "reason"), [("auth", "auth"), ("quota", "quota"), ("model", "model_not_found")])
def test_the_account_is_the_problem_so_the_job_stops_whole(tmp_path: Path, fault: str, reason: str) -> None:
    options = ("--fault", f"{fault}=1.0", "--latency", "0.05")
    with cluster(tmp_path, *options, source="count = 1000", run=["concurrency = 30"]) as built:
        for _ in range(3):
            built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 3, done.stderr
        after = built.status()
        assert (after["state"], after["reason"]) == ("stopped", reason)
        assert (after["failed"], after["pending"], after["attempts"]) == (0, 1000, 0)
        assert built.provider.count() <= 60


def test_twenty_refusals_stop_the_job_although_no_worker_saw_twenty(tmp_path: Path) -> None:
    options = ("--fault", "bad_request=1.0", "--latency", "0.2")
    with cluster(tmp_path, *options, source="count = 27", run=["concurrency = 27"]) as built:
        for _ in range(3):
            built.worker("--concurrency", "9")
        done = built.run_to_its_end()
        assert done.returncode == 3, done.stderr
        after = built.status()
        assert (after["reason"], after["failed"], after["pending"]) == ("refused", 0, 27)


def test_fewer_than_twenty_refusals_and_nothing_else_fail_on_their_own(tmp_path: Path) -> None:
    with cluster(tmp_path, "--fault", "bad_request=1.0", source="count = 7", run=["concurrency = 4"]) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 1, done.stderr
        assert built.status()["failures"] == {"bad_request": 7}


def test_forbidden_three_times_in_a_row_is_the_key(tmp_path: Path) -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(status=403, body='{"error": {"message": "no"}}')

    with troubled(mood, 0.1) as provider, cluster(tmp_path, source="count = 40") as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 3, done.stderr
        assert built.status()["reason"] == "auth"
        assert built.status()["failed"] == 0


def test_one_workers_429_closes_the_gate_for_all(tmp_path: Path) -> None:
    refused_at: list[float] = []

    def mood(provider: Troubled, prompt: str) -> Does:
        if not refused_at and provider.at > 1.0:
            refused_at.append(provider.at)
            return Does(status=429, headers={"retry-after": "3"})
        return OK

    with troubled(mood, 0.2) as provider, cluster(tmp_path, source="count = 250", run=["concurrency = 20"]) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        closed = provider.between(refused_at[0] + 0.6, refused_at[0] + 2.9)
        assert len(closed) == 0, "somebody went on sending"
        after = built.status()
        assert (after["succeeded"], after["requests"], after["attempts"]) == (250, 251, 250)
        assert any("429" in event["text"] for event in after["last_events"])


def test_one_wave_of_429_is_one_episode_whichever_workers_it_meets(tmp_path: Path) -> None:
    """It goes on for a while: the second worker hears of the gate later than the owner shuts it.

    Where it hears so soon that it met nothing of the wave, there is another one.
    """
    waves: list[float] = []
    met: set[str] = set()

    def mood(provider: Troubled, prompt: str) -> Does:
        due = 1.0 if not waves else waves[-1] + 1.6
        if provider.key == "first" and "second" not in met and provider.at > due:
            waves.append(provider.at)
        since = provider.at - waves[-1] if waves else math.inf
        if (0.0 if provider.key == "first" else 0.05) <= since < 0.4:
            met.add(provider.key)
            return Does(status=429, headers={"retry-after": "1"})
        return OK

    with (
        troubled(mood, 0.1) as provider,
        cluster(tmp_path, source="count = 1000", run=["concurrency = 20"], job=KEYED) as built,
    ):
        for key in ("first", "second"):
            built.worker("--concurrency", "10", MINE_API_KEY=key)
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert met == {"first", "second"}
        told = [event for event in built.status()["last_events"] if event["kind"] == "rate_limit"]
        assert sum(event["count"] for event in told) == len(waves)
        assert any(event["text"].endswith("in flight 20 to 14") for event in told)


def test_the_level_is_the_jobs_not_each_workers(tmp_path: Path) -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return OK

    with troubled(mood, 0.2) as provider, cluster(tmp_path, source="count = 120", run=["concurrency = 7"]) as built:
        for _ in range(3):
            built.worker("--concurrency", "16")
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert 5 <= max(seen.in_flight for seen in provider.seen) <= 7


def test_the_budget_is_never_exceeded(tmp_path: Path) -> None:
    with cluster(
        tmp_path,
        *("--latency", "0.05"),
        source="count = 5000",
        run=["concurrency = 32", "budget_usd = 0.5"],
        job={
            "provider": ['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 10.0", "output = 20.0"],
            "step": ["max_tokens = 60"],
        },
    ) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end("--json")
        assert done.returncode == 4, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert all(event["cost"]["usd"] <= 0.5 for event in events if event["event"] != "item")
        after = built.status()
        assert (after["state"], after["reason"], after["failed"]) == ("stopped", "budget", 0)
        assert 0.45 <= after["cost"]["usd"] <= 0.5


@pytest.mark.parametrize("concurrency", [2, 64])
def test_a_budget_that_is_nearly_used_up_ends_the_job(tmp_path: Path, concurrency: int) -> None:
    with cluster(
        tmp_path,
        *("--latency", "0.05"),
        source="count = 480",
        run=[f"concurrency = {concurrency}", "budget_usd = 0.006"],
        job={
            "provider": ['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 1.0", "output = 2.0"],
            "step": ["max_tokens = 50"],
        },
    ) as built:
        for _ in range(2):
            built.worker("--concurrency", "32")
        done = built.run_to_its_end()
        assert done.returncode == 4, done.stderr
        after = built.status()
        assert (after["reason"], after["failed"]) == ("budget", 0)
        assert 0.0055 <= after["cost"]["usd"] <= 0.006


def test_requests_a_minute_are_divided_among_workers(tmp_path: Path) -> None:
    with cluster(tmp_path, source="count = 10", run=["concurrency = 8", "rpm = 120"]) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        starts = sorted(entry["t_start"] for entry in built.provider.entries())
        assert starts[-1] - starts[0] > 3.0  # ten at two a second, with a small burst


def test_two_steps_the_second_with_the_answer_of_the_first(tmp_path: Path) -> None:
    second = ["[[steps]]", 'name = "title"', 'model = "gpt-4.1"', 'prompt = "A title: {steps.summary}"']
    with cluster(tmp_path, "--latency", "0.2", source="count = 30", job={"step": second}) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        rows = built.rows()
        assert all(set(row["outputs"]) == {"summary", "title"} for row in rows)
        assert built.status()["requests"] == 60


def test_the_last_items_fail_although_nothing_else_tells_whose_fault_it_was(tmp_path: Path) -> None:
    with cluster(tmp_path, "--fault", "server_error=1.0", source="count = 3", run=["max_attempts = 1"]) as built:
        built.worker()
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 1, done.stderr
        assert built.status()["failures"] == {"server_error": 3}


def test_an_outage_fails_no_item_of_a_worker_that_saw_little_of_it(tmp_path: Path) -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return DOWN if provider.at < 9.0 else OK

    with troubled(mood, 0.1) as provider, cluster(tmp_path, source="count = 150", run=["concurrency = 20"]) as built:
        built.worker("--concurrency", "16")
        built.worker("--concurrency", "4")
        owner = built.run("--base-url", provider.url)
        told = "the provider does not answer the workers: one probe at a time asks"
        wait_until(lambda: len(provider.seen) > 20, "the provider was asked")
        wait_until(lambda: built.status()["activity"] == told, "it is said on what the job waits")
        assert owner.wait(60) == 0
        assert (built.status()["failures"], built.status()["activity"]) == ({}, None)


def test_what_one_worker_finds_of_an_outage_holds_for_the_few_items_of_another(tmp_path: Path) -> None:
    """The small one never sees twenty failures: there are not so many items left."""

    def mood(provider: Troubled, prompt: str) -> Does:
        return DOWN if provider.at < 8.0 else OK

    source, run = "count = 26", ["concurrency = 26", "max_attempts = 2"]
    with troubled(mood, 0.1) as provider, cluster(tmp_path, source=source, run=run) as built:
        built.worker("--concurrency", "22")
        built.worker("--concurrency", "4")
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert built.status()["failures"] == {}


def test_who_is_answered_after_an_outage_is_believed_by_the_others(tmp_path: Path) -> None:
    """The second worker's own probe has just failed when the first one is answered: it would wait for ten seconds."""
    again: dict[str, float] = {}

    def mood(provider: Troubled, prompt: str) -> Does:
        at, first = provider.at, provider.key == "first"
        if at < (1.5 if first else 0.5):
            return OK
        if at < 5.0 or not (first or "first" in again):
            return DOWN
        again.setdefault(provider.key, at)
        return OK

    source, run = "count = 800", ["concurrency = 40", "max_attempts = 2"]
    with troubled(mood, 0.2) as provider, cluster(tmp_path, source=source, run=run, job=KEYED) as built:
        for key in ("first", "second"):
            built.worker("--concurrency", "20", MINE_API_KEY=key)
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert built.status()["failures"] == {}
        assert again["second"] - again["first"] < 4.0


def test_a_machine_that_reaches_nobody_fails_none_of_its_items_though_others_are_answered(tmp_path: Path) -> None:
    asked: list[float] = []

    def mood(provider: Troubled, prompt: str) -> Does:
        if provider.key == "first":
            return OK
        asked.append(provider.at)
        return DOWN

    source, run = "count = 900", ["concurrency = 40", "max_attempts = 2"]
    with troubled(mood, 0.2) as provider, cluster(tmp_path, source=source, run=run, job=KEYED) as built:
        for key in ("first", "second"):
            built.worker("--concurrency", "20", MINE_API_KEY=key)
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert built.status()["failures"] == {}
        probes = [at for at in asked if at > asked[0] + 2.0]
        assert len(probes) <= 4, "it asks as in an outage"
