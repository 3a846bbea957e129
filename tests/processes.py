"""Real processes for tests: the simulator and holytui itself, started, watched, killed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.forkserver import Forked, ForkServer

HOLYTUI = [sys.executable, "-m", "holytui"]
PATIENCE_S = 60.0


def environment(**more: str) -> dict[str, str]:
    """The environment without anything that would reach a real provider or the user's settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HOLYTUI_") and not name.endswith("_API_KEY") and "proxy" not in name.lower()
    }
    return {**kept, "NO_PROXY": "*", **more}


def holytui(
    *arguments: str | Path, cwd: Path, timeout: float = PATIENCE_S, **env: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        words = list(map(str, arguments))
        process = _server().start(
            words, cwd=cwd, env=environment(**env), stdout=out.fileno(), stderr=err.fileno(), session=False
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(words, code, out.read().decode(), err.read().decode())


def start(*arguments: str | Path, cwd: Path, says: str | Path | None = None, **env: str) -> Forked:
    """Start a command in a process group of its own; what it says goes to a file, or nowhere."""
    with Path(says or os.devnull).open("wb") as output:
        return _server().start(
            list(map(str, arguments)),
            cwd=cwd,
            env=environment(**env),
            stdout=output.fileno(),
            stderr=output.fileno(),
            session=True,
        )


_ONE_SERVER = threading.Lock()


def _server() -> ForkServer:
    """The one of this process, whichever thread asks first."""
    with _ONE_SERVER:
        return _started()


@cache
def _started() -> ForkServer:
    return ForkServer()


def kill(process: Forked) -> None:
    """SIGKILL, and wait until it is gone."""
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)


def wait_until(condition: Callable[[], bool], what: str, timeout: float = PATIENCE_S) -> None:
    """Wait for a condition; fail with its name."""
    until = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.01)


@dataclass(slots=True)
class Simulator:
    """A simulator in a process of its own."""

    url: str
    ledger: Path

    def entries(self) -> list[dict[str, Any]]:
        """What it wrote down, a request each."""
        if not self.ledger.exists():
            return []
        lines = self.ledger.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def answered(self) -> "Counter[str]":
        """How often each prompt was answered completely."""
        return Counter(entry["prompt_sha256"] for entry in self.entries() if entry["outcome"] == "answered")

    def count(self) -> int:
        """Requests written down so far, without parsing them."""
        return self.ledger.read_bytes().count(b"\n") if self.ledger.exists() else 0


@contextmanager
def simulator(folder: Path, *options: str) -> Iterator[Simulator]:
    """Run `holytui simulate` for a while."""
    ledger = folder / "ledger.jsonl"
    reading, writing = os.pipe()
    process = _server().start(
        ["simulate", "--ledger", str(ledger), *options], cwd=Path.cwd(), env=environment(), stdout=writing, stderr=2
    )
    os.close(writing)
    output = os.fdopen(reading, encoding="utf-8")
    try:
        line = output.readline()
        assert "http://" in line, f"the simulator said: {line!r}"
        url = "http://" + line.split("http://", 1)[1].split()[0]
        threading.Thread(target=output.read, daemon=True).start()
        yield Simulator(url, ledger)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def write_job(
    folder: Path,
    *,
    name: str = "job",
    source: str = "count = 20",
    run: Sequence[str] = (),
    step: Sequence[str] = (),
    provider: Sequence[str] = ('name = "simulator"',),
    prompt: str = "Summarise {item}",
) -> Path:
    """A small job file."""
    path = folder / f"{name}.toml"
    lines = [
        f'name = "{name}"',
        "[input]",
        source,
        "[provider]",
        *provider,
        "[run]",
        *run,
        "[[steps]]",
        'name = "summary"',
        'model = "deepseek-v3.2"',
        f"prompt = {json.dumps(prompt)}",
        *step,
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def status(folder: Path, job: str) -> dict[str, Any]:
    """`holytui status --json`."""
    done = holytui("status", job, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["total"] == data["pending"] + data["running"] + data["succeeded"] + data["failed"]
    assert sum(data["failures"].values()) == data["failed"]
    return data


def exported(folder: Path, job: str) -> list[dict[str, Any]]:
    """`holytui export`, parsed."""
    done = holytui("export", job, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
