"""Commands that look at a job, and those that tell it what to do."""

import json
import re
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest

from holytui.cli.group import cli
from holytui.provider.dialects import DIALECTS
from holytui.provider.simulation import FAULTS
from tests.cli.contract import EMBEDDED, UTC_TIME, at_once, check_finished, check_snapshot, lines_job
from tests.processes import exported, holytui, kill, simulator, start, status, wait_until, write_job

LINES = [
    "plain one",
    "times out [[simulate first_token x1]]",
    "is refused [[simulate bad_request x1]]",
    "breaks [[simulate server_error x1]]",
    "plain two",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with a job whose items end in an answer or in one of three kinds of failure."""
    folder = tmp_path_factory.mktemp("finished")
    job = lines_job(folder, LINES, run=["max_attempts = 1"], step=["timeouts = { first_token = 0.5 }"])
    last = check_finished(holytui("run", job, "--json", cwd=folder), 1)
    assert last["failures"] == {"timeout.first_token": 1, "bad_request": 1, "server_error": 1}
    return folder


@pytest.fixture
def failed(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_viewing_exits_0_whatever_the_state_and_changes_nothing(finished: Path) -> None:
    database = (finished / "checkpoints/job/checkpoint.sqlite").read_bytes()
    jobs, state, log, groups, csv, plain_jobs, plain_state, plain_groups = at_once(
        ["jobs", "--json"],
        ["status", "job", "--json"],
        ["log", "job", "--json"],
        ["failures", "job", "--json"],
        ["export", "job", "--format", "csv"],
        ["jobs"],
        ["status", "job"],
        ["failures", "job"],
        cwd=finished,
    )
    for done in (jobs, state, log, groups, csv, plain_jobs, plain_state, plain_groups):
        assert done.returncode == 0, done.stderr
    snapshot = json.loads(state.stdout)
    check_snapshot(snapshot)
    assert (snapshot["state"], snapshot["total"], snapshot["failed"]) == ("completed_with_failures", 5, 3)
    assert json.loads(jobs.stdout) == [snapshot]
    events = [json.loads(line) for line in log.stdout.splitlines()]
    assert any(event["text"] == "input read: 5 new" for event in events)
    for event in events:
        assert event.keys() == {"kind", "first", "last", "count", "text"}
        assert UTC_TIME.fullmatch(event["first"])
    by_kind = {group["kind"]: group for group in json.loads(groups.stdout)}
    assert {kind: group["count"] for kind, group in by_kind.items()} == snapshot["failures"]
    assert all(group["advice"] and group["meaning"] for group in by_kind.values())
    rows = {row["input"]: row for row in exported(finished, "job")}
    assert by_kind["bad_request"]["items"] == [rows[LINES[2]]["id"]]
    assert "with failures" in plain_jobs.stdout
    assert "with failures" in plain_state.stdout
    for kind in snapshot["failures"]:
        assert kind in plain_state.stdout
        assert kind in plain_groups.stdout
    header = csv.stdout.splitlines()[0]
    assert header == "\ufeffid,status,summary,error_kind,error,attempts,cost_usd"
    assert (finished / "checkpoints/job/checkpoint.sqlite").read_bytes() == database


def test_the_export_has_every_item_once_in_input_order_with_every_field(finished: Path) -> None:
    rows = exported(finished, "job")
    assert [row["input"] for row in rows] == LINES
    assert [row["index"] for row in rows] == [0, 1, 2, 3, 4]
    assert [row["status"] for row in rows] == ["succeeded", "failed", "failed", "failed", "succeeded"]
    for row in rows:
        assert row.keys() >= {
            "id", "index", "input", "status", "output", "outputs", "error", "attempts", "model", "tokens",
            "cost_usd", "finished_at",
        }  # fmt: skip
        assert UTC_TIME.fullmatch(row["finished_at"])
        if row["status"] == "succeeded":
            assert row["error"] is None
            assert row["outputs"] == {"summary": row["output"]}
            assert row["model"] == "deepseek-v3.2"
            assert row["tokens"]["output"] > 0
            assert row["cost_usd"] > 0
        else:
            assert row["error"].keys() == {"kind", "message", "http_status"}
            assert row["outputs"] == {}
    assert [row["error"]["http_status"] for row in rows[1:4]] == [None, 400, 503]


def test_an_export_into_a_file_is_what_stdout_would_get(finished: Path, tmp_path: Path) -> None:
    as_file, as_json, with_input, nowhere = at_once(
        ["export", "job", "-o", tmp_path / "out.jsonl"],
        ["export", "job", "--format", "json"],
        ["export", "job", "--format", "csv", "--with-input"],
        ["export", "job", "-o", tmp_path / "no/such/folder/out.jsonl"],
        cwd=finished,
    )
    assert (as_file.returncode, as_file.stdout) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert rows == exported(finished, "job") == json.loads(as_json.stdout)
    assert with_input.stdout.splitlines()[0].endswith(",cost_usd,input")
    assert LINES[2] in with_input.stdout
    assert nowhere.returncode != 0
    assert str(tmp_path / "no/such/folder") in nowhere.stderr
    assert "Traceback" not in nowhere.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_commands_about_a_job_that_is_not_there_are_2_and_name_the_nearest(finished: Path) -> None:
    names = ("status", "log", "failures", "export", "stop", "retry")
    for done in at_once(*([name, "jop"] for name in names), cwd=finished):
        assert done.returncode == 2, done.args
        assert done.stdout == ""
        assert "jop" in done.stderr
        assert "Nearest: job." in done.stderr


def test_an_empty_folder_has_no_jobs(tmp_path: Path) -> None:
    plain, as_json, bare = at_once(["jobs"], ["jobs", "--json"], [], cwd=tmp_path)
    assert (plain.returncode, as_json.returncode, bare.returncode) == (0, 0, 0)
    assert json.loads(as_json.stdout) == []
    assert "No jobs" in plain.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_estimate_sends_nothing_and_writes_nothing(tmp_path: Path) -> None:
    with simulator(tmp_path) as provider:
        home = tmp_path / "home"
        home.mkdir()
        job = lines_job(home, LINES, step=["max_tokens = 100"], provider=['name = "simulator"'])
        job.write_text(job.read_text().replace('name = "simulator"', f'name = "mine"\nbase_url = "{provider.url}"'))
        unpriced = home / "unpriced.toml"
        unpriced.write_text(job.read_text().replace("deepseek-v3.2", "nobodys-model"))
        plain, as_json, unknown = at_once(
            ["estimate", job], ["estimate", job, "--json"], ["estimate", unpriced, "--json"], cwd=home
        )
        assert (plain.returncode, as_json.returncode, unknown.returncode) == (0, 0, 0)
        assert provider.count() == 0
    assert sorted(path.name for path in home.iterdir()) == ["job.toml", "job.txt", "unpriced.toml"]
    data = json.loads(as_json.stdout)
    assert (data["items"], data["requests"], data["cost"]["kind"]) == (5, 5, "estimated")
    assert 0 < data["cost"]["low_usd"] < data["cost"]["high_usd"]
    assert data["tokens"]["input"] > 0
    assert [(step["step"], step["model"]) for step in data["steps"]] == [("summary", "deepseek-v3.2")]
    assert json.loads(unknown.stdout)["cost"] == {"low_usd": None, "high_usd": None, "kind": "unknown"}
    assert "$" in plain.stdout


def test_pause_and_stop_of_a_job_at_rest_are_kept_and_repeated_with_0(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 4", run=["concurrency = 1"], provider=EMBEDDED)
    check_finished(holytui("run", job, "--json", "--limit", "1", cwd=tmp_path), 0)
    for command, state in (("stop", "stopped"), ("pause", "paused")):
        for done in (holytui(command, "job", cwd=tmp_path), holytui(command, "job", cwd=tmp_path)):
            assert done.returncode == 0
            assert state in done.stderr
        after = status(tmp_path, "job")
        assert (after["state"], after["reason"], after["pending"]) == (state, "user", 3)
    assert check_finished(holytui("resume", "job", "--json", cwd=tmp_path), 0)["succeeded"] == 4
    for done in at_once(["stop", "job"], ["pause", "job"], cwd=tmp_path):
        assert done.returncode == 0
    assert status(tmp_path, "job")["state"] == "completed"


def test_a_live_run_that_is_paused_stays_until_it_is_resumed(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 300", run=["concurrency = 2"])
    with simulator(tmp_path, "--latency", "0.2") as provider:
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=tmp_path)
        try:
            wait_until(lambda: provider.count() >= 2, "two answers")
            assert holytui("pause", "job", cwd=tmp_path).returncode == 0
            wait_until(lambda: status(tmp_path, "job")["state"] == "paused", "paused")
            held = provider.count()
            assert holytui("pause", "job", cwd=tmp_path).returncode == 0
            seen = status(tmp_path, "job")
            assert (seen["reason"], seen["running"], seen["owner"]["pid"]) == ("user", 0, running.pid)
            assert running.poll() is None
            assert provider.count() == held < 300
            resumed = holytui("resume", "job", cwd=tmp_path)
            assert resumed.returncode == 0
            assert "told its owner" in resumed.stderr
            wait_until(lambda: provider.count() > held + 2, "it goes on")
            assert holytui("stop", "job", cwd=tmp_path).returncode == 0
            assert running.wait(30) == 6
        finally:
            if running.poll() is None:
                kill(running)
        answered = provider.answered()
    assert max(answered.values()) == 1
    assert held + 2 < status(tmp_path, "job")["succeeded"] <= len(answered)


def test_retry_leaves_out_what_would_fail_the_same_way_again_unless_told_all(tmp_path: Path) -> None:
    job = lines_job(tmp_path, LINES, run=["max_attempts = 1"], step=["timeouts = { first_token = 0.5 }"])
    with simulator(tmp_path) as provider:
        flags = ["--json", "--base-url", provider.url]
        check_finished(holytui("run", job, *flags, cwd=tmp_path), 1)
        last = check_finished(holytui("retry", "job", *flags, cwd=tmp_path), 1)
        assert (last["succeeded"], last["failures"]) == (4, {"bad_request": 1})
        nothing = holytui("retry", "job", *flags, cwd=tmp_path)
        assert check_finished(nothing, 1)["attempts"] == 7
        assert "0 failed items" in nothing.stderr
        last = check_finished(holytui("retry", "job", "--all", *flags, cwd=tmp_path), 0)
        assert (last["state"], last["attempts"]) == ("completed", 8)


def test_retry_by_kind_takes_the_family_and_a_kind_that_is_named_even_if_it_fails_again(failed: Path) -> None:
    last = check_finished(holytui("retry", "job", "--kind", "timeout", "--json", cwd=failed), 1)
    attempts = {row["input"]: row["attempts"] for row in exported(failed, "job")}
    assert attempts == {LINES[0]: 1, LINES[1]: 2, LINES[2]: 1, LINES[3]: 1, LINES[4]: 1}
    assert last["attempts"] == 6
    last = check_finished(
        holytui("retry", "job", "--kind", "bad_request", "--kind", "server_error", "--json", cwd=failed), 1
    )
    attempts = {row["input"]: row["attempts"] for row in exported(failed, "job")}
    assert attempts == {LINES[0]: 1, LINES[1]: 2, LINES[2]: 2, LINES[3]: 2, LINES[4]: 1}


def test_retry_of_an_item_with_another_model_is_no_drift(failed: Path) -> None:
    item = next(row["id"] for row in exported(failed, "job") if row["input"] == LINES[3])
    with simulator(failed) as provider:
        flags = ["--base-url", provider.url, "--json"]
        check_finished(holytui("retry", "job", "--item", item, "--model", "gpt-4.1", *flags, cwd=failed), 1)
        assert provider.count() == 1
        last = check_finished(holytui("retry", "job", "--item", item, *flags, cwd=failed), 1)
        assert last["failures"] == {"timeout.first_token": 1, "bad_request": 1}
        row = next(row for row in exported(failed, "job") if row["id"] == item)
        assert (row["status"], row["model"], row["attempts"]) == ("succeeded", "gpt-4.1", 3)
        again = check_finished(holytui("run", "job", *flags, cwd=failed), 1)
        assert again["requests"] == last["requests"] == 7


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_takes_the_checkpoint_folder(name: str) -> None:
    known = {option for parameter in cli.commands[name].params for option in parameter.opts}
    assert "--checkpoints" in known


@pytest.mark.parametrize(("said_after", "known"), [("Kinds:", FAULTS), ("Whose way of answering:", DIALECTS)])
def test_the_simulators_help_names_all_that_it_can(said_after: str, known: Collection[str], tmp_path: Path) -> None:
    told = " ".join(holytui("simulate", "--help", cwd=tmp_path).stdout.split())
    listed = re.search(rf"{said_after} ([a-z_, ]+)", told)
    assert listed is not None, told
    assert sorted(listed[1].split(", ")) == sorted(known)
