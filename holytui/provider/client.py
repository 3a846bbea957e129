"""Chat completions over HTTP: one request in, typed events out. It has no clocks: its caller cancels it."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from holytui import __version__
from holytui.core.failures import FailureKind
from holytui.provider.answer import AnswerReader
from holytui.provider.errors import ProviderError, classify, request_id, web_page
from holytui.provider.events import Event, Opened
from holytui.provider.optional_parts import REFUSAL_STATUSES, OptionalPart, response_format, stream_options
from holytui.provider.presets import Endpoint
from holytui.provider.redaction import redact
from holytui.provider.sse import Decoder
from holytui.provider.transport import broken, connected, open_transport

ERROR_BYTES = 64_000
TAIL_BYTES = 64_000
"""How much may follow `[DONE]` before the connection is given up."""

_BROKEN = (httpx.HTTPError, httpx.InvalidURL, OSError, aiohttp.ClientError)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked."""

    model: str
    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    json_object: bool = False
    stream: bool = True

    @property
    def text(self) -> str:
        """All that is said in it."""
        return "\n".join(message.content for message in self.messages)

    def body(self, *, with_usage: bool, with_format: bool = True) -> bytes:
        """The JSON that is sent; ASCII, so that lone surrogates survive as escapes."""
        data: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
            "stream": self.stream,
        }
        if self.stream and with_usage:
            data["stream_options"] = {"include_usage": True}
        if self.temperature is not None:
            data["temperature"] = self.temperature
        if self.max_tokens is not None:
            data["max_tokens"] = self.max_tokens
        if self.json_object and with_format:
            data["response_format"] = {"type": "json_object"}
        return json.dumps(data).encode("ascii")


