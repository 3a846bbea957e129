"""The simulator as others use it: inside this process, or as a command of its own."""

import asyncio
import contextlib
import json
import signal
import socket
import sys
import threading
from collections import Counter

import uvloop

from holytui.provider.simulated_answer import connect_directive
from holytui.provider.simulation import SimulatorError, SimulatorOptions, options_from_url, parse_options
from holytui.provider.simulator_server import HOST, RunningSimulator, serve

START_S = 10.0
CONNECT_MARK = b"[[simulate connect"

__all__ = [
    "BlackHole",
    "EmbeddedSimulator",
    "RunningSimulator",
    "SimulatorError",
    "SimulatorOptions",
    "options_from_url",
    "parse_options",
    "run_forever",
    "serve",
]


class BlackHole:
    """An address where connections are never completed: its accept queue is full, so the kernel drops SYNs.

    It simulates for the connect clock what no server can do to connections it already has.
    """

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind((HOST, 0))
        self._listener.listen(0)
        address = self._listener.getsockname()
        self._callers = []
        for _ in range(3):
            caller = socket.socket()
            caller.setblocking(False)  # noqa: FBT003  # socket's signature
            caller.connect_ex(address)
            self._callers.append(caller)
        self.base_url = f"http://{HOST}:{address[1]}/v1"

    def close(self) -> None:
        for sock in (*self._callers, self._listener):
            sock.close()


class EmbeddedSimulator:
    """A simulator inside this process, on its own daemon thread and loop."""

    def __init__(self, simulator: RunningSimulator, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        self._simulator = simulator
        self._loop = loop
        self._thread = thread
        self._black_hole: BlackHole | None = None
        self._swallowed: Counter[tuple[str, str]] = Counter()

    @classmethod
    def start(cls, options: SimulatorOptions) -> "EmbeddedSimulator":
        """Start it and wait until it listens.

        Raises:
            SimulatorError: it cannot listen.
        """
        loop = uvloop.new_event_loop()

        def host() -> None:
            asyncio.set_event_loop(loop)
            loop.run_forever()
            loop.close()

        thread = threading.Thread(target=host, name="holytui-simulator", daemon=True)
        thread.start()
        try:
            simulator = asyncio.run_coroutine_threadsafe(serve(options), loop).result(START_S)
        except BaseException:
            loop.call_soon_threadsafe(loop.stop)
            raise
        return cls(simulator, loop, thread)

    @property
    def base_url(self) -> str:
        return self._simulator.base_url

    def detour(self, body: bytes) -> str | None:
        """Where a request goes instead: prompts marked `connect` to an address that never connects."""
        if CONNECT_MARK not in body:
            return None
        data = json.loads(body)
        asked = data["model"], data["messages"][-1]["content"]
        times = connect_directive(asked[1])
        if times is None or self._swallowed[asked] >= times:
            return None
        self._swallowed[asked] += 1
        with contextlib.suppress(RuntimeError):  # stopped already
            self._loop.call_soon_threadsafe(self._simulator.missed, *asked)
        if self._black_hole is None:
            self._black_hole = BlackHole()
        return self._black_hole.base_url

    def stop(self) -> None:
        """End it, dropping what is in flight; the thread is not waited for."""
        if self._black_hole is not None:
            self._black_hole.close()

        async def end() -> None:
            await self._simulator.aclose()
            self._loop.stop()

        ending = end()
        try:
            asyncio.run_coroutine_threadsafe(ending, self._loop)
        except RuntimeError:  # stopped already
            ending.close()


def run_forever(options: SimulatorOptions, port: int) -> None:
    """Serve until SIGINT or SIGTERM; says on stdout where.

    Raises:
        SimulatorError: the port is taken.
    """
    uvloop.run(_serve_until_told(options, port))


async def _serve_until_told(options: SimulatorOptions, port: int) -> None:
    simulator = await serve(options, port=port)
    async with contextlib.aclosing(simulator):
        told = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        sys.stdout.write(f"simulator on {simulator.base_url}\n")
        sys.stdout.flush()
        await told.wait()
