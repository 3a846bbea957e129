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
from pathlib import Path
from typing import Any

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
    return subprocess.run(
        [*HOLYTUI, *map(str, arguments)],
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def start(*arguments: str | Path, cwd: Path, **env: str) -> "subprocess.Popen[str]":
    """Start a command in a process group of its own, output thrown away."""
    return subprocess.Popen(
        [*HOLYTUI, *map(str, arguments)],
        cwd=cwd,
        env=environment(**env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def kill(process: "subprocess.Popen[str]") -> None:
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
    process = subprocess.Popen(
        [*HOLYTUI, "simulate", "--ledger", str(ledger), *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, f"the simulator said: {line!r}"
        url = "http://" + line.split("http://", 1)[1].split()[0]
        threading.Thread(target=process.stdout.read, daemon=True).start()
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
