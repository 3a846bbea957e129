"""A simulator, a Redis, some workers and an owner, all as real processes."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.forkserver import Forked
from tests.processes import (
    PATIENCE_S,
    Simulator,
    exported,
    holytui,
    kill,
    simulator,
    start,
    status,
    wait_until,
    write_job,
)
from tests.redis_server import RedisServer, redis_server


@dataclass(slots=True)
class Cluster:
    """What a test works with."""

    folder: Path
    redis: RedisServer
    provider: Simulator
    job: Path
    env: Mapping[str, str]
    workers: list[Forked] = field(default_factory=list)

    def worker(self, *options: str, says: str | Path | None = None, **env: str) -> Forked:
        """Start one more worker; it is there when Redis knows it."""
        more = {"HOLYTUI_REDIS": self.redis.url, **self.env, **env}
        process = start("worker", *options, cwd=self.folder, says=says, **more)
        self.workers.append(process)
        wait_until(lambda: bool(self.redis.keys(f"holytui:worker:*-{process.pid}-*")), "the worker is there")
        return process

    def run(self, *options: str, **env: str) -> Forked:
        """Start the owner."""
        return start(*self._run(options), cwd=self.folder, HOLYTUI_REDIS=self.redis.url, **{**self.env, **env})

    def run_to_its_end(
        self, *options: str, timeout: float = PATIENCE_S, **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Start the owner and wait for it."""
        words = self._run(options)
        more = {"HOLYTUI_REDIS": self.redis.url, **self.env, **env}
        return holytui(*words, cwd=self.folder, timeout=timeout, **more)

    def _run(self, options: Sequence[str]) -> list[str | Path]:
        where = ["--base-url", self.provider.url] if self.provider.url else []
        return ["run", self.job, "--headless", "--executor", "celery", *where, *options]

    def status(self) -> dict[str, Any]:
        return status(self.folder, self.job.stem)

    def rows(self) -> list[dict[str, Any]]:
        return exported(self.folder, self.job.stem)

    def answered_twice(self) -> int:
        """Answers beyond the first of each prompt, by the provider's own account."""
        return sum(times - 1 for times in self.provider.answered().values())


@contextmanager
def cluster(
    folder: Path,
    *provider: str,
    source: str = "count = 60",
    run: Sequence[str] = ("concurrency = 16",),
    redis: Mapping[str, Any] | None = None,
    job: Mapping[str, Any] | None = None,
    **env: str,
) -> Iterator[Cluster]:
    """Everything but workers and owner."""
    path = write_job(folder, source=source, run=run, **(job or {}))
    with redis_server(folder, **(redis or {})) as server, simulator(folder, *provider) as upstream:
        built = Cluster(folder, server, upstream, path, env)
        try:
            yield built
        finally:
            for process in built.workers:
                if process.poll() is None:
                    kill(process)
