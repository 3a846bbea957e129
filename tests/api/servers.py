"""`holytui serve` as a real process, and a client that knows no more than HTTP."""

import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import processes
from tests.forkserver import Forked
from tests.processes import PATIENCE_S, environment, wait_until

SIMULATED = {"name": "simulator", "base_url": "simulator:?latency=0.01"}
SLOW = {"name": "simulator", "base_url": "simulator:?latency=0.2"}
HUNG = {"name": "simulator", "base_url": "simulator:?latency=600"}
RESTING = {"completed", "completed_with_failures", "stopped", "paused", "interrupted", "ready"}


@dataclass(slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Server:
    """A server and what a client needs to know of it."""

    process: Forked
    folder: Path
    port: int
    said: Path
    token: str = field(repr=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, token: bool = True
    ) -> Answer:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        fields = {"Authorization": f"Bearer {self.token}"} if token else {}
        fields |= {} if body is None else {"Content-Type": "application/json"}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {**fields, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """What a path says, as JSON."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """What came of it, as JSON."""
        answer = self.ask("POST", path, body)
        assert answer.status in {200, 201}, answer.body
        return answer.json()

    def start(self, **fields: Any) -> str:
        """Start a small task; its id."""
        task = {"items": ["a", "b"], "prompt_template": "Sum up {item}", "model": "deepseek-v3.2"}
        return str(self.post("/api/tasks/start", {**task, "provider": SIMULATED, **fields})["task_id"])

    def progress(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/tasks/{task}/progress")
        return found

    def wait(self, task: str, *states: str) -> dict[str, Any]:
        """Wait until it is in one of these states; where it stands then."""
        seen: list[dict[str, Any]] = []

        def there() -> bool:
            seen.append(self.progress(task))
            return seen[-1]["state"] in states

        wait_until(there, f"{task} is {' or '.join(states)}")
        return seen[-1]

    def results(self, task: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.ask("GET", f"/api/tasks/{task}/results{query}")
        assert answer.status == 200, answer.body
        return [json.loads(line) for line in answer.body.splitlines()]

    def stop(self, number: int = 15) -> int:
        """End it; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def launch(folder: Path, *options: str, **env: str) -> tuple[Forked, Path]:
    """Start `holytui serve` on a free port; the process and the file with what it says."""
    said = folder / "said.txt"
    with said.open("wb") as out:
        process = processes._server().start(
            ["serve", "--port", "0", *options],
            cwd=folder,
            env=environment(HOLYTUI_CONFIG_DIR=str(folder / "settings"), **env),
            stdout=out.fileno(),
            stderr=out.fileno(),
            session=True,
        )
    return process, said


def _is_there(said: Path) -> bool:
    """The last line tells the token or its file; nothing is listened to before."""
    told = said.read_text()
    return "http-token" in told and told.endswith("\n") and ("shown this once" not in told or told.count("\n") >= 3)


@contextmanager
def serving(folder: Path, *options: str, **env: str) -> Iterator[Server]:
    """Run a server for a while, in this folder and with its settings there."""
    process, said = launch(folder, *options, **env)
    try:
        wait_until(lambda: _is_there(said) or process.poll() is not None, "the server is there")
        text = said.read_text()
        port = re.search(r"http://127\.0\.0\.1:(\d+)", text)
        assert port, text
        token = (folder / "settings" / "http-token").read_text().strip()
        yield Server(process, folder, int(port[1]), said, token)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, 9)
                process.wait(20)
