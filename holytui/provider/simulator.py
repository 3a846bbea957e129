"""The simulated provider: a real HTTP server on loopback that answers like an OpenAI-compatible one."""

import asyncio
import contextlib
import json
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import uvloop
from aiohttp import web

from holytui.provider.ledger import Ledger
from holytui.provider.simulation import (
    MODELS,
    Script,
    SimulatorError,
    SimulatorOptions,
    options_from_url,
    parse_options,
    script,
)

HOST = "127.0.0.1"
FOREVER_S = 86_400.0
COALESCE_S = 0.05
"""Words closer together than this go out as one piece, as they arrive from real providers after a network."""

MAX_BODY = 256 * 1024 * 1024
CONNECT_DIRECTIVE = b"[[simulate connect]]"

__all__ = [
    "EmbeddedSimulator",
    "SimulatorError",
    "SimulatorOptions",
    "options_from_url",
    "parse_options",
    "run_forever",
]

_ERRORS: dict[str, tuple[int, dict[str, Any]]] = {
    "server_error": (503, {"error": {"message": "simulated: overloaded", "type": "server_error"}}),
    "rate_limit": (429, {"error": {"message": "simulated: slow down", "type": "rate_limit_exceeded"}}),
    "bad_request": (400, {"error": {"message": "simulated: this prompt is refused", "type": "invalid_request_error"}}),
    "context_length": (
        400,
        {
            "error": {
                "message": "simulated: this model's maximum context length is exceeded",
                "type": "invalid_request_error",
                "code": "context_length_exceeded",
            }
        },
    ),
    "auth": (401, {"error": {"message": "simulated: Incorrect API key provided", "code": "invalid_api_key"}}),
    "forbidden": (403, {"error": {"message": "simulated: not allowed here"}}),
    "quota": (
        429,
        {"error": {"message": "simulated: you exceeded your current quota", "code": "insufficient_quota"}},
    ),
    "model": (404, {"error": {"message": "simulated: the model does not exist", "code": "model_not_found"}}),
}


class _Gone(Exception):
    """The connection is to be dropped without another word."""


