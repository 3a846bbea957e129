"""A server that answers with exactly the bytes a test gives it."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from holytui.provider.client import ChatClient, ChatRequest, Message
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event
from holytui.provider.presets import Endpoint

PATIENCE_S = 10.0
KEY = "cr_0123456789abcdef0123"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Scripted:
    """Counts what came in."""

    script: Script
    base_url: str = ""
    connections: int = 0
    open: int = 0
    requests: list[Received] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while not writer.transport.is_closing():
                received = await _receive(reader)
                self.requests.append(received)
                answering = asyncio.ensure_future(self.script(received, writer))
                await _until_done_or_gone(answering, reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


async def _until_done_or_gone(answering: "asyncio.Future[None]", reader: asyncio.StreamReader) -> None:
    """A script that hangs ends when its client is gone: no second request comes before the first is answered."""
    gone = asyncio.ensure_future(_wait_for_end(reader))
    await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    if not answering.done():
        answering.cancel()
        raise ConnectionResetError
    answering.result()


async def _wait_for_end(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110  # a StreamReader has no event for it
        await asyncio.sleep(0.005)


async def _receive(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[Scripted]:
    """Serve a script on loopback."""
    server = Scripted(script)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listener.close()


@asynccontextmanager
async def asking(base_url: str, *, key: str = "", max_connections: int = 64) -> AsyncIterator[ChatClient]:
    """A client of that server."""
    client = ChatClient(Endpoint("test", base_url, key), max_connections=max_connections)
    try:
        yield client
    finally:
        await client.aclose()


def ask(prompt: str = "hello", *, model: str = "gpt-4.1", **more: Any) -> ChatRequest:
    return ChatRequest(model, (Message("user", prompt),), **more)


async def collect(client: ChatClient, request: ChatRequest | None = None) -> list[Event]:
    """All events of a request, within a test's patience."""
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE_S):
        await client.ask(request or ask(), events.append)
    return events


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Content))


def event(data: Any) -> bytes:
    return b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n"


def delta(text: str, **more: Any) -> bytes:
    return event({"model": "m", "choices": [{"index": 0, "delta": {"content": text}, **more}]})


def finish(reason: str = "stop") -> bytes:
    return event({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


DONE = b"data: [DONE]\n\n"


def head(status: int = 200, kind: str = "text/event-stream", **headers: str) -> bytes:
    """The head of a chunked answer."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", "transfer-encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


END = b"0\r\n\r\n"


def stream(*parts: bytes) -> bytes:
    """A complete chunked event stream, a chunk a part."""
    return head() + b"".join(map(chunk, parts)) + END


def whole(status: int, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """A complete answer with a length."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def always(data: bytes) -> Script:
    """The same bytes for every request."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return script


def then_close(data: bytes) -> Script:
    """The bytes, and then the end of the connection."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return script


def then_hang(data: bytes) -> Script:
    """The bytes, and then nothing for ever."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.Event().wait()

    return script


def then_reset(data: bytes) -> Script:
    """The bytes, and then a reset."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        sock = writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return script


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail with its name."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  # any condition, most of them have no event
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


def merged(events: list[Event]) -> list[Event]:
    """The events with words that came apart put together: how they are cut depends on the network."""
    together: list[Event] = []
    for one in events:
        last = together[-1] if together else None
        if isinstance(one, Content) and isinstance(last, Content):
            together[-1] = Content(last.text + one.text)
        else:
            together.append(one)
    return together


async def until_error(client: ChatClient, request: ChatRequest | None = None) -> tuple[list[Event], ProviderError]:
    """What a request that fails gave before, and how it failed."""
    events: list[Event] = []
    with pytest.raises(ProviderError) as caught:
        async with asyncio.timeout(PATIENCE_S):
            await client.ask(request or ask(), events.append)
    return events, caught.value


async def failure(client: ChatClient, request: ChatRequest | None = None) -> ProviderError:
    """How a request fails."""
    return (await until_error(client, request))[1]


async def failure_of(script: Script, request: ChatRequest | None = None) -> ProviderError:
    """How a request to such a server fails."""
    async with scripted(script) as server, asking(server.base_url, key=KEY) as client:
        return await failure(client, request)


async def events_of(script: Script, request: ChatRequest | None = None) -> list[Event]:
    """What a request to such a server brings."""
    async with scripted(script) as server, asking(server.base_url, key=KEY) as client:
        return merged(await collect(client, request))
