"""The story behind holytui, with real processes: 10,000 items, killed at 3,421, resumed."""

from pathlib import Path

import pytest

from tests.processes import exported, holytui, kill, simulator, start, status, wait_until, write_job

ITEMS = 10_000
KILLED_AT = 3_421
IN_FLIGHT = 64


@pytest.mark.timeout(400)
def test_killed_at_3421_resumes_and_pays_twice_only_for_what_was_in_flight(tmp_path: Path) -> None:
    job = write_job(
        tmp_path,
        name="the-story",
        source=f"count = {ITEMS}",
        run=[f"concurrency = {IN_FLIGHT}"],
        step=["max_tokens = 40"],
    )
    with simulator(tmp_path, "--latency", "0.05:0.3") as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        wait_until(lambda: provider.count() >= KILLED_AT, f"{KILLED_AT} answered", timeout=200)
        kill(running)

        before = status(tmp_path, "the-story")
        assert before["state"] == "interrupted"
        assert before["reason"] == "crashed"
        assert before["succeeded"] > KILLED_AT - 5 * IN_FLIGHT

        done = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path, timeout=300)
        assert done.returncode == 0, done.stderr
        answered = provider.answered()

    assert len(answered) == ITEMS
    twice = {prompt: times for prompt, times in answered.items() if times > 1}
    assert len(twice) <= IN_FLIGHT
    assert max(answered.values()) <= 2

    rows = exported(tmp_path, "the-story")
    assert [row["id"] for row in rows] == [f"doc_{number}.pdf" for number in range(ITEMS)]
    assert all(row["status"] == "succeeded" and row["output"] for row in rows)
    after = status(tmp_path, "the-story")
    assert (after["state"], after["succeeded"], after["sessions"]) == ("completed", ITEMS, 2)
