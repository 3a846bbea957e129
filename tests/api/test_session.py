"""The seed's client over HTTP: start with items and a prompt template, look, resume; and what it is told when wrong."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holytui.core.job import Job, Provider
from holytui.runs.launch import Tables
from holytui.runs.prepare import Wishes, prepare
from tests.api.servers import HUNG, SIMULATED, SLOW, Server, serving
from tests.cli.contract import check_snapshot
from tests.processes import exported, holytui, kill, start, status, wait_until, write_job


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("session")) as running:
        yield running


def curl(server: Server, *arguments: str, token: bool = True) -> tuple[int, Any]:
    """A command as somebody would type it; status and JSON."""
    authorized = ["-H", f"Authorization: Bearer {server.token}"] if token else []
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *authorized, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    body, _, code = done.stdout.rpartition("\n")
    return int(code), json.loads(body)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_seeds_session_by_curl(server: Server) -> None:
    task = {"items": ["one", "two", "three"], "prompt_template": "Sum up {item}", "model": "deepseek-v3.2"}
    started = [f"{server.address}/api/tasks/start", "-H", "Content-Type: application/json"]
    code, told = curl(server, *started, "-d", json.dumps({**task, "provider": SIMULATED}))
    assert code == 201
    task_id = told["task_id"]
    assert re.fullmatch(r"task-\d{8}-[0-9a-f]{8}", task_id)
    server.wait(task_id, "completed")
    code, told = curl(server, f"{server.address}/api/tasks/{task_id}/progress")
    assert (code, told["percent"], told["succeeded"], told["simulated"]) == (200, 100.0, 3, True)
    check_snapshot(told)
    code, told = curl(server, "-X", "POST", f"{server.address}/api/tasks/{task_id}/resume")
    assert (code, told["state"]) == (200, "completed")
    code, told = curl(server, *started, "-d", json.dumps({"items": ["one"]}))
    assert code == 400
    assert {problem["field"] for problem in told["problems"]} == {"prompt_template", "model"}
    assert "prompt_template: is missing" in told["detail"]
    code, told = curl(server, f"{server.address}/api/tasks/nobody/progress")
    assert (code, "nobody" in told["detail"]) == (404, True)
    code, told = curl(server, f"{server.address}/api/tasks/{task_id}/progress", token=False)
    assert (code, "token" in told["detail"]) == (401, True)


def test_a_task_is_a_job_that_the_command_line_sees(server: Server) -> None:
    task = server.start(name="Seen from both sides", items=[{"id": "x", "text": "a"}], prompt_template="{item.text}")
    assert task == "seen-from-both-sides"
    server.wait(task, "completed")
    seen = json.loads(holytui("jobs", "--json", cwd=server.folder).stdout)
    assert task in {job["job"] for job in seen}
    told = status(server.folder, task)
    progress = server.progress(task)
    assert {name: progress[name] for name in told} == told
    assert [item["output"] for item in exported(server.folder, task)] == [
        item["output"] for item in server.results(task)
    ]
    assert {entry["task_id"] for entry in server.get("/api/tasks")} >= {task}


def test_a_job_of_another_process_is_seen_and_told(server: Server) -> None:
    job = write_job(
        server.folder, name="elsewhere", provider=('name = "simulator"', f'base_url = "{SLOW["base_url"]}"')
    )
    process = start("run", job, "--headless", "--concurrency", "1", cwd=server.folder)
    try:
        wait_until(lambda: (server.folder / "checkpoints" / "elsewhere" / "live.json").exists(), "it runs")
        assert server.wait("elsewhere", "running")["owner"]["pid"] == process.pid
        answer = server.ask("POST", "/api/tasks/elsewhere/pause")
        assert (answer.status, "owner" in answer.headers["x-holytui-did"]) == (200, True)
        server.wait("elsewhere", "paused")
        answer = server.ask("POST", "/api/tasks/elsewhere/resume")
        assert (answer.status, "its owner" in answer.headers["x-holytui-did"]) == (200, True)
        server.wait("elsewhere", "running")
        server.post("/api/tasks/elsewhere/stop")
        assert process.wait(60) == 6
    finally:
        kill(process)
    assert server.wait("elsewhere", "stopped")["owner"] is None
    server.post("/api/tasks/elsewhere/resume")
    assert server.wait("elsewhere", "completed")["succeeded"] == 20


def test_pause_resume_stop_here(server: Server) -> None:
    task = server.start(items=[f"item {n}" for n in range(20)], provider=SLOW, run={"concurrency": 1})
    server.wait(task, "running")
    server.post(f"/api/tasks/{task}/pause")
    assert server.wait(task, "paused")["reason"] == "user"
    assert "told to go on" in server.ask("POST", f"/api/tasks/{task}/resume").headers["x-holytui-did"]
    server.wait(task, "running")
    server.post(f"/api/tasks/{task}/stop")
    rested = server.wait(task, "stopped")
    assert rested["pending"] + rested["succeeded"] == 20
    again = server.ask("POST", f"/api/tasks/{task}/stop")
    assert (again.status, "already stopped" in again.headers["x-holytui-did"]) == (200, True)
    assert server.ask("POST", f"/api/tasks/{task}/pause").json()["state"] == "paused"


def test_failures_and_a_retry(server: Server) -> None:
    failing = {"name": "simulator", "base_url": "simulator:?latency=0.01&fault=server_error=1"}
    task = server.start(id="fails", provider=failing, run={"max_attempts": 1, "concurrency": 1})
    assert server.wait(task, "completed_with_failures")["failed"] == 2
    (group,) = server.get(f"/api/tasks/{task}/failures")
    assert (group["kind"], group["count"]) == ("server_error", 2)
    assert group["advice"]
    wrong = server.ask("POST", f"/api/tasks/{task}/retry", {"kinds": ["sever_error"]})
    assert (wrong.status, wrong.json()["problems"][0]["field"]) == (400, "kinds[0]")
    assert server.ask("POST", f"/api/tasks/{task}/retry", {"items": ["none"]}).status == 400
    assert server.ask("POST", f"/api/tasks/{task}/retry", []).json()["detail"] == "expected a JSON object"
    assert "0 items" not in server.ask("POST", f"/api/tasks/{task}/retry").headers["x-holytui-did"]
    wait_until(lambda: server.wait(task, "completed_with_failures")["sessions"] == 2, "it was retried")
    assert server.progress(task)["attempts"] == 4


def test_results_by_pages(server: Server) -> None:
    task = server.start(items=[f"item {n}" for n in range(500)])
    server.wait(task, "completed")
    whole = server.results(task)
    assert [item["index"] for item in whole] == list(range(500))
    assert server.ask("GET", f"/api/tasks/{task}/results?format=json").json() == whole
    assert server.results(task, "?after=99&limit=7") == whole[100:107]
    assert server.results(task, "?after=499") == []
    assert server.ask("GET", f"/api/tasks/{task}/results?format=json&after=499").json() == []
    for query, field in (("limit=0", "limit"), ("fromat=json", "fromat"), ("format=xml", "format")):
        answer = server.ask("GET", f"/api/tasks/{task}/results?{query}")
        assert (answer.status, answer.json()["problems"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[]", "expected a JSON object with items, prompt_template and model, or with job"),
        (b"null", "expected a JSON object with items, prompt_template and model, or with job"),
        (b"", "expected a JSON object with items, prompt_template and model, or with job"),
        (b'{"job": []}', "job: expected a JSON object"),
        (b'{"job": {"name": "x", "input": 3, "steps": [{"name": "a", "model": "m", "prompt": "p"}]}}',
         "job.input: expected a JSON object"),
        (b'{"items": [7, null], "prompt_template": "{item}", "model": "m"}',
         "items[0]: expected a text or a mapping of names to JSON values, got a number; "
         "items[1]: expected a text or a mapping of names to JSON values, got null"),
        (b"[" * 200_000, "The body cannot be read: its values are nested too deeply."),
        (b'{"items": ["\xff"]}', "The body cannot be read: it is not UTF-8."),
        (b'{"items": [' + b"9" * 5_000 + b"]}", "The body cannot be read: a number in it has too many digits."),
        (b"{", "The body is not JSON."),
    ],
    ids=["list", "null", "empty", "job", "table", "items", "deep", "bytes", "digits", "torn"],
)  # fmt: skip
def test_a_body_that_cannot_be_used_is_told_in_the_words_of_json(server: Server, body: bytes, told: str) -> None:
    refused = server.ask("POST", "/api/tasks/start", body)
    assert (refused.status, refused.json()["detail"]) == (400, told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"max_tokens": int("9" * 400)}, "max_tokens: expected a number of at most 1,000,000,000,000"),
        ({"run": {"rpm": int("9" * 400)}}, "run.rpm: expected a number of at most 1,000,000,000,000"),
        ({"provider": {"base_url": "http://[::1"}},
         "provider.base_url: expected an address such as https://api.example.com/v1"),
    ],
    ids=["tokens", "rate", "address"],
)  # fmt: skip
def test_what_cannot_be_computed_with_or_reached_is_refused(server: Server, more: dict[str, Any], told: str) -> None:
    body = {"items": ["x"], "prompt_template": "{item}", "model": "m", "provider": SIMULATED, **more}
    refused = server.ask("POST", "/api/tasks/start", body)
    assert (refused.status, refused.json()["detail"]) == (400, told)


def test_clocks_of_a_job_beyond_all_patience_are_refused(server: Server) -> None:
    step = {"name": "a", "model": "m", "prompt": "{item}", "deadline": int("9" * 400), "timeouts": {"stall": 1e308}}
    refused = server.ask("POST", "/api/tasks/start", {"job": {"name": "x", "input": {"count": 1}, "steps": [step]}})
    assert (refused.status, refused.json()["detail"].count("expected at most 31,622,400 seconds")) == (400, 2)


def test_a_retry_beyond_all_use_is_refused_and_changes_nothing(server: Server) -> None:
    failing = {"name": "simulator", "base_url": "simulator:?latency=0.01&fault=server_error=1"}
    task = server.start(id="kept", provider=failing, run={"max_attempts": 1, "concurrency": 1})
    server.wait(task, "completed_with_failures")
    for number in (int("9" * 400), 10**12 + 1):
        refused = server.ask("POST", f"/api/tasks/{task}/retry", {"all": True, "max_tokens": number})
        assert refused.status == 400
        assert refused.json()["detail"] == "max_tokens: expected a number of at most 1,000,000,000,000"
    assert server.progress(task)["failed"] == 2


def test_an_id_is_taken_once(server: Server) -> None:
    server.start(id="taken")
    server.wait("taken", "completed")
    body = {"items": ["x"], "prompt_template": "{item}", "model": "m", "provider": SIMULATED}
    for more in ({"id": "taken"}, {"name": "Taken!"}):
        answer = server.ask("POST", "/api/tasks/start", {**body, **more})
        assert (answer.status, "taken" in answer.json()["detail"]) == (409, True)
    refused = server.ask("POST", "/api/tasks/start", {**body, "id": "../x"})
    assert (refused.status, refused.json()["detail"].partition(",")[0]) == (400, "id: expected up to 100 of a-z")
    assert server.ask("GET", "/api/tasks/..%2Ftaken/progress").status == 404
    assert server.ask("GET", "/api/tasks/.trash/progress").status == 404


def test_a_job_as_its_file_says_it(server: Server) -> None:
    job = {
        "name": "Two steps",
        "input": {"count": 3},
        "provider": SIMULATED,
        "steps": [
            {"name": "summary", "model": "deepseek-v3.2", "prompt": "Sum up {item}"},
            {"name": "title", "model": "gpt-4.1", "prompt": "A title for {steps.summary}"},
        ],
    }
    task = server.post("/api/tasks/start", {"job": job})["task_id"]
    assert task == "two-steps"
    assert server.wait(task, "completed")["succeeded"] == 3
    assert {*server.results(task)[0]["outputs"]} == {"summary", "title"}


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"items": []}, {"items"}),
        ({"items": ["a", 3]}, {"items[1]"}),
        ({"items": ["a"], "temperature": 9}, {"temperature"}),
        ({"items": ["a"], "run": {"concurency": 3}}, {"run.concurency"}),
        ({"items": ["a"], "prompt_template": "{item.text}"}, {"prompt_template"}),
        ({"items": ["a"], "provider": {"api_key": "sk-1234567890abcdefghij"}}, {"provider.api_key"}),
        ({"items": ["a"], "provider": {"base_url": "ftp://x"}}, {"provider.base_url"}),
        ({"items": ["a"], "schema": {"type": 3}}, {"schema"}),
        ({"items": ["a"], "id_field": "x"}, {"id_field"}),
    ],
)
def test_what_is_wrong_with_a_prompt_task_is_named(server: Server, wrong: dict[str, Any], fields: set[str]) -> None:
    body = {"prompt_template": "{item}", "model": "m", "provider": SIMULATED, **wrong}
    answer = server.ask("POST", "/api/tasks/start", body)
    assert answer.status == 400
    assert {problem["field"] for problem in answer.json()["problems"]} == fields
    assert b"1234567890" not in answer.body


@pytest.mark.parametrize(
    ("job", "fields"),
    [
        ({}, {"job.name", "job.input", "job.steps"}),
        ({"name": "x", "input": {"count": 1, "lines": 3}, "steps": [{"name": "a"}]}, None),
        (
            {"name": "x", "input": {"count": 1}, "steps": [{"name": "a", "model": "m", "prompt": "{steps.b}"}]},
            {"job.steps[0].prompt"},
        ),
        (
            {
                "name": "x",
                "input": {"count": 1},
                "provider": {"api_key": "sk-1234567890abcdefghij"},
                "steps": [{"name": "a", "model": "m", "prompt": "p"}],
            },
            {"job.provider.api_key"},
        ),
    ],
)
def test_what_is_wrong_with_a_job_is_named(server: Server, job: dict[str, Any], fields: set[str] | None) -> None:
    answer = server.ask("POST", "/api/tasks/start", {"job": job})
    assert answer.status == 400
    found = {problem["field"] for problem in answer.json()["problems"]}
    assert fields is None or found == fields
    assert b"1234567890" not in answer.body


def test_a_key_that_is_missing_or_not_trusted_is_told(server: Server) -> None:
    body = {"items": ["a"], "prompt_template": "{item}", "model": "m"}
    answer = server.ask("POST", "/api/tasks/start", body)
    assert (answer.status, "HOLYSHEEP_API_KEY" in answer.json()["detail"]) == (400, True)
    assert not any("task-" in entry["task_id"] and entry["total"] == 0 for entry in server.get("/api/tasks"))


def test_kill_restart_resume_loses_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        task = server.start(items=[f"item {n}" for n in range(60)], provider=SLOW, run={"concurrency": 4})
        wait_until(lambda: server.progress(task)["succeeded"] >= 8, "some answers are there")
        kill(server.process)
    before = {item["id"]: item["output"] for item in exported(tmp_path, task) if item["status"] == "succeeded"}
    assert len(before) >= 8
    with serving(tmp_path) as server:
        assert server.progress(task)["state"] == "interrupted"
        server.post(f"/api/tasks/{task}/resume")
        assert server.wait(task, "completed")["succeeded"] == 60
        after = {item["id"]: item for item in server.results(task)}
        assert all(after[name]["output"] == output for name, output in before.items())
        assert all(len(after[name]["requests"]) == 1 for name in before)


def test_a_task_that_was_saved_and_never_run_has_its_items(server: Server) -> None:
    simulated = Provider.model_validate(SIMULATED)
    job = Job.from_prompt(items=["a", "b"], prompt="{item}", model="deepseek-v3.2", provider=simulated)
    tables = Tables({}, {}, {}, frozenset())
    prepare(server.folder / "checkpoints", job, Wishes(job_id="just-saved"), tables)
    server.post("/api/tasks/just-saved/resume")
    assert server.wait("just-saved", "completed")["succeeded"] == 2


@pytest.mark.parametrize(("number", "code", "state"), [(15, 143, "interrupted"), (2, 130, "paused")])
def test_a_signal_winds_jobs_down(tmp_path: Path, number: int, code: int, state: str) -> None:
    with serving(tmp_path) as server:
        slow = server.start(items=[f"item {n}" for n in range(60)], provider=SLOW, run={"concurrency": 4}, id="slow")
        wait_until(lambda: server.progress(slow)["running"] > 0, "it runs")
        assert server.stop(number) == code
    assert status(tmp_path, "slow")["state"] == state
    assert all(len(item["requests"]) <= 1 for item in exported(tmp_path, "slow"))


def test_a_second_signal_waits_for_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        task = server.start(provider=HUNG, id="hung")
        wait_until(lambda: server.progress(task)["requests_in_flight"] > 0, "requests hang")
        server.process.send_signal(15)
        body = {"items": ["a"], "prompt_template": "{item}", "model": "m", "provider": SIMULATED, "id": "late"}
        wait_until(lambda: server.ask("POST", "/api/tasks/start", body).status in {409, 503}, "nothing new is begun")
        assert server.stop(15) == 143
    assert status(tmp_path, "hung")["state"] == "interrupted"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("results?x=y", "x: unknown key; known here: after, format, limit"),
        ("results?aftr=3", 'aftr: unknown key; did you mean "after"?'),
        ("events?x=y", "x: unknown key; known here: items"),
    ],
)
def test_a_query_is_told_what_it_may_say(server: Server, query: str, told: str) -> None:
    refused = server.ask("GET", f"/api/tasks/any/{query}")
    assert (refused.status, refused.json()["detail"]) == (400, told)


@pytest.mark.parametrize("named", ["application/x-www-form-urlencoded", "text/plain", "", "nonsense"])
def test_a_body_is_json_whatever_it_is_called(server: Server, named: str) -> None:
    body = {"items": ["a"], "prompt_template": "{item}", "model": "m", "provider": SIMULATED}
    started = server.ask("POST", "/api/tasks/start", body, headers={"Content-Type": named})
    assert started.status == 201, started.body
    task = started.json()["task_id"]
    retried = server.ask("POST", f"/api/tasks/{task}/retry", {"kind": 3}, headers={"Content-Type": named})
    assert (retried.status, retried.json()["problems"][0]["field"]) == (400, "kind")
    torn = server.ask("POST", "/api/tasks/start", b"{", headers={"Content-Type": named})
    assert (torn.status, torn.json()["detail"]) == (400, "The body is not JSON.")


def test_a_task_at_rest_says_what_a_client_can_do(server: Server) -> None:
    task = server.start(id="resting", provider=HUNG)
    server.post(f"/api/tasks/{task}/stop")
    server.wait(task, "stopped")
    assert server.get(f"/api/tasks/{task}/progress")["message"].endswith("nothing is lost. resume lets it go on.")
    (listed,) = [told for told in server.get("/api/tasks") if told["task_id"] == task]
    assert listed["message"].endswith("resume lets it go on.")
