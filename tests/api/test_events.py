"""Server-sent events: a task as it happens, until nobody runs it any more; by several at once, and after a break."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from holytui.api.item_feed import KEPT, ItemFeed
from holytui.api.streams import MOST
from holytui.core.work import ItemState, Outcome
from tests.api.servers import HUNG, SLOW, Server, serving
from tests.cli.contract import check_snapshot
from tests.processes import start, wait_until, write_job

Event = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("events")) as running:
        yield running


@contextmanager
def listening(server: Server, task: str, query: str = "") -> Iterator[Iterator[Event]]:
    """The events of a task, as a client reads them."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {server.token}"}
    connection.request("GET", f"/api/tasks/{task}/events{query}", headers=headers)
    response = connection.getresponse()
    assert (response.status, response.getheader("content-type", "")[:17]) == (200, "text/event-stream")
    try:
        yield events(response)
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


def events(response: http.client.HTTPResponse) -> Iterator[Event]:
    name = ""
    for raw in response:
        line = raw.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_task_from_its_start_to_its_end(server: Server) -> None:
    task = server.start(items=[f"item {n}" for n in range(24)], provider=SLOW, run={"concurrency": 2})
    with listening(server, task) as without, listening(server, task, "?items=true") as heard:
        told = list(heard)
        assert "item" not in {name for name, _ in without}
    names = [name for name, _ in told]
    assert (names[0], names[-1], names.count("finished")) == ("progress", "finished", 1)
    assert {"state", "item"} < set(names)
    items = [data["id"] for name, data in told if name == "item"]
    assert len(items) == len(set(items))
    assert set(items) <= {item["id"] for item in server.results(task)}
    for name, data in told:
        if name != "item":
            check_snapshot(data)
    assert (told[-1][1]["state"], told[-1][1]["percent"]) == ("completed", 100.0)


def test_a_task_at_rest_is_told_once(server: Server) -> None:
    task = server.start()
    server.wait(task, "completed")
    with listening(server, task) as heard:
        assert [name for name, _ in heard] == ["progress", "finished"]
    assert server.ask("GET", "/api/tasks/nobody/events").status == 404


def test_one_that_leaves_and_comes_back(server: Server) -> None:
    task = server.start(items=[f"item {n}" for n in range(30)], provider=SLOW, run={"concurrency": 1})
    with listening(server, task) as heard:
        assert next(heard)[0] == "progress"
    with listening(server, task) as heard, listening(server, task) as another:
        assert next(heard)[0] == next(another)[0] == "progress"
        server.post(f"/api/tasks/{task}/stop")
        assert [data["state"] for name, data in heard if name == "finished"] == ["stopped"]
        assert [data["state"] for name, data in another if name == "finished"] == ["stopped"]


def test_a_job_of_another_process(server: Server) -> None:
    provider = ('name = "simulator"', f'base_url = "{SLOW["base_url"]}"')
    job = write_job(server.folder, name="elsewhere", provider=provider, source="count = 8")
    process = start("run", job, "--headless", "--concurrency", "1", cwd=server.folder)
    wait_until(lambda: (server.folder / "checkpoints" / "elsewhere" / "live.json").exists(), "it runs")
    with listening(server, "elsewhere") as heard:
        assert next(heard)[1]["owner"]["pid"] == process.pid
        assert [data["succeeded"] for name, data in heard if name == "finished"] == [8]
    assert process.wait(60) == 0


def test_there_is_a_limit_and_who_leaves_makes_room(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        task = server.start(provider=HUNG)
        opened = [listening(server, task) for _ in range(MOST)]
        for stream in opened:
            next(stream.__enter__())
        answer = server.ask("GET", f"/api/tasks/{task}/events")
        assert (answer.status, str(MOST) in answer.json()["detail"]) == (503, True)
        opened.pop().__exit__(None, None, None)

        def room() -> bool:
            try:
                with listening(server, task) as heard:
                    return next(heard)[0] == "progress"
            except AssertionError:
                return False

        wait_until(room, "one that left has made room")
        for stream in opened:
            stream.__exit__(None, None, None)


def test_a_server_that_ends_ends_its_streams(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        task = server.start(items=[f"item {n}" for n in range(60)], provider=SLOW, run={"concurrency": 1})
        server.wait(task, "running")
        with listening(server, task) as heard:
            next(heard)
            server.process.terminate()
            assert [data["reason"] for name, data in heard if name == "finished"] == ["terminated"]
        assert server.process.wait(30) == 143


def test_a_feed_renders_for_listeners_only_and_keeps_the_newest() -> None:
    feed = ItemFeed()
    outcome = Outcome(0, "a", 1, 0.0, closes=ItemState.SUCCEEDED, item_id="x")
    feed.tell(outcome)
    one = feed.listen()
    assert one.new() == b""
    feed.tell(outcome)
    two = feed.listen()
    assert one.new().count(b"event: item") == 1
    assert two.new() == b""
    for _ in range(KEPT + 5):
        feed.tell(outcome)
    assert one.new().count(b"event: item") == two.new().count(b"event: item") == KEPT
    one.close()
    two.close()
    assert not feed._kept
