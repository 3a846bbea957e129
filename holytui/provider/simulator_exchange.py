"""One request to the simulator and its answer, fault included, as OpenAI-compatible servers write them."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import Any

from aiohttp import web

from holytui.provider.dialects import COMMENT, OPENAI, Dialect, Refused
from holytui.provider.simulated_answer import Script
from holytui.provider.simulator_wire import Wire, refused

FOREVER_S = 86_400.0
BURST_S = 0.2
"""What falls into this time comes as one event, unless a token pace was asked for: as many as a screen shows."""

PACED_WRITE_S = 0.02
"""Events closer together than this go out in one write: a fast stream is not worth a system call a word."""

DRIP_S = 1.0
KEEPALIVE_S = 0.2

_BREAKS_OFF = frozenset({"stall", "network", "cut", "error_event"})
REFUSALS = frozenset(OPENAI.refusals)


class Gone(Exception):
    """The connection is to be dropped without another word."""


class Exchange:
    """One request and its answer.

    Attributes:
        status: of HTTP, None as long as nothing was answered.
        outcome: what the ledger will say: `answered` (completely sent), `cut`, `refused` or `gone`.
    """

    def __init__(self, request: web.Request, body: dict[str, Any], request_id: str, dialect: Dialect) -> None:
        self._request = request
        self._body = body
        self._dialect = dialect
        self._wire = Wire(dialect, body, request_id)
        self._headers = {"x-request-id": request_id}
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

    def tell(self, headers: Mapping[str, str]) -> None:
        """Send these with whatever is answered."""
        self._headers.update(headers)

    def refuse(self, reason: str, *, retry_after: str | None = None) -> web.Response:
        """Say no, for a reason that the dialect has words for."""
        headers = {} if retry_after is None else {"retry-after": retry_after}
        return self._refused(self._dialect.refusals[reason], headers)

    def check_fields(self) -> web.Response | None:
        """The refusal of a request with fields that this kind of server does not take, None when it takes them."""
        refusal = self._dialect.no_stream_options
        if refusal is None or "stream_options" not in self._body:
            return None
        return self._refused(refusal, {})

    def _refused(self, what: Refused, headers: Mapping[str, str]) -> web.Response:
        self.status, self.outcome = what.status, "refused"
        return refused(what, {**self._headers, **headers})

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
        response = await self._queue("application/json", plan.first_s + plan.gap_s * len(plan.pieces))
        data = self._wire.whole(plan)
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
        response = await self._queue("text/event-stream", plan.first_s)
        while plan.fault == "keepalive":
            await response.write(COMMENT)
            await asyncio.sleep(KEEPALIVE_S)
        rest = await self._content(response, plan)
        match plan.fault:
            case "stall":
                await response.write(rest)
                await asyncio.sleep(FOREVER_S if plan.silence_s is None else plan.silence_s)
                rest = self._wire.delta("".join(plan.pieces[_said(plan) :]))
            case "network":
                await response.write(rest)
                raise Gone
            case "cut":
                await response.write_eof(rest)
                return response
            case "error_event":
                await response.write_eof(rest + self._wire.broken())
                return response
        # The end of the body goes out with the last event: a client that stops at [DONE] can keep the connection.
        await response.write_eof(rest + self._wire.tail(plan))
        self.outcome = "answered"
        return response

    async def _queue(self, content_type: str, seconds: float) -> web.StreamResponse:
        """Let a request wait for so long; some servers open their answer at once and show that they live."""
        if self._dialect.keep_alive is None:
            await asyncio.sleep(seconds)
            return await self._open(content_type)
        of_stream, of_object = self._dialect.keep_alive
        beat = of_stream if content_type == "text/event-stream" else of_object
        response = await self._open(content_type)
        until = asyncio.get_running_loop().time() + seconds
        await response.write(beat)
        while (left := until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(min(left, KEEPALIVE_S))
            await response.write(beat)
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
        unsent = self._wire.opening(plan)
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
            yield from ((self._wire.delta(piece), DRIP_S) for piece in chain(plan.pieces, repeat("and ")))
        pieces = plan.pieces
        if plan.fault in _BREAKS_OFF:
            pieces = pieces[: _said(plan)]
        together = PACED_WRITE_S if plan.paced else BURST_S
        size = max(1, math.ceil(together / plan.gap_s) if plan.gap_s else len(pieces))
        for start in range(0, len(pieces), size):
            burst = pieces[start : start + size]
            events = b"".join(map(self._wire.delta, burst)) if plan.paced else self._wire.delta("".join(burst))
            yield events, plan.gap_s * len(burst)


def _said(plan: Script) -> int:
    """Pieces that come before an answer breaks off."""
    return max(1, len(plan.pieces) // 3)