class ChatClient:
    """Asks one endpoint. Belongs to the loop it is first used on."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_connections: int,
        detour: Callable[[bytes], str | None] | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            endpoint: where, and with which key.
            max_connections: requests at once; the transport must never be what they wait for.
            detour: only for the embedded simulator: gives some bodies another base URL, to simulate what a
                server cannot do to its own connections.
        """
        self._endpoint = endpoint
        self._secret = endpoint.api_key.strip()
        self._max_connections = max_connections
        self._detour = detour
        self._headers: httpx.Headers | None = None
        self._transport: AiohttpTransport | None = None
        self._usage = stream_options()
        self._format = response_format()
        self._tails: deque[asyncio.Task[None]] = deque()
        self.extra_requests = 0
        """Requests asked a second time because `stream_options` or `response_format` was refused."""

    async def ask(
        self,
        request: ChatRequest,
        hear: Callable[[Event], None],
        *,
        on_connected: Callable[[], None] = lambda: None,
    ) -> None:
        """Send a request and hear what comes, until the answer is complete.

        Args:
            request: what is asked.
            hear: called with each event as it comes; generators in one another would cost more than all the rest.
            on_connected: called when the connection is there and the request goes out.

        Raises:
            ProviderError: an error answer, a broken connection, or a stream that was cut.
        """
        kept = [part for part, used in ((self._usage, request.stream), (self._format, request.json_object)) if used]
        kept = [part for part in kept if part.wanted]
        dropped: list[OptionalPart] = []
        while True:
            body = request.body(with_usage=self._usage in kept, with_format=self._format in kept)
            try:
                await self._once(request, body, partial(_learn, dropped, hear) if dropped else hear, on_connected)
            except ProviderError as error:
                if dropped and error.status in REFUSAL_STATUSES:
                    dropped[-1].was_not_why()
                refused = next((part for part in kept if part.may_be_why(error, request.text)), None)
                if refused is None:
                    raise
                kept.remove(refused)
                dropped.append(refused)
                self.extra_requests += 1
                continue
            return

    async def models(self) -> tuple[str, ...]:
        """The models the endpoint names.

        Raises:
            ProviderError: it does not answer, or with an error.
        """
        response = await self._send("GET", "/models", None, lambda: None)
        try:
            if response.status_code != 200:
                raise await self._refusal(response, "")
            data = json.loads(await _text(response.aiter_bytes()))
            return tuple(str(entry["id"]) for entry in data["data"])
        except httpx.HTTPError as error:
            raise broken(error, self._secret) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ProviderError(
                FailureKind.SERVER_ERROR, "the list of models cannot be read", status=response.status_code
            ) from error
        finally:
            await _release(response)

    async def aclose(self) -> None:
        """Close all connections."""
        for tail in self._tails:
            tail.cancel()
        if self._tails:
            await asyncio.wait(self._tails)
        if self._transport is not None:
            transport, self._transport = self._transport, None
            await transport.aclose()

    async def _once(
        self, request: ChatRequest, body: bytes, hear: Callable[[Event], None], on_connected: Callable[[], None]
    ) -> None:
        response = await self._send("POST", "/chat/completions", body, on_connected)
        chunks = _body(response)
        reader = None
        try:
            if not 200 <= response.status_code < 300:
                raise await self._refusal(response, request.text)
            headers = _headers(response)
            name = redact(request_id(headers), self._secret)
            hear(Opened(response.status_code, name, headers))
            reader = AnswerReader(request.model, response.status_code, name, self._secret, lambda: request.text)
            kind = headers.get("content-type", "")
            streams = "application/json" not in kind and (request.stream or "text/event-stream" in kind)
            page = bytearray()
            if "text/html" in kind:  # some relays say so of a stream as well
                chunks = _kept(chunks, page)
            try:
                await (_streamed if streams else _whole)(chunks, reader, hear)
                reader.check_complete()
            except ProviderError:
                text = page.decode("utf-8", "replace")
                if not text.lstrip().startswith("<"):
                    raise
                raise web_page(text, secret=self._secret, status=response.status_code, request_id=name) from None
        except httpx.HTTPError as error:
            # An answer that finished is not lost with its connection.
            if reader is None or not reader.finished:
                raise broken(error, self._secret) from error
        finally:
            if reader is not None and reader.ended:
                await self._await_tail(response, chunks)
            else:
                await _release(response)

    async def _await_tail(self, response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
        """Let the body's end come on its own: only then can the connection be used again.

        The answer is complete and does not wait for it. A server that never ends its body holds on to as many
        connections as there are requests at once; then the oldest is closed, which is why the transport has
        room for twice as many.
        """
        while len(self._tails) >= self._max_connections:
            self._tails.popleft().cancel()
        tail = asyncio.create_task(_drain(response, chunks))
        self._tails.append(tail)
        tail.add_done_callback(self._forget_tail)
        # Mostly the end is here already; then the connection is free before the next request asks for one.
        await asyncio.sleep(0)

    def _forget_tail(self, tail: asyncio.Task[None]) -> None:
        with suppress(ValueError):
            self._tails.remove(tail)

    async def _refusal(self, response: httpx.Response, asked: str) -> ProviderError:
        text = await _text(response.aiter_bytes(), ERROR_BYTES)
        return classify(response.status_code, _headers(response), text, secret=self._secret, asked=asked)

    async def _send(
        self, method: str, path: str, body: bytes | None, on_connected: Callable[[], None]
    ) -> httpx.Response:
        base = self._endpoint.base_url
        if self._detour is not None and body is not None:
            base = self._detour(body) or base
        token = connected.set(on_connected)
        try:
            request = httpx.Request(method, _url(f"{base}{path}"), headers=self._request_headers(), content=body)
            if self._transport is None:
                self._transport = open_transport(self._endpoint.base_url, 2 * self._max_connections)
            return await self._transport.handle_async_request(request)
        except _BROKEN as error:
            raise broken(error, self._secret) from error
        finally:
            connected.reset(token)

    def _request_headers(self) -> httpx.Headers:
        if self._headers is None:
            self._headers = httpx.Headers(self._header_values())
        return self._headers

    def _header_values(self) -> dict[str, str]:
        values = {
            "accept": "text/event-stream, application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
            "user-agent": f"holytui/{__version__}",
        }
        if self._secret:
            if not (self._secret.isascii() and self._secret.isprintable()):
                # Said here: the error that the transport would raise quotes the key.
                raise ProviderError(FailureKind.AUTH, "the key holds characters that no key has: set it anew")
            values["authorization"] = f"Bearer {self._secret}"
        return values


def _learn(dropped: Sequence[OptionalPart], hear: Callable[[Event], None], event: Event) -> None:
    """An answer that begins without the parts that were left out: they were why it was refused."""
    if isinstance(event, Opened):
        for part in dropped:
            part.was_why()
    hear(event)


async def _streamed(chunks: AsyncIterator[bytes], reader: AnswerReader, hear: Callable[[Event], None]) -> None:
    decoder = Decoder()
    async for chunk in chunks:
        for event in reader.parts(decoder.feed(chunk)):
            hear(event)
        if reader.ended:
            return
    for event in reader.last_parts(decoder.end()):
        hear(event)


async def _whole(chunks: AsyncIterator[bytes], reader: AnswerReader, hear: Callable[[Event], None]) -> None:
    for event in reader.chunk(await _text(chunks)):
        hear(event)


@lru_cache(maxsize=16)
def _url(text: str) -> httpx.URL:
    """Parsed once: httpx takes longer over a URL than over anything else in a request.

    Raises:
        httpx.InvalidURL: it is none.
    """
    try:
        return httpx.URL(text)
    except UnicodeError:
        raise httpx.InvalidURL("it holds a character that has no encoding") from None


def _headers(response: httpx.Response) -> dict[str, str]:
    """By lower-case name; httpx's own mapping guesses an encoding at every look."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}


def _body(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes; past httpx's decoders, which cost more than the reading, where nothing is to decode."""
    if "content-encoding" in response.headers or not isinstance(response.stream, httpx.AsyncByteStream):
        return response.aiter_bytes()
    return aiter(response.stream)


async def _text(chunks: AsyncIterator[bytes], limit: int | None = None) -> str:
    """A body as text; bounded, unless it is an answer."""
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            break
    return b"".join(parts)[:limit].decode("utf-8", "replace")


async def _kept(chunks: AsyncIterator[bytes], page: bytearray) -> AsyncIterator[bytes]:
    """What comes, its beginning put into `page` too."""
    async for chunk in chunks:
        page += chunk[: ERROR_BYTES - len(page)]
        yield chunk


async def _drain(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    """Read a body to its end and give the connection back."""
    size = 0
    try:
        with suppress(*_BROKEN):
            async for chunk in chunks:
                size += len(chunk)
                if size > TAIL_BYTES:
                    break
    finally:
        await _release(response)


async def _release(response: httpx.Response) -> None:
    """Give the connection back, or close it if the answer was not read to its end."""
    with suppress(*_BROKEN):
        await response.aclose()
