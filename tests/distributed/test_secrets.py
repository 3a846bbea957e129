"""Keys stay with each worker; passwords of Redis are shown to nobody; messages are JSON."""

import json
import threading
from pathlib import Path

from tests.distributed.cluster import cluster
from tests.processes import holytui, wait_until
from tests.redis_server import PASSWORD, redis_server

KEY = "sk-T0pS3cretT0pS3cretT0pS3cret"
PROVIDER = ['name = "mine"', 'api_key_env = "MINE_API_KEY"']


def test_the_key_is_read_by_each_worker_and_is_nowhere_else(tmp_path: Path) -> None:
    with cluster(
        tmp_path, "--fault", "server_error=0.3", "--latency", "0.2", source="count = 100", job={"provider": PROVIDER}
    ) as built:
        built.worker(MINE_API_KEY=KEY)
        built.worker(MINE_API_KEY=KEY)
        messages: list[bytes] = []
        watching = threading.Thread(target=_watch, args=(built.redis.port, messages), daemon=True)
        watching.start()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 20, "the job under way")
        dumped = built.redis.dump()
        assert owner.wait(60) in {0, 1}  # a few items meet an error three times
        dumped += built.redis.dump()
        assert b"holytui" in dumped
        assert KEY.encode() not in dumped
        assert messages, "nobody saw a message"
        assert KEY.encode() not in b"".join(messages)
        for path in tmp_path.rglob("*"):
            assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
        tasks = [message for message in messages if b"holytui.slice" in message and b"LPUSH" in message]
        assert tasks
        assert all(b"application/json" in message and b"pickle" not in message for message in tasks)


def _watch(port: int, messages: list[bytes]) -> None:
    """Everything that goes through Redis, as `MONITOR` tells it."""
    import socket

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"MONITOR\r\n")
        messages.extend(connection.makefile("rb"))


def test_a_worker_without_the_key_hands_its_items_back(tmp_path: Path) -> None:
    """It needs one where the provider is not on this machine; with no other worker there the job stops whole."""
    far = ['name = "mine"', 'api_key_env = "MINE_API_KEY"', 'base_url = "https://api.example.invalid/v1"']
    with cluster(tmp_path, source="count = 5", job={"provider": far}) as built:
        built.provider.url = ""
        built.worker()
        done = built.run_to_its_end("--trust")
        assert done.returncode == 3, done.stderr
        after = built.status()
        assert (after["state"], after["reason"], after["pending"]) == ("stopped", "auth", 5)
        assert "MINE_API_KEY is not set" in after["message"]


def test_a_job_cannot_send_a_workers_key_wherever_it_likes(tmp_path: Path) -> None:
    far = ['name = "mine"', 'api_key_env = "MINE_API_KEY"', 'base_url = "https://api.example.invalid/v1"']
    with cluster(tmp_path, source="count = 5", job={"provider": far}) as built:
        built.provider.url = ""
        built.worker(MINE_API_KEY=KEY)
        done = built.run_to_its_end("--trust")
        assert done.returncode == 3, done.stderr
        after = built.status()
        assert after["requests"] == 0
        assert "api.example.invalid" in after["message"]
        assert KEY not in json.dumps(after)


def test_redis_with_a_password(tmp_path: Path) -> None:
    with cluster(tmp_path, redis={"password": PASSWORD}, source="count = 20") as built:
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stderr + done.stdout
        wrong = holytui(
            *("run", built.job, "--headless", "--executor", "celery", "--id", "other"),
            cwd=built.folder,
            HOLYTUI_REDIS=f"redis://:wrong-{KEY}@127.0.0.1:{built.redis.port}/0",
        )
        assert wrong.returncode == 2
        assert KEY not in wrong.stderr
        assert "Redis at redis://127.0.0.1" in wrong.stderr


def test_redis_over_tls(tmp_path: Path) -> None:
    with cluster(tmp_path, redis={"tls": True}, source="count = 20") as built:
        built.worker()
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        assert built.status()["succeeded"] == 20


def test_without_redis_it_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        url = server.url
    from tests.processes import write_job

    job = write_job(tmp_path, source="count = 3")
    for address, words in (
        (url, "does not answer"),
        ("http://127.0.0.1:1/", "no address of Redis"),
        ("redis://:secret@[::1", "no URL"),
    ):
        done = holytui("run", job, "--headless", "--executor", "celery", cwd=tmp_path, HOLYTUI_REDIS=address)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert "secret" not in done.stderr
