"""`holytui run`: its events, its exit codes, what it refuses, and what it never asks again."""

import asyncio
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.contract import EMBEDDED, UTC_TIME, at_once, check_events, check_finished, check_snapshot, lines_job
from tests.processes import (
    HOLYTUI,
    PATIENCE_S,
    environment,
    exported,
    holytui,
    simulator,
    status,
    wait_until,
    write_job,
)
from tests.provider.scripted import always, scripted, whole

LATER = """name = "later"
[input]
openai_batch = "b.jsonl"
[[steps]]
name = "a"
model = "m"
prompt = "{item}"
"""


@contextmanager
def running(*arguments: str | Path, cwd: Path) -> Iterator["subprocess.Popen[str]"]:
    """A command whose output can be read when it has ended; killed if the test leaves it behind."""
    process = subprocess.Popen(
        [*HOLYTUI, *map(str, arguments)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE_S)


def test_the_events_of_a_run_tell_every_item_and_add_up(tmp_path: Path) -> None:
    lines = [f"document {number}" for number in range(12)]
    lines[3] += " [[simulate bad_request]]"
    lines[5] += " [[simulate truncated]]"
    lines[7] += " [[simulate server_error x1]]"
    lines[9] += " [[simulate rate_limit x1]]"
    job = lines_job(tmp_path, lines, run=["concurrency = 3", "budget_usd = 2.0"], step=["max_tokens = 60"])
    done = holytui("run", job, "--json", cwd=tmp_path)
    last = check_finished(done, 1)
    assert (last["job"], last["state"], last["reason"], last["owner"]) == ("job", "completed_with_failures", None, None)
    assert last["concurrency"]["current"] == 2
    assert last["concurrency"]["why"].startswith("429 at 3 in flight")
    assert (last["total"], last["succeeded"], last["failed"], last["pending"]) == (12, 10, 2, 0)
    assert last["failures"] == {"bad_request": 1, "truncated": 1}
    assert (last["attempts"], last["requests"]) == (13, 14)
    assert (last["sessions"], last["budget_usd"], last["concurrency"]["ceiling"]) == (1, 2.0, 3)
    assert last["cost"]["kind"] == "computed"
    assert last["cost"]["usd"] > last["wasted_usd"] > 0
    events = check_events(done.stdout)
    assert {"started", "progress", "item", "state"} <= {event["event"] for event in events}
    items = {event["index"]: event for event in events if event["event"] == "item"}
    assert len(items) == sum(event["event"] == "item" for event in events) == 12
    assert Counter(item["status"] for item in items.values()) == {"succeeded": 10, "failed": 2}
    assert (items[3]["kind"], items[5]["kind"], items[0]["kind"]) == ("bad_request", "truncated", None)
    assert [row["id"] for row in exported(tmp_path, "job")] == [items[index]["id"] for index in range(12)]
    after = status(tmp_path, "job")
    for key in ("attempts", "requests", "tokens", "cost", "wasted_usd", "failures", "state", "last_events"):
        assert after[key] == last[key], key
    assert "{" not in done.stderr


def test_money_nobody_knows_is_null_and_never_zero(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 3", provider=EMBEDDED)
    job.write_text(job.read_text().replace("deepseek-v3.2", "sim-without-price"))
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert last["cost"] == {"usd": None, "kind": "unknown"}
    assert last["tokens"]["output"] > 0


def test_without_json_stdout_holds_the_summary_and_stderr_the_progress(tmp_path: Path) -> None:
    provider = ('name = "simulator"', 'base_url = "simulator:?latency=0.5"')
    job = write_job(tmp_path, source="count = 3", provider=provider)
    done = holytui("run", job, "--headless", cwd=tmp_path)
    assert done.returncode == 0
    assert "3 succeeded" in done.stdout
    assert "holytui export job" in done.stdout
    assert "3 of 3 items to go" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_a_refused_key_stops_the_job_with_3_and_no_item_fails(tmp_path: Path) -> None:
    provider = ('name = "simulator"', 'base_url = "simulator:?latency=0&auth_after=5"')
    job = write_job(tmp_path, source="count = 20", run=["concurrency = 2"], provider=provider)
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 3)
    assert (last["state"], last["reason"]) == ("stopped", "auth")
    assert (last["succeeded"], last["pending"], last["failed"], last["attempts"]) == (5, 15, 0, 5)


def test_a_spent_budget_stops_the_job_with_4(tmp_path: Path) -> None:
    provider = (*EMBEDDED, '[provider.prices."deepseek-v3.2"]', "input = 10.0", "output = 1000.0")
    job = write_job(tmp_path, source="count = 40", run=["concurrency = 4"], step=["max_tokens = 60"], provider=provider)
    last = check_finished(holytui("run", job, "--json", "--budget", "0.5", cwd=tmp_path), 4)
    assert (last["state"], last["reason"], last["budget_usd"], last["failed"]) == ("stopped", "budget", 0.5, 0)
    assert 0 < last["cost"]["usd"] <= 0.5
    assert last["pending"] > 0


async def test_a_wait_longer_than_ten_minutes_pauses_with_8_and_tells_the_wake_time(tmp_path: Path) -> None:
    refusal = whole(429, b'{"error": {"message": "slow down", "type": "rate_limit_exceeded"}}', retry_after="1200")
    async with scripted(always(refusal)) as server:
        provider = ('name = "mine"', f'base_url = "{server.base_url}"')
        job = write_job(tmp_path, source="count = 3", provider=provider)
        done = await asyncio.to_thread(holytui, "run", job, "--json", cwd=tmp_path)
    last = check_finished(done, 8)
    assert (last["state"], last["reason"], last["pending"], last["attempts"]) == ("paused", "rate_limit", 3, 0)
    assert UTC_TIME.fullmatch(last["wake_at"])


def test_a_live_run_is_owned_for_others_and_stopped_from_another_process_with_6(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 500", run=["concurrency = 2"])
    with (
        simulator(tmp_path, "--latency", "0.1") as provider,
        running("run", job, "--json", "--base-url", provider.url, cwd=tmp_path) as first,
    ):
        wait_until(lambda: provider.count() >= 4, "four answers")
        # What viewers see is written twice a second.
        wait_until(lambda: status(tmp_path, "job")["state"] == "running", "seen running")
        seen = status(tmp_path, "job")
        check_snapshot(seen)
        assert (seen["state"], seen["owner"]["pid"]) == ("running", first.pid)
        second = holytui("run", job, "--json", "--base-url", provider.url, cwd=tmp_path)
        assert second.returncode == 5
        assert f"pid {first.pid}" in second.stderr
        assert holytui("stop", "job", cwd=tmp_path).returncode == 0
        stdout, _ = first.communicate(timeout=PATIENCE_S)
        assert first.returncode == 6
    last = check_events(stdout)[-1]
    assert (last["state"], last["reason"], last["running"], last["owner"]) == ("stopped", "user", 0, None)
    assert last["pending"] > 300


def test_a_bad_job_file_is_refused_with_all_its_problems_at_once(tmp_path: Path) -> None:
    job = tmp_path / "bad.toml"
    job.write_text(
        'name = "bad"\n[input]\ncount = 0\n[provider]\nname = "simulator"\n[run]\nconcurency = 4\n'
        '[[steps]]\nname = "a"\nmodle = "m"\nprompt = "{steps.b}"\n'
    )
    done = holytui("run", job, "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(job) in done.stderr
    for told in (
        "input.count", "expected a number of at least 1",
        "run.concurency", 'did you mean "concurrency"?',
        "steps[0].modle", 'did you mean "model"?',
        "steps[0].model", "is missing",
        "steps[0].prompt", "{steps.b} names no step",
    ):  # fmt: skip
        assert told in done.stderr, told
    assert not (tmp_path / "checkpoints").exists()


def test_what_is_not_in_this_version_says_so(tmp_path: Path) -> None:
    job = tmp_path / "later.toml"
    job.write_text(LATER)
    done = holytui("estimate", job, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(r"^ *input\.openai_batch +not in this version$", done.stderr, re.MULTILINE)


def test_bad_usage_is_2_and_says_what(tmp_path: Path) -> None:
    (tmp_path / "checkpoints/job").mkdir(parents=True)
    told = {
        ("nowhere.toml",): "nowhere.toml: no such job file, and no such job",
        ("jobb",): "Nearest: job.",
        ("../checkpoints/job",): "no such job",
        ("job", "--executor", "elsewhere"): "--executor",
        ("job", "--id", "Not An Id"): "--id Not An Id",
        ("job", "--limit", "0"): "--limit",
        ("job", "--drift", "maybe"): "--drift",
        ("job", "--nosuch"): "--nosuch",
    }
    for done, words in zip(at_once(*(["run", *one] for one in told), cwd=tmp_path), told.values(), strict=True):
        assert (done.returncode, done.stdout) == (2, ""), done.args
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_simulator_asked_for_what_it_cannot_do_is_2_and_makes_no_job(tmp_path: Path) -> None:
    job = write_job(tmp_path, provider=('name = "simulator"', 'base_url = "simulator:?fault=tired=1"'))
    done = holytui("run", job, "--json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "fault tired: no such kind" in done.stderr
    assert not (tmp_path / "checkpoints").exists()


def test_an_input_that_is_not_there_is_2_names_it_and_makes_no_job(tmp_path: Path) -> None:
    job = write_job(tmp_path, source='jsonl = "gone.jsonl"', provider=EMBEDDED)
    for done in at_once(["run", job, "--json"], ["estimate", job], cwd=tmp_path):
        assert (done.returncode, done.stdout) == (2, "")
        assert str(tmp_path / "gone.jsonl") in done.stderr
    assert not (tmp_path / "checkpoints").exists()


def test_an_input_that_is_gone_when_a_job_goes_on_is_2_and_loses_nothing(tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["one", "two", "three"], run=["concurrency = 1"])
    check_finished(holytui("run", job, "--json", "--limit", "1", cwd=tmp_path), 0)
    source = tmp_path / "job.txt"
    text = source.read_text()
    source.unlink()
    done = holytui("run", job, "--json", cwd=tmp_path)
    last = check_finished(done, 2)
    assert str(source) in done.stderr
    assert (last["total"], last["succeeded"], last["requests"]) == (3, 1, 1)
    source.write_text(text)
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert (last["succeeded"], last["requests"]) == (3, 3)


def test_limit_pauses_with_0_and_runs_go_on_until_nothing_is_left_to_ask(tmp_path: Path) -> None:
    lines = [f"document {number}" for number in range(8)]
    lines[7] += " [[simulate bad_request]]"
    job = lines_job(tmp_path, lines, run=["concurrency = 1"], provider=('name = "simulator"',))
    with simulator(tmp_path) as provider:
        flags = ["--json", "--base-url", provider.url]
        first = check_finished(holytui("run", job, *flags, "--limit", "3", cwd=tmp_path), 0)
        assert (first["state"], first["reason"], first["succeeded"], first["pending"]) == ("paused", "limit", 3, 5)
        second = check_finished(holytui("run", job, *flags, cwd=tmp_path), 1)
        assert (second["state"], second["succeeded"], second["failed"]) == ("completed_with_failures", 7, 1)
        assert second["sessions"] == 2
        asked = provider.count()
        assert asked == 8
        third = holytui("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert third.returncode == 1
        assert "nothing to do" in third.stderr
        assert status(tmp_path, "job")["sessions"] == 2, "no session: when it ran stays as it was"
        fourth = check_finished(holytui("run", job, *flags, cwd=tmp_path), 1)
        assert (fourth["sessions"], fourth["failed"]) == (2, 1)
        assert status(tmp_path, "job")["requests"] == asked
        assert provider.count() == asked
        assert set(provider.answered().values()) == {1}


def test_a_limit_that_meets_a_failure_ends_with_1(tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["one [[simulate bad_request]]", "two", "three"], run=["concurrency = 1"])
    last = check_finished(holytui("run", job, "--json", "--limit", "1", cwd=tmp_path), 1)
    assert (last["state"], last["reason"], last["failed"], last["pending"]) == ("paused", "limit", 1, 2)
    # The failure was that of an earlier session: every item of this one succeeded.
    last = check_finished(holytui("run", job, "--json", "--limit", "1", cwd=tmp_path), 0)
    assert (last["state"], last["succeeded"], last["failed"]) == ("paused", 1, 1)


def test_a_job_runs_by_its_id_without_its_file(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="by id", source="count = 4", run=["concurrency = 2"], provider=EMBEDDED)
    assert check_finished(holytui("run", job, "--json", "--limit", "1", cwd=tmp_path), 0)["job"] == "by-id"
    job.unlink()
    last = check_finished(holytui("run", "by-id", "--json", cwd=tmp_path), 0)
    assert (last["state"], last["succeeded"], last["concurrency"]["ceiling"]) == ("completed", 4, 2)


def test_the_checkpoint_folder_is_named_before_after_or_by_a_variable(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 1", provider=EMBEDDED)
    before: list[str | Path] = ["--checkpoints", "before", "run", job, "--headless"]
    after: list[str | Path] = ["run", job, "--headless", "--checkpoints", "after"]
    for done in at_once(before, after, ["run", job, "--headless"], cwd=tmp_path, HOLYTUI_CHECKPOINTS="variable"):
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["after", "before", "variable"]
    viewed = holytui("status", "job", "--json", "--checkpoints", "before", cwd=tmp_path, HOLYTUI_CHECKPOINTS="nowhere")
    assert json.loads(viewed.stdout)["state"] == "completed"
    assert holytui("status", "job", cwd=tmp_path).returncode == 2
