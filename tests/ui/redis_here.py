"""A Redis of one's own and workers at it, for tests where a connection matters."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holytui.distributed.elsewhere import CeleryElsewhere
from holytui.runs.elsewhere import ElsewhereError
from tests.processes import kill, start, wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class RedisHere:
    """A server that can go away and come back."""

    folder: Path
    port: int
    password: str = ""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    @property
    def place(self) -> str:
        """The address as people are shown it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        lines = [f"port {self.port}", "bind 127.0.0.1", 'save ""', f"dir {self.folder}"]
        lines += [f"requirepass {self.password}"] if self.password else []
        self.process = subprocess.Popen(["redis-server", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert self.process.stdin is not None
        self.process.stdin.write("\n".join(lines).encode())
        self.process.stdin.close()
        wait_until(self.answers, "Redis answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def answers(self) -> bool:
        try:
            self.number_of_workers()
        except ElsewhereError:
            return False
        return True

    def number_of_workers(self) -> int:
        """In a thread of its own: a test may have a loop that runs already."""
        with ThreadPoolExecutor(1) as aside:
            return len(aside.submit(CeleryElsewhere(self.url).workers).result())

    @contextmanager
    def worker(self, concurrency: int, **env: str) -> Iterator[None]:
        """A worker in a process of its own, which is there when this is entered, and killed at the end."""
        before = self.number_of_workers()
        options = ["worker", "--concurrency", str(concurrency)]
        process = start(*options, cwd=self.folder, HOLYTUI_REDIS=self.url, **env)
        try:
            wait_until(lambda: self.number_of_workers() > before, "the worker is there")
            yield
        finally:
            kill(process)


@contextmanager
def redis_here(folder: Path, *, password: str = "") -> Iterator[RedisHere]:
    """A server for a while; without one on this machine the test is skipped."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisHere(folder, free_port(), password)
    server.start()
    try:
        yield server
    finally:
        server.stop()
