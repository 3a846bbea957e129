"""A program's job on workers."""

from pathlib import Path

import pytest

import holytui
from tests.redis_server import redis_server


def test_a_program_runs_its_items_on_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = holytui.Job.from_prompt(
        items=[f"text {number}" for number in range(30)],
        prompt="Summarise: {item}",
        model="deepseek-v3.2",
        name="Texts",
        provider=holytui.Provider(name="simulator", base_url="simulator:?latency=0.2"),
    )
    with redis_server(tmp_path) as redis, redis.worker(8):
        monkeypatch.setenv("HOLYTUI_REDIS", redis.url)
        seen: list[str] = []
        result = holytui.run(job, on_progress=lambda p: seen.append(p.snapshot.executor), executor="celery")
        assert (result.state, result.succeeded, set(seen)) == ("completed", 30, {"celery"})
    monkeypatch.setenv("HOLYTUI_REDIS", "http://no.redis.example")
    with pytest.raises(holytui.ElsewhereError, match="no address of Redis"):
        holytui.run(job, executor="celery")
