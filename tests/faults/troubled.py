"""A provider with troubles of its own: what it does to a request depends on the moment, not on the prompt."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

START_S = 10.0
SHUTDOWN_S = 0.1


@dataclass(frozen=True, slots=True)
class Does:
    """What becomes of one request.

    Attributes:
        status: of HTTP; 0 resets the connection.
        headers: of the answer.
        body: of an error.
        seconds: until it is answered.
        cut: the stream ends half way, without a finish reason.
        words: of the answer, a token each.
        model: that claims to have answered.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = '{"error": {"message": "test: no"}}'
    seconds: float = 0.0
    cut: bool = False
    words: int = 2
    model: str = "deepseek-v3.2"


OK = Does()
DOWN = Does(status=503)
RESET = Does(status=0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as the provider met it; times in seconds since its first one."""

    at: float
    prompt: str
    status: int
    in_flight: int


@dataclass(slots=True)
class Troubled:
    """Its own account of what came, and when."""

    mood: Callable[["Troubled", str], Does]
    latency_s: float = 0.0
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answered: "Counter[str]" = field(default_factory=Counter)
    in_flight: int = 0
    words: int = 0
    began: float | None = None
    key: str = ""
    """That came with the request whose mood is asked."""

    @property
    def at(self) -> float:
        """Seconds since the first request."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    def between(self, start: float, end: float) -> list[Seen]:
        return [one for one in self.seen if start <= one.at < end]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        if self.began is None:
            self.began = time.monotonic()
        prompt = str((await request.json())["messages"][-1]["content"])
        self.key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.in_flight += 1
        try:
            does = self.mood(self, prompt)
            self.seen.append(Seen(self.at, prompt, does.status, self.in_flight))
            await asyncio.sleep(does.seconds or (self.latency_s if does.status == 200 else 0.0))
            return await self._answer(request, does, prompt)
        finally:
            self.in_flight -= 1

    async def _answer(self, request: web.Request, does: Does, prompt: str) -> web.StreamResponse:
        if does.status == 0:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if does.status != 200:
            return web.Response(status=does.status, text=does.body, headers=does.headers)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", **does.headers})
        await response.prepare(request)
        await response.write(_event(does, {"delta": {"content": "word " * does.words}, "finish_reason": None}))
        if does.cut:
            return response
        tail = _event(does, {"delta": {}, "finish_reason": "stop"})
        usage = {"prompt_tokens": 10, "completion_tokens": does.words, "total_tokens": 10 + does.words}
        self.words += does.words
        tail += b"data: " + json.dumps({"choices": [], "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n"
        await response.write_eof(tail)
        self.answered[prompt] += 1
        return response


def _event(does: Does, choice: dict[str, Any]) -> bytes:
    data = {"id": "t", "model": does.model, "choices": [{"index": 0, **choice}]}
    return b"data: " + json.dumps(data).encode() + b"\n\n"


@contextmanager
def troubled(mood: Callable[[Troubled, str], Does], latency_s: float = 0.0) -> Iterator[Troubled]:
    """Serve on a thread of its own for a while."""
    provider = Troubled(mood, latency_s)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="troubled", daemon=True)
    thread.start()

    async def listen() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", provider.chat)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
        provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    runner = asyncio.run_coroutine_threadsafe(listen(), loop).result(START_S)
    try:
        yield provider
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(START_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_S)
