"""A task that was started over HTTP, on workers."""

from pathlib import Path

from tests.api.servers import serving
from tests.processes import wait_until
from tests.redis_server import redis_server


def test_a_task_runs_on_workers_and_its_progress_lists_them(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis, serving(tmp_path, HOLYTUI_REDIS=redis.url) as server, redis.worker(8):
        provider = {"name": "simulator", "base_url": "simulator:?latency=0.3"}
        items = [f"text {number}" for number in range(80)]
        task = server.start(items=items, provider=provider, executor="celery")
        wait_until(lambda: bool(server.progress(task)["workers"]), "workers are listed")
        assert server.progress(task)["executor"] == "celery"
        done = server.wait(task, "completed")
        assert (done["succeeded"], done["simulated"]) == (80, True)


def test_a_task_for_workers_says_when_redis_is_not_there(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        url = redis.url
    with serving(tmp_path, HOLYTUI_REDIS=url) as server:
        task = server.start(items=["a"], provider={"name": "simulator"}, executor="celery")
        rests = server.wait(task, "ready")
        assert "does not answer" in rests["message"]
