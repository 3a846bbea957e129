"""An app on its port until it is told to end; the jobs that run in it end first."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator

import uvicorn
import uvloop
from starlette.types import ASGIApp

from holytui.api.hosting import Hosting

LOOK_S = 0.1
GRACE_S = 2
"""For answers that are still being sent when the jobs have ended."""

MOST_CONNECTIONS = 1_000


class _Server(uvicorn.Server):
    """Signals are the command line's: they end jobs before they end the server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: ASGIApp, listening: socket.socket, hosting: Hosting, told_to_end: Callable[[], bool]) -> None:
    """Serve until `told_to_end` and nothing runs any more."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).disabled = True  # what people need to know is said by us; paths hold ids of jobs
    config = uvicorn.Config(
        app,
        loop="none",
        http="h11",  # it bounds what a stranger may send as headers; httptools, though twice as fast, does not
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(_Server(config), listening, hosting, told_to_end))


async def _serve(
    server: uvicorn.Server, listening: socket.socket, hosting: Hosting, told_to_end: Callable[[], bool]
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    # Polled: runs end on a thread of their own, and a signal says so where no loop is.
    while not serving.done() and not (told_to_end() and hosting.is_idle()):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    server.should_exit = True
    await serving
