"""The terminal UI in a browser: textual-serve, a process of its own for each page, behind a login."""

import asyncio
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

from holytui.api.access import Access
from holytui.api.login import HEADERS, Login, is_secure

MOST_PAGES = 8
"""Open at once: each is a whole holytui."""

LOOK_S = 0.1
FONT_PX = 16
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
"""What the page is as a terminal, whatever the server was started in."""


def command(checkpoints: Path) -> str:
    """The shell's words that open the terminal UI over a checkpoint folder."""
    settings = [f"{name}={value}" for name, value in TERMINAL.items()]
    remote = ["-u", "SSH_CONNECTION", "-u", "SSH_TTY"]
    return shlex.join(
        ["exec", "env", *remote, *settings, sys.executable, "-m", "holytui", "--checkpoints", str(checkpoints)]
    )


class WebServer(Server):
    """textual-serve's server; its address is taken from each request: a tunnel or a proxy may stand before it."""

    def __init__(self, checkpoints: Path, login: Login) -> None:
        super().__init__(command(checkpoints), title="holytui", public_url="http://unused")
        self._login = login
        self._pages: set[asyncio.Task[Any]] = set()

    async def app(self) -> web.Application:
        """The server's app behind the login."""
        app = await self._make_app()
        app.middlewares.append(self._login.guard)
        app.add_routes(self._login.routes())
        app.on_response_prepare.append(_mark)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command line has."""

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002  # textual-serve's signature
        """Close the pages: each tells its holytui to end, and waits for it."""
        for page in self._pages:
            page.cancel()
        await asyncio.gather(*self._pages, return_exceptions=True)

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page of a terminal."""
        site = f"{'https' if is_secure(request) else 'http'}://{request.host}"
        return {
            "font_size": FONT_PX,
            "app_websocket_url": f"{site.replace('http', 'ws', 1)}/ws",
            "config": {"static": {"url": f"{site}/static/"}},
            "application": {"name": "holytui"},
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A terminal UI for a page, as long as the page is there."""
        if len(self._pages) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already.\n")
        page = asyncio.ensure_future(super().handle_websocket(request))
        self._pages.add(page)
        page.add_done_callback(self._pages.discard)
        answer: web.WebSocketResponse = await page
        return answer


async def _mark(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001  # the signal's signature
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def serve_web(checkpoints: Path, listening: socket.socket, access: Access, told_to_end: Callable[[], bool]) -> None:
    """Serve the terminal UI until `told_to_end`."""
    asyncio.run(_serve(WebServer(checkpoints, Login(access)), listening, told_to_end))


async def _serve(server: WebServer, listening: socket.socket, told_to_end: Callable[[], bool]) -> None:
    runner = web.AppRunner(await server.app(), access_log=None, handle_signals=False)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    while not told_to_end():  # noqa: ASYNC110  # a signal says so where no loop is
        await asyncio.sleep(LOOK_S)
    await runner.cleanup()
