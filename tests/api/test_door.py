"""Nobody gets in who does not belong: the token, its file, wrong ones, other machines, sizes, files."""

import hmac
import http.client
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from holytui.api.access import Access, TokenError, open_access
from holytui.api.attempts import ADDRESSES, MOST, WINDOW_S, WrongTokens
from tests.api.servers import SIMULATED, Server, launch, serving
from tests.processes import holytui, wait_until

BODY = {"items": ["a"], "prompt_template": "{item}", "model": "m", "provider": SIMULATED}
PATHS = [
    ("GET", "/api/tasks"),
    ("POST", "/api/tasks/start"),
    ("GET", "/api/tasks/x/progress"),
    ("POST", "/api/tasks/x/resume"),
    ("POST", "/api/tasks/x/pause"),
    ("POST", "/api/tasks/x/stop"),
    ("POST", "/api/tasks/x/retry"),
    ("GET", "/api/tasks/x/failures"),
    ("GET", "/api/tasks/x/results"),
    ("GET", "/api/tasks/x/events"),
    ("GET", "/"),
    ("GET", "/redoc"),
    ("GET", "/nowhere"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("door"), "--max-items", "3", "--max-body-mb", "0.01") as running:
        yield running


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_path_asks_for_the_token(server: Server, method: str, path: str) -> None:
    answer = server.ask(method, path, token=False)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert server.ask(method, f"{path}?token={server.token}", token=False).status == 401


def test_the_description_of_the_api_is_open_and_lets_one_authorize(server: Server) -> None:
    assert server.ask("GET", "/docs", token=False).status == 200
    answer = server.ask("GET", "/openapi.json", token=False)
    assert answer.status == 200
    assert answer.json()["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
    assert "422" not in json.dumps(answer.json()["paths"])
    schema = answer.json()["components"]["schemas"]["Step"]["properties"]["schema"]
    assert {option["type"] for option in schema["anyOf"]} == {"object", "string", "null"}


def test_no_other_site_is_let_in(server: Server) -> None:
    answer = server.ask("GET", "/api/tasks", headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control-") for name in answer.headers)
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert server.ask("OPTIONS", "/api/tasks/start", headers=asked, token=False).status == 401


def test_the_token_is_for_its_owner_shown_once_and_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "settings" / "http-token"
    with serving(tmp_path) as first:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert first.said.read_text().count(first.token) == 1
        first.start(id="x")
        first.wait("x", "completed")
        assert (
            first.ask("GET", "/api/tasks", token=False, headers={"Authorization": "Bearer wrong-token"}).status == 401
        )
        told = first.said.read_text()
        assert (first.stop(), "wrong-token" in told, "/api/tasks/x" in told) == (143, False, False)
    with serving(tmp_path) as second:
        assert second.token == first.token
        assert second.token not in second.said.read_text()
        assert str(file) in second.said.read_text()
        environ = Path(f"/proc/{second.process.pid}/environ")
        if environ.exists():
            assert second.token.encode() not in environ.read_bytes()
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != file and path != first.said:
            assert first.token.encode() not in path.read_bytes(), path


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    env = {"HOLYTUI_CONFIG_DIR": str(tmp_path)}
    assert open_access(env).fresh is not None
    assert open_access(env).fresh is None
    file = tmp_path / "http-token"
    file.chmod(0o644)
    with pytest.raises(TokenError, match="chmod 600") as told:
        open_access(env)
    assert file.read_text().strip() not in str(told.value)
    file.chmod(0o600)
    file.write_text("password\n")
    with pytest.raises(TokenError, match="Delete it") as told:
        open_access(env)
    assert "password" not in str(told.value)


def test_the_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    whole = hmac.compare_digest

    def told(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return whole(left, right)

    monkeypatch.setattr("holytui.api.access.hmac.compare_digest", told)
    access = Access(b"\0" * 32, Path("x"))
    assert not any(access.admits(given) for given in (b"", b"x", b"x" * 1000))
    assert compared == [(32, 32)] * 3


def test_who_guesses_has_to_wait(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        wrong = {"Authorization": "Bearer guess"}
        for _ in range(MOST):
            assert server.ask("GET", "/api/tasks", token=False, headers=wrong).status == 401
        answer = server.ask("GET", "/api/tasks", token=False, headers=wrong)
        assert (answer.status, 0 < int(answer.headers["retry-after"]) <= WINDOW_S) == (429, True)
        assert server.ask("GET", "/api/tasks").status == 429  # the right guess is not told apart


def test_who_knows_the_token_is_not_locked_out_by_who_does_not() -> None:
    now = [0.0]
    wrong = WrongTokens(lambda: now[0])
    for _ in range(MOST):
        assert wrong.must_wait("10.0.0.1") == 0.0
        wrong.wrong("10.0.0.1")
    assert (wrong.must_wait("10.0.0.1"), wrong.must_wait("10.0.0.2")) == (WINDOW_S, 0.0)
    now[0] = WINDOW_S - 1
    assert wrong.must_wait("10.0.0.1") == 1.0
    now[0] = WINDOW_S
    assert wrong.must_wait("10.0.0.1") == 0.0
    wrong.right("10.0.0.1")
    for _ in range(2 * MOST):
        wrong.wrong("10.0.0.1")
    assert wrong.must_wait("10.0.0.1") == 0.0


def test_one_network_is_one_guesser_and_memory_is_bounded() -> None:
    wrong = WrongTokens(lambda: 0.0)
    for number in range(MOST):
        wrong.wrong(f"2001:db8::{number:x}")
    assert wrong.must_wait("2001:db8::ffff") > 0
    assert wrong.must_wait("2001:db8:0:1::1") == 0.0
    for number in range(ADDRESSES + 10):
        wrong.wrong(str(number))
        wrong.right(str(number))
    assert len(wrong._wrong) == len(wrong._known) == ADDRESSES


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])
def test_other_machines_are_not_listened_to_unless_allowed(tmp_path: Path, host: str) -> None:
    done = holytui("serve", "--host", host, "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert "--allow-remote" in done.stderr
    assert not (tmp_path / "settings").exists()


def test_a_port_that_is_taken_is_told(server: Server, tmp_path: Path) -> None:
    done = holytui("serve", "--port", str(server.port), cwd=tmp_path, HOLYTUI_CONFIG_DIR=str(tmp_path))
    assert done.returncode == 2
    assert str(server.port) in done.stderr


def test_a_body_that_is_too_large_is_not_read(server: Server) -> None:
    large = {**BODY, "items": ["x" * 20_000]}
    answer = server.ask("POST", "/api/tasks/start", large)
    assert (answer.status, "--max-body-mb" in answer.json()["detail"]) == (413, True)


def test_a_body_that_does_not_say_its_length_is_counted(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", "/api/tasks/start")
    connection.putheader("Authorization", f"Bearer {server.token}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    for _ in range(20):
        connection.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")
    response = connection.getresponse()
    assert (response.status, "--max-body-mb" in json.loads(response.read())["detail"]) == (413, True)
    connection.close()


def test_too_many_items_are_refused(server: Server) -> None:
    answer = server.ask("POST", "/api/tasks/start", {**BODY, "items": ["a"] * 4})
    assert (answer.status, "--max-items" in answer.json()["detail"]) == (413, True)
    job = {"name": "x", "input": {"count": 4}, "steps": [{"name": "a", "model": "m", "prompt": "p"}]}
    assert server.ask("POST", "/api/tasks/start", {"job": job}).status == 413
    job["input"] = {"count": 10**9, "limit": 3}
    assert server.ask("POST", "/api/tasks/start", {"job": {**job, "provider": SIMULATED}, "id": "few"}).status == 201


def job_over(**source: object) -> dict[str, object]:
    step = {"name": "a", "model": "deepseek-v3.2", "prompt": "{item}"}
    return {"job": {"name": "files", "input": source, "provider": SIMULATED, "steps": [step]}}


@pytest.mark.parametrize("source", [{"glob": "*.txt"}, {"lines": "/etc/passwd"}, {"jsonl": "x"}, {"csv": "x"}])
def test_without_a_root_no_file_is_read(server: Server, source: dict[str, str]) -> None:
    answer = server.ask("POST", "/api/tasks/start", job_over(**source))
    (problem,) = answer.json()["problems"]
    assert (answer.status, problem["field"]) == (400, f"job.input.{next(iter(source))}")
    assert "--root" in problem["message"]


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("rooted")
    root = folder / "data"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "a.txt").write_text("first")
    (root / "docs" / "b.txt").write_text("second")
    (root / "lines.txt").write_text("one\ntwo\n")
    (root / "answer.json").write_text('{"type": "object"}')
    (folder / "secret.txt").write_text("nobody's business")
    (root / "leads-out").mkdir()
    (root / "leads-out" / "link.txt").symlink_to(folder / "secret.txt")
    (root / "out.txt").symlink_to(folder / "secret.txt")
    (root / "up").symlink_to(folder)
    (root / "loop").symlink_to(root / "loop")
    os.mkfifo(root / "pipe")
    with serving(folder, "--root", str(root)) as running:
        yield running


@pytest.mark.parametrize(
    "source",
    [
        {"lines": "../secret.txt"},
        {"lines": "out.txt"},
        {"lines": "up/secret.txt"},
        {"lines": "/etc/passwd"},
        {"lines": "~/.profile"},
        {"lines": "loop"},
        {"lines": "pipe"},
        {"lines": "."},
        {"lines": "a\0b"},
        {"lines": "x" * 5000},
        {"csv": "docs/../../secret.txt"},
        {"jsonl": "gone.jsonl"},
        {"glob": "../*.txt"},
        {"glob": "docs/../../*.txt"},
        {"glob": "/etc/*"},
        {"glob": "~/*"},
        {"glob": "${stdlib}/*.py"},
        {"glob": "*.txt"},
        {"glob": "leads-out/*"},
        {"glob": "up/*.txt"},
        {"glob": "**/*.txt"},
    ],
)
def test_nothing_is_read_beside_the_root(rooted: Server, source: dict[str, str]) -> None:
    answer = rooted.ask("POST", "/api/tasks/start", job_over(**source))
    assert answer.status == 400, answer.body
    assert {problem["field"] for problem in answer.json()["problems"]} == {f"job.input.{next(iter(source))}"}
    assert str(rooted.folder).encode() not in answer.body


def test_below_the_root_files_and_schemas_are_read(rooted: Server) -> None:
    for number, (source, ids) in enumerate(
        [
            ({"glob": "docs/*.txt"}, ["a.txt", "b.txt"]),
            ({"lines": "lines.txt"}, None),
            ({"lines": "docs/../lines.txt"}, None),
        ]
    ):
        task = rooted.post("/api/tasks/start", {**job_over(**source), "id": f"files-{number}"})["task_id"]
        rooted.wait(task, "completed")
        found = rooted.results(task)
        assert len(found) == 2
        assert ids is None or [item["id"] for item in found] == ids
    body = job_over(count=1)
    assert isinstance(body["job"], dict)
    for schema, status in (("answer.json", 201), ("../secret.txt", 400), ({"type": "object"}, 201), (3, 400)):
        body["job"]["steps"][0]["schema"] = schema
        answer = rooted.ask("POST", "/api/tasks/start", {**body, "id": f"schema-{len(str(schema))}"})
        assert answer.status == status, answer.body


def test_a_root_that_looks_like_a_pattern_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data [1]").mkdir()
    done = holytui("serve", "--port", "0", "--root", "data [1]", cwd=tmp_path, HOLYTUI_CONFIG_DIR=str(tmp_path))
    assert (done.returncode, "--root" in done.stderr) == (2, True)


def test_what_the_server_cannot_read_is_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.start(id="broken")
        server.wait("broken", "completed")
        file = next(
            path for path in (tmp_path / "checkpoints" / "broken").iterdir() if path.suffix in {".sqlite", ".db"}
        )
        file.write_bytes(b"no checkpoint")
        wait_until(lambda: server.ask("GET", "/api/tasks/broken/progress").status == 503, "it is noticed")
        for path in ("progress", "results", "failures", "events"):
            answer = server.ask("GET", f"/api/tasks/broken/{path}")
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")
            assert "Traceback" not in answer.json()["detail"]
        assert "problem" in next(entry for entry in server.get("/api/tasks") if entry["task_id"] == "broken")


def test_a_checkpoint_folder_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file")
    with serving(tmp_path) as server:
        for method, path, body in (("GET", "/api/tasks", None), ("POST", "/api/tasks/start", BODY)):
            answer = server.ask(method, path, {**body, "model": "deepseek-v3.2"} if body else None)
            assert (answer.status, "checkpoints" in answer.json()["detail"]) == (503, True), answer.body


def test_without_the_extra_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from holytui.cli import serve as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    done = CliRunner().invoke(module.serve, [])
    assert done.exit_code == 2
    assert "pip install 'holytui[api]'" in done.output


def test_two_servers_that_start_at_once_use_one_token(tmp_path: Path) -> None:
    first, said = launch(tmp_path)
    (tmp_path / "other").mkdir()
    second, said_too = launch(tmp_path, "--checkpoints", "other")
    del said_too
    try:
        wait_until(lambda: "http-token" in said.read_text(), "one is there")
        assert len((tmp_path / "settings" / "http-token").read_text().split()) == 1
    finally:
        for process in (first, second):
            process.terminate()
            process.wait(30)
