"""A provider that goes away fails no item, and is not hammered meanwhile."""

import re
import threading
from pathlib import Path

import pytest

from tests.faults.troubled import DOWN, OK, RESET, Does, Troubled, troubled
from tests.processes import exported, holytui, kill, start, status, wait_until, write_job

CEILING = 32
DOWN_S = 7.0


@pytest.mark.parametrize(("kind", "attempts"), [("503", 3), ("reset", 1)])
def test_an_outage_fails_no_item_and_is_probed_one_at_a_time(tmp_path: Path, kind: str, attempts: int) -> None:
    down = {"503": DOWN, "reset": RESET}[kind]

    def mood(provider: Troubled, prompt: str) -> Does:
        return down if 1.0 <= provider.at < 1.0 + DOWN_S else OK

    job = write_job(tmp_path, source="count = 1500", run=[f"concurrency = {CEILING}", f"max_attempts = {attempts}"])
    with troubled(mood, latency_s=0.05) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        into_it = [one for one in provider.seen if one.status != 200]
        assert max(provider.answered.values()) == 1
    after = status(tmp_path, "job")
    assert (after["succeeded"], after["failed"]) == (1500, 0)
    # Items are sent in their order. A request that failed although a later one was answered says nothing of an outage.
    last_answered = max(item_of(one.prompt) for one in provider.seen if one.status == 200 and one.at < 1.0 + DOWN_S)
    overtaken = {one.prompt for one in into_it if item_of(one.prompt) < last_answered}
    assert len(overtaken) <= 3, "of some 64 that fail together"
    assert 1500 <= after["attempts"] <= 1500 + len(overtaken), "what the outage ended was given back"
    assert after["requests"] == 1500 + len(into_it)
    probes = [one for one in into_it if one.at > 3.0]
    assert len(probes) <= 2
    assert len(into_it) - len(probes) <= 20 + CEILING
    said = [event["text"] for event in after["last_events"] if event["kind"] == "outage"]
    assert len(said) == 2, "when it began, and when it was over"


def item_of(prompt: str) -> int:
    """The number that the simulator's input counts items by."""
    found = re.search(r"doc_(\d+)", prompt)
    assert found, prompt
    return int(found[1])


def test_too_few_items_for_an_outage_fail_on_their_own(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 5", run=["concurrency = 2", "max_attempts = 2"])
    with troubled(lambda provider, prompt: DOWN) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    after = status(tmp_path, "job")
    assert (after["failures"], after["attempts"]) == ({"server_error": 5}, 10)


def test_a_poisonous_prompt_fails_alone(tmp_path: Path) -> None:
    """A firewall that resets one connection and forbids three others says nothing of the provider or the key."""

    def mood(provider: Troubled, prompt: str) -> Does:
        if "doc_0." in prompt:
            return RESET
        if any(f"doc_{number}." in prompt for number in (1, 2, 3)):
            return Does(status=403, body="<html>Request blocked</html>")
        return OK

    job = write_job(tmp_path, source="count = 200", run=["concurrency = 16", "max_attempts = 3"])
    with troubled(mood, latency_s=0.1) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    after = status(tmp_path, "job")
    assert after["failures"] == {"bad_request": 3, "network": 1}
    assert after["succeeded"] == 196


def test_a_key_that_is_forbidden_everywhere_stops_the_job_whole(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 10000", run=["concurrency = 64"])
    with troubled(lambda provider, prompt: Does(status=403, body='{"message": "Forbidden"}')) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 3, done.stderr
        assert len(provider.seen) <= 64
    after = status(tmp_path, "job")
    assert (after["reason"], after["failed"], after["pending"]) == ("auth", 0, 10_000)


def test_a_second_step_that_nobody_serves_stops_the_job(tmp_path: Path) -> None:
    step = ["[[steps]]", 'name = "title"', 'model = "deepseek-v3.2"', 'prompt = "Title: {steps.summary} {item}"']
    job = write_job(tmp_path, source="count = 2000", run=["concurrency = 8"], step=step)

    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(status=404, body="not here") if prompt.startswith("Title") else OK

    with troubled(mood) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    after = status(tmp_path, "job")
    assert (after["reason"], after["failed"]) == ("refused", 0)


def test_an_answer_by_another_model_is_told_once(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 30", run=["concurrency = 4"])
    with troubled(lambda provider, prompt: Does(model="gpt-3.5-turbo")) as provider:
        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = [event for event in status(tmp_path, "job")["last_events"] if event["kind"] == "model"]
    assert [(event["count"], "gpt-3.5-turbo" in event["text"]) for event in told] == [(1, True)]


def test_killed_while_it_is_asked_whose_fault_it_was_items_are_asked_once_more(tmp_path: Path) -> None:
    """Their attempts are used up, and nothing is known against them: the provider may just have been away."""
    there = threading.Event()

    def mood(provider: Troubled, prompt: str) -> Does:
        if there.is_set():
            return OK
        return Does(seconds=60.0) if "doc_0." in prompt else DOWN

    job = write_job(tmp_path, source="count = 8", run=["concurrency = 8", "max_attempts = 1"])
    with troubled(mood) as provider:
        words = ("run", job, "--headless", "--base-url", provider.url)
        running = start(*words, cwd=tmp_path)
        wait_until(lambda: job_attempts(tmp_path) >= 7, "all but one have used their attempt")
        kill(running)
        there.set()
        done = holytui(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert status(tmp_path, "job")["succeeded"] == 8
    assert [row["attempts"] for row in exported(tmp_path, "job")] == [1] * 8, "never more than max_attempts"


def job_attempts(folder: Path) -> int:
    return int(status(folder, "job")["attempts"]) if (folder / "checkpoints" / "job").exists() else 0
