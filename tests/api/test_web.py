"""The terminal UI in a browser: nothing without the login, no other site, a holytui a page, and closing it."""

import http.client
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from holytui.api.attempts import MOST
from holytui.api.login import COOKIE
from holytui.api.web import MOST_PAGES
from tests.api.servers import Server, serving
from tests.processes import holytui, wait_until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("web"), "--web", "--checkpoints", "kept") as running:
        yield running


def log_in(server: Server, token: str, **headers: str) -> tuple[int, str, bytes]:
    """Status, cookie header, page."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", "/login", f"token={quote(token)}", {**FORM, **headers})
    response = connection.getresponse()
    cookie = response.getheader("Set-Cookie", "")
    page = response.read()
    connection.close()
    return response.status, cookie, page


def session_of(server: Server) -> dict[str, str]:
    status, cookie, _ = log_in(server, server.token)
    assert status == 303
    return {"Cookie": f"{COOKIE}={SimpleCookie(cookie)[COOKIE].value}"}


@asynccontextmanager
async def page(server: Server, headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.address}/ws?width=100&height=30", headers=headers, max_msg_size=0) as socket,
    ):
        yield socket


async def read_until(socket: aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Read what is painted until this was."""
    seen = b""
    while text.encode() not in seen:
        message = await socket.receive(timeout=60)
        assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, (message, seen[-2000:])
        seen += message.data if isinstance(message.data, bytes) else b""


@pytest.mark.parametrize("path", ["/static/js/textual.js", "/static/", "/download/x", "/ws", "/api/tasks", "/docs"])
def test_without_a_session_there_is_only_the_login(server: Server, path: str) -> None:
    assert server.ask("GET", path, token=False).status == 401
    assert server.ask("GET", path).status == 401  # the token itself opens no page
    answer = server.ask("GET", "/", token=False)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    answer = server.ask("GET", "/login", token=False)
    assert (answer.status, answer.headers["x-frame-options"]) == (200, "DENY")
    assert server.token.encode() not in answer.body


def test_the_cookie_is_not_the_token(server: Server) -> None:
    status, cookie, _ = log_in(server, server.token, Origin=server.address)
    morsel = SimpleCookie(cookie)[COOKIE]
    assert (status, morsel["httponly"], morsel["samesite"]) == (303, True, "Strict")
    assert len(morsel.value) >= 43
    assert server.token not in cookie
    headers = {"Cookie": f"{COOKIE}={morsel.value}"}
    answer = server.ask("GET", "/", token=False, headers=headers)
    assert answer.status == 200
    assert f"ws://127.0.0.1:{server.port}/ws".encode() in answer.body
    assert server.ask("GET", "/static/js/textual.js", token=False, headers=headers).status == 200
    assert server.ask("GET", "/", token=False, headers={"Cookie": f"{COOKIE}={morsel.value}x"}).status == 303
    answer = server.ask("GET", "/", token=False, headers={**headers, "X-Forwarded-Proto": "https", "Host": "a.example"})
    assert b"wss://a.example/ws" in answer.body


def test_another_site_gets_nothing(server: Server) -> None:
    assert log_in(server, server.token, Origin="https://evil.example")[0] == 403
    assert log_in(server, server.token, Origin="null")[0] == 403
    inside = session_of(server)
    assert server.ask("GET", "/", token=False, headers={**inside, "Origin": "https://evil.example"}).status == 403


async def test_a_websocket_needs_the_session_and_this_site(server: Server) -> None:
    inside = session_of(server)
    for headers in (
        {},
        {"Origin": server.address},
        {"Origin": server.address, "Cookie": f"{COOKIE}=guess"},
        inside,
        {**inside, "Origin": "https://evil.example"},
        {**inside, "Origin": "null"},
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with page(server, headers):
                pass
        assert refused.value.status in {401, 403}


def test_who_guesses_has_to_wait(tmp_path: Path) -> None:
    with serving(tmp_path, "--web") as server:
        for _ in range(MOST):
            status, _, page = log_in(server, "no-token-at-all")
            assert (status, b"not the token" in page) == (401, True)
        assert log_in(server, server.token)[0] == 429
        assert "no-token-at-all" not in server.said.read_text()
        assert server.stop() == 143


async def test_a_page_is_a_holytui_over_this_folder_and_closing_it_interrupts_its_run(server: Server) -> None:
    headers = {**session_of(server), "Origin": server.address}
    async with page(server, headers) as socket:
        await read_until(socket, "the-story")
        await socket.send_json(["resize", {"width": 90, "height": 24}])
        await socket.send_json(["stdin", "\r"])
        await read_until(socket, "run all")  # preflight has counted
        await socket.send_json(["stdin", "\r"])
        await read_until(socket, "in flight")
    wait_until(lambda: _states(server.folder) == {"the-story": ("interrupted", "hangup")}, "the page's run has ended")


async def test_so_many_pages_and_no_more(server: Server) -> None:
    headers = {**session_of(server), "Origin": server.address}
    pages = [page(server, headers) for _ in range(MOST_PAGES)]
    for one in pages:
        await one.__aenter__()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with page(server, headers):
            pass
    assert refused.value.status == 503
    for one in pages:
        await one.__aexit__(None, None, None)


async def test_a_server_that_ends_ends_its_pages(tmp_path: Path) -> None:
    with serving(tmp_path, "--web") as server:
        async with page(server, {**session_of(server), "Origin": server.address}) as socket:
            await read_until(socket, "the-story")
            server.process.terminate()
            while not socket.closed:
                await socket.receive(timeout=60)
        assert server.process.wait(60) == 143


def test_what_is_the_apis_is_not_the_pages(tmp_path: Path) -> None:
    done = holytui("serve", "--web", "--max-items", "3", cwd=tmp_path)
    assert (done.returncode, "--max-items" in done.stderr) == (2, True)


def _states(folder: Path) -> dict[str, tuple[str, str | None]]:
    done = holytui("--checkpoints", "kept", "jobs", "--json", cwd=folder)
    return {job["job"]: (job["state"], job["reason"]) for job in json.loads(done.stdout)}
