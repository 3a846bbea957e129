"""One request to the simulator and its answer, fault included, as OpenAI-compatible servers write them."""

import asyncio
import contextlib
import json
import math
import socket
import struct
import time
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from aiohttp import web

from holytui.provider.simulation import Script

FOREVER_S = 86_400.0
BURST_S = 0.2
"""What falls into this time comes as one event, unless a token pace was asked for: as many as a screen shows."""

PACED_WRITE_S = 0.02
"""Events closer together than this go out in one write: a fast stream is not worth a system call a word."""

DRIP_S = 1.0
KEEPALIVE_S = 0.2

_BREAKS_OFF = frozenset({"stall", "network", "cut", "error_event"})
_INVALID = "invalid_request_error"
_REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "server_error": (503, {"message": "simulated: overloaded", "type": "server_error"}),
    "rate_limit": (429, {"message": "simulated: slow down", "type": "rate_limit_exceeded"}),
    "bad_request": (400, {"message": "simulated: this prompt is refused", "type": _INVALID}),
    "context_length": (
        400,
        {
            "message": "simulated: this model's maximum context length is exceeded",
            "type": _INVALID,
            "code": "context_length_exceeded",
        },
    ),
    "auth": (401, {"message": "simulated: Incorrect API key provided", "code": "invalid_api_key"}),
    "forbidden": (403, {"message": "simulated: not allowed here"}),
    "quota": (429, {"message": "simulated: you exceeded your current quota", "code": "insufficient_quota"}),
    "model": (404, {"message": "simulated: the model does not exist", "code": "model_not_found"}),
    "unreadable": (400, {"message": "simulated: the request cannot be read", "type": _INVALID}),
}
REFUSALS = frozenset(_REFUSALS)


class Gone(Exception):
    """The connection is to be dropped without another word."""


class Exchange:
    """One request and its answer.

    Attributes:
        status: of HTTP, None as long as nothing was answered.
        outcome: what the ledger will say: `answered` (completely sent), `cut`, `refused` or `gone`.
    """

    def __init__(self, request: web.Request, body: dict[str, Any], request_id: str) -> None:
        self._request = request
        self._body = body
        self._headers = {"x-request-id": request_id}
        self._envelope = {
            "id": request_id,
            "object": "chat.completion.chunk" if body.get("stream") else "chat.completion",
            "created": int(time.time()),
            "model": body.get("model"),
            "system_fingerprint": "simulator",
        }
        self.status: int | None = None
        self.outcome = "cut"

    @property
    def wants_json(self) -> bool:
        form = self._body.get("response_format")
        return isinstance(form, dict) and form.get("type") == "json_object"

    async def answer(self, plan: Script) -> web.StreamResponse:
        """Answer as the script says.

        Raises:
            Gone: the script says to drop the connection.
        """
        if plan.fault in REFUSALS:
            await asyncio.sleep(plan.first_s)
            return self.refuse(plan.fault, retry_after="1" if plan.fault == "rate_limit" else None)
        match plan.fault:
            case "html":
                return self._proxy_page()
            case "connect" | "reset":
                raise Gone
            case "first_token":
                await asyncio.sleep(FOREVER_S)
        return await (self._stream(plan) if self._body.get("stream") else self._whole(plan))

    def refuse(self, fault: str, *, retry_after: str | None = None) -> web.Response:
        self.status, error = _REFUSALS[fault]
        self.outcome = "refused"
        headers = dict(self._headers)
        if retry_after is not None:
            headers["retry-after"] = retry_after
        return web.json_response({"error": error}, status=self.status, headers=headers)

    def drop(self) -> None:
        """Reset the connection: SO_LINGER 0 makes the close an RST."""
        transport = self._request.transport
        if transport is None:
            return
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()

    def _proxy_page(self) -> web.Response:
        self.status, self.outcome = 502, "refused"
        page = "<html><body>simulated: Bad Gateway</body></html>"
        return web.Response(status=502, text=page, content_type="text/html", headers=self._headers)

    async def _whole(self, plan: Script) -> web.StreamResponse:
        """One JSON object, when the whole answer is there."""
        await asyncio.sleep(plan.first_s + plan.gap_s * len(plan.pieces))
        message = {"role": "assistant", "content": plan.text}
        choice = {"index": 0, "message": message, "finish_reason": plan.finish}
        data = json.dumps({**self._envelope, "choices": [choice], "usage": _usage(plan)}).encode()
        response = await self._open("application/json")
        if plan.fault in {"stall", "drip", "keepalive"}:
            await asyncio.sleep(FOREVER_S)
        if plan.fault in _BREAKS_OFF:
            await response.write(data[: len(data) // 2])
            raise Gone
        await response.write_eof(data)
        self.outcome = "answered"
        return response

    async def _stream(self, plan: Script) -> web.StreamResponse:
        """Server-sent events at the script's pace, with the script's fault."""
        await asyncio.sleep(plan.first_s)
        response = await self._open("text/event-stream")
        while plan.fault == "keepalive":
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(KEEPALIVE_S)
        rest = await self._content(response, plan)
        match plan.fault:
            case "stall":
                await response.write(rest)
                await asyncio.sleep(FOREVER_S)
            case "network":
                await response.write(rest)
                raise Gone
            case "cut":
                await response.write_eof(rest)
                return response
            case "error_event":
                error = {"message": "simulated: broke half way", "type": "server_error"}
                await response.write_eof(rest + _event({"error": error}))
                return response
        # The end of the body goes out with the last event: a client that stops at [DONE] can keep the connection.
        await response.write_eof(rest + self._tail(plan))
        self.outcome = "answered"
        return response

    async def _open(self, content_type: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self._headers, "content-type": content_type})
        self.status = 200
        await response.prepare(self._request)
        return response

    async def _content(self, response: web.StreamResponse, plan: Script) -> bytes:
        """Send the pieces as they fall due; what is due at the end is returned, to go out with what follows."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        unsent = b""
        for events, seconds in self._bursts(plan):
            unsent += events
            if seconds:
                await response.write(unsent)
                unsent = b""
                due += seconds
                await asyncio.sleep(max(0.0, due - loop.time()))
        return unsent

    def _bursts(self, plan: Script) -> Iterator[tuple[bytes, float]]:
        """(events, seconds until the next): pieces that come together."""
        if plan.fault == "drip":
            yield from ((self._delta(piece), DRIP_S) for piece in chain(plan.pieces, repeat("and ")))
        pieces = plan.pieces
        if plan.fault in _BREAKS_OFF:
            pieces = pieces[: max(1, len(pieces) // 3)]
        together = PACED_WRITE_S if plan.paced else BURST_S
        size = max(1, math.ceil(together / plan.gap_s) if plan.gap_s else len(pieces))
        for start in range(0, len(pieces), size):
            burst = pieces[start : start + size]
            events = b"".join(map(self._delta, burst)) if plan.paced else self._delta("".join(burst))
            yield events, plan.gap_s * len(burst)

    def _delta(self, text: str) -> bytes:
        return self._choice({"content": text}, None)

    def _choice(self, delta: dict[str, str], finish: str | None) -> bytes:
        return _event({**self._envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _tail(self, plan: Script) -> bytes:
        tail = self._choice({}, plan.finish)
        options = self._body.get("stream_options")
        if isinstance(options, dict) and options.get("include_usage"):
            tail += _event({**self._envelope, "choices": [], "usage": _usage(plan)})
        return tail + b"data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _usage(plan: Script) -> dict[str, int]:
    output = len(plan.pieces)
    return {
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": plan.prompt_tokens + output,
    }