class SimulatorServer:
    """One simulated provider; belongs to the loop it is started on."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._asked: Counter[str] = Counter()
        self._requests = 0
        self._in_flight = 0
        self._ledger = Ledger(options.ledger)
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes any that is free.

        Raises:
            SimulatorError: the port is taken.
        """
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        # Handlers end when their client goes: a hung request must not outlive the one who asked.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, HOST, port, backlog=4096)
            await site.start()
        except OSError as error:
            raise SimulatorError(f"port {port} cannot be used: {error.strerror}") from error
        self.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}/v1"

    async def aclose(self) -> None:
        """Stop listening and drop what is in flight."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._ledger.close()

    async def _models(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's signature
        data = [{"id": model, "object": "model", "owned_by": "simulator"} for model in MODELS]
        return web.json_response({"object": "list", "data": data}, headers={"x-simulated": "true"})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        t_start = time.time()
        body = json.loads(await request.read())
        prompt = str(body["messages"][-1]["content"])
        self._asked[prompt] += 1
        self._requests += 1
        nth = self._asked[prompt]
        self._in_flight += 1
        exchange = _Exchange(request, body, prompt, f"sim-{self._requests:06d}")
        plan = script(self._options, prompt, nth, body.get("max_tokens"), wants_json=exchange.wants_json)
        try:
            return await self._answer(exchange, plan)
        except (asyncio.CancelledError, ConnectionError):
            exchange.outcome = "gone" if exchange.outcome != "answered" else "answered"
            raise
        except _Gone:
            exchange.drop()
            raise asyncio.CancelledError from None
        finally:
            self._in_flight -= 1
            self._ledger.write(
                t_start=t_start,
                t_end=time.time(),
                prompt=prompt,
                nth=nth,
                status=exchange.status,
                outcome=exchange.outcome,
            )

    async def _answer(self, exchange: "_Exchange", plan: Script) -> web.StreamResponse:
        options = self._options
        if options.max_in_flight is not None and self._in_flight > options.max_in_flight:
            return exchange.refuse("rate_limit", retry_after="1")
        if options.auth_after is not None and self._requests > options.auth_after:
            return exchange.refuse("auth")
        model = str(exchange.body.get("model", ""))
        if model not in MODELS and not model.startswith("sim"):
            return exchange.refuse("model")
        if plan.fault in _ERRORS:
            await asyncio.sleep(plan.first_s)
            return exchange.refuse(plan.fault, retry_after="1" if plan.fault == "rate_limit" else None)
        if plan.fault == "html":
            exchange.status, exchange.outcome = 502, "refused"
            return web.Response(
                status=502, text="<html><body>simulated: Bad Gateway</body></html>", content_type="text/html"
            )
        if plan.fault in {"connect", "reset"}:
            raise _Gone
        if plan.fault == "first_token":
            await asyncio.sleep(FOREVER_S)
        if exchange.body.get("stream"):
            return await exchange.stream(plan)
        await asyncio.sleep(plan.first_s + plan.gap_s * len(plan.pieces))
        return exchange.whole(plan)


class _Exchange:
    """One request and its answer."""

    def __init__(self, request: web.Request, body: dict[str, Any], prompt: str, request_id: str) -> None:
        self.request = request
        self.body = body
        self.prompt = prompt
        self.request_id = request_id
        self.status: int | None = None
        self.outcome = "cut"
        form = body.get("response_format")
        self.wants_json = isinstance(form, dict) and form.get("type") == "json_object"

    @property
    def _headers(self) -> dict[str, str]:
        return {"x-request-id": self.request_id, "x-simulated": "true"}

    def refuse(self, fault: str, *, retry_after: str | None = None) -> web.Response:
        self.status, data = _ERRORS[fault]
        self.outcome = "refused"
        headers = self._headers
        if retry_after is not None:
            headers["retry-after"] = retry_after
        return web.json_response(data, status=self.status, headers=headers)

    def drop(self) -> None:
        """Reset the connection: SO_LINGER 0 makes the close an RST."""
        transport = self.request.transport
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def whole(self, plan: Script) -> web.Response:
        self.status, self.outcome = 200, "answered"
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": plan.text},
            "finish_reason": plan.finish,
        }
        data = {**self._envelope(), "choices": [choice], "usage": _usage(plan)}
        return web.json_response(data, headers=self._headers)

    async def stream(self, plan: Script) -> web.StreamResponse:
        """Server-sent events at the script's pace, with the script's fault."""
        response = web.StreamResponse(headers={**self._headers, "content-type": "text/event-stream"})
        self.status = 200
        await asyncio.sleep(plan.first_s if plan.fault != "keepalive" else 0)
        await response.prepare(self.request)
        if plan.fault == "keepalive":
            while True:
                await response.write(b": keep-alive\n\n")
                await asyncio.sleep(0.2)
        await self._pieces(response, plan)
        if plan.fault == "cut":
            await response.write_eof()
            return response
        if plan.fault == "error_event":
            await response.write(_event({"error": {"message": "simulated: broke half way", "code": 500}}))
            await response.write_eof()
            return response
        tail = _event(self._chunk({}, plan.finish))
        options = self.body.get("stream_options")
        if isinstance(options, dict) and options.get("include_usage"):
            tail += _event({**self._envelope(), "choices": [], "usage": _usage(plan)})
        await response.write(tail + b"data: [DONE]\n\n")
        await response.write_eof()
        self.outcome = "answered"
        return response

    async def _pieces(self, response: web.StreamResponse, plan: Script) -> None:
        stop = max(1, len(plan.pieces) // 3) if plan.fault in {"stall", "network", "cut", "error_event"} else None
        # Paced by deadlines, not by sleeps one after the other: their overruns would add up.
        now = asyncio.get_running_loop().time
        waiting, sent_at, due = "", now(), now()
        for place, piece in enumerate(plan.pieces):
            if place == stop:
                break
            waiting += piece
            due += 1.0 if plan.fault == "drip" else plan.gap_s
            if due - sent_at >= COALESCE_S:
                await response.write(_event(self._chunk({"content": waiting}, None)))
                await asyncio.sleep(due - now())
                waiting, sent_at = "", due
        if waiting:
            await response.write(_event(self._chunk({"content": waiting}, None)))
        await asyncio.sleep(due - now())
        if plan.fault == "stall":
            await asyncio.sleep(FOREVER_S)
        if plan.fault == "network":
            raise _Gone
        while plan.fault == "drip":
            await response.write(_event(self._chunk({"content": "and "}, None)))
            await asyncio.sleep(1.0)

    def _envelope(self) -> dict[str, Any]:
        return {
            "id": self.request_id,
            "object": "chat.completion.chunk" if self.body.get("stream") else "chat.completion",
            "created": int(time.time()),
            "model": self.body.get("model"),
            "system_fingerprint": "simulator",
        }

    def _chunk(self, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
        return {**self._envelope(), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _usage(plan: Script) -> dict[str, int]:
    output = len(plan.pieces)
    return {
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": plan.prompt_tokens + output,
    }


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
            caller.settimeout(0)
            caller.connect_ex(address)
            self._callers.append(caller)
        self.base_url = f"http://{HOST}:{address[1]}/v1"

    def close(self) -> None:
        for sock in (*self._callers, self._listener):
            sock.close()


class EmbeddedSimulator:
    """A simulator inside this process, on its own daemon thread and loop."""

    def __init__(self, server: SimulatorServer, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        self._server = server
        self._loop = loop
        self._thread = thread
        self._black_hole = BlackHole()

    @classmethod
    def start(cls, options: SimulatorOptions) -> "EmbeddedSimulator":
        """Start it and wait until it listens.

        Raises:
            SimulatorError: it cannot listen.
        """
        loop = uvloop.new_event_loop()
        server = SimulatorServer(options)

        def host() -> None:
            asyncio.set_event_loop(loop)
            loop.run_forever()
            loop.close()

        thread = threading.Thread(target=host, name="holytui-simulator", daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        return cls(server, loop, thread)

    @property
    def base_url(self) -> str:
        return self._server.base_url

    def detour(self, body: bytes) -> str | None:
        """Where a request goes instead: prompts marked `connect` to an address that never connects."""
        return self._black_hole.base_url if CONNECT_DIRECTIVE in body else None

    def stop(self) -> None:
        """End it, dropping what is in flight; the thread is not waited for."""
        self._black_hole.close()

        async def end() -> None:
            await self._server.aclose()
            self._loop.stop()

        with contextlib.suppress(RuntimeError):  # stopped already
            asyncio.run_coroutine_threadsafe(end(), self._loop)


def run_forever(options: SimulatorOptions, port: int) -> None:
    """Serve until SIGINT or SIGTERM; says on stdout where.

    Raises:
        SimulatorError: the port is taken.
    """
    uvloop.run(_serve_until_told(options, port))


async def _serve_until_told(options: SimulatorOptions, port: int) -> None:
    async with _running(options, port) as server:
        told = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        sys.stdout.write(f"simulator on {server.base_url}\n")
        sys.stdout.flush()
        await told.wait()


@contextlib.asynccontextmanager
async def _running(options: SimulatorOptions, port: int) -> AsyncIterator[SimulatorServer]:
    server = SimulatorServer(options)
    await server.start(port)
    try:
        yield server
    finally:
        await server.aclose()
