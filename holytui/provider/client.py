"""Chat completions over HTTP: one request in, typed events out. It has no clocks: its caller cancels it."""

import json
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic_core import from_json

from holytui.core.failures import FailureKind
from holytui.core.pricing import Usage
from holytui.provider.errors import ProviderError, classify, classify_event, redact
from holytui.provider.events import Content, Event, Finish, KeepAlive, Opened, Reasoning, UsageSeen
from holytui.provider.presets import Endpoint, is_loopback
from holytui.provider.resolver import Resolver
from holytui.provider.sse import Beat, Data, Decoder

ERROR_BYTES = 64_000
KEEPALIVE_S = 30.0

_connected: ContextVar[Callable[[], None] | None] = ContextVar("connected", default=None)


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

    def body(self, *, with_usage: bool) -> bytes:
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
        if self.json_object:
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
        self._max_connections = max_connections
        self._detour = detour
        self._transport: AiohttpTransport | None = None
        self._with_usage = True
        self.extra_requests = 0
        """Requests asked a second time because `stream_options` was refused."""

    async def stream(
        self, request: ChatRequest, *, on_connected: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[Event, None]:
        """Send a request and yield what comes.

        Args:
            request: what is asked.
            on_connected: called when the connection is there and the request goes out.

        Raises:
            ProviderError: an error answer, a broken connection, or a stream that was cut.
        """
        while True:
            with_usage = self._with_usage
            try:
                async for event in self._once(request, on_connected, with_usage=with_usage):
                    yield event
            except ProviderError as error:
                if with_usage and request.stream and _refuses_stream_options(error):
                    self._with_usage = False
                    self.extra_requests += 1
                    continue
                raise
            return

    async def _once(
        self, request: ChatRequest, on_connected: Callable[[], None], *, with_usage: bool
    ) -> AsyncGenerator[Event, None]:
        body = request.body(with_usage=with_usage)
        response = await self._send("POST", "/chat/completions", body, on_connected)
        try:
            headers = _lower(response.headers)
            request_id = headers.get("x-request-id", "")
            if not 200 <= response.status_code < 300:
                text = await _text(response)
                raise classify(response.status_code, headers, text, secret=self._endpoint.api_key)
            yield Opened(response.status_code, request_id, headers)
            answer = _Answer(request.model, response.status_code, request_id, self._endpoint.api_key)
            if "text/event-stream" in headers.get("content-type", "") or request.stream:
                async for event in self._events(response, answer):
                    yield event
            else:
                for event in answer.whole(await _text(response, limit=None)):
                    yield event
            answer.check_complete()
        except httpx.HTTPError as error:
            raise _broken(error, self._endpoint.api_key) from error
        finally:
            await _release(response)

    async def _events(self, response: httpx.Response, answer: "_Answer") -> AsyncGenerator[Event, None]:
        """Decode the stream; a server that answers a streaming request with plain JSON is understood too."""
        if "application/json" in response.headers.get("content-type", ""):
            for event in answer.whole(await _text(response, limit=None)):
                yield event
            return
        decoder = Decoder()
        # The transport's own stream, unless it has to be decompressed: two layers less for every chunk.
        plain = "content-encoding" not in response.headers and isinstance(response.stream, httpx.AsyncByteStream)
        chunks = response.stream if plain else response.aiter_bytes()
        assert isinstance(chunks, AsyncIterable)
        async for chunk in chunks:
            for event in answer.parts(decoder.feed(chunk)):
                yield event
            if answer.ended:
                return
        for event in answer.parts(decoder.end()):
            yield event

    async def models(self) -> tuple[str, ...]:
        """The models the endpoint names.

        Raises:
            ProviderError: it does not answer, or with an error.
        """
        response = await self._send("GET", "/models", None, lambda: None)
        try:
            text = await _text(response, limit=None)
            if response.status_code != 200:
                raise classify(response.status_code, _lower(response.headers), text, secret=self._endpoint.api_key)
            data = json.loads(text)
            return tuple(str(entry["id"]) for entry in data["data"])
        except httpx.HTTPError as error:
            raise _broken(error, self._endpoint.api_key) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderError(FailureKind.SERVER_ERROR, "the list of models cannot be read") from error
        finally:
            await _release(response)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            transport, self._transport = self._transport, None
            await transport.aclose()

    async def _send(
        self, method: str, path: str, body: bytes | None, on_connected: Callable[[], None]
    ) -> httpx.Response:
        """Send a request through the transport itself: httpx's client around it costs half the rate."""
        base = self._endpoint.base_url
        if self._detour is not None and body is not None:
            base = self._detour(body) or base
        headers = {"accept": "text/event-stream, application/json", "accept-encoding": "identity"}
        if body is not None:
            headers["content-type"] = "application/json"
        if self._endpoint.api_key:
            headers["authorization"] = f"Bearer {self._endpoint.api_key}"
        request = httpx.Request(method, _url(f"{base}{path}"), headers=headers, content=body)
        token = _connected.set(on_connected)
        try:
            return await self._open_transport().handle_async_request(request)
        except (httpx.HTTPError, OSError, aiohttp.ClientError) as error:
            raise _broken(error, self._endpoint.api_key) from error
        finally:
            _connected.reset(token)

    def _open_transport(self) -> AiohttpTransport:
        if self._transport is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_end.append(_tell_connected)
            trace.on_connection_reuseconn.append(_tell_connected)
            connector = aiohttp.TCPConnector(
                limit=self._max_connections,
                resolver=Resolver(),
                keepalive_timeout=KEEPALIVE_S,
                ssl=httpx.create_ssl_context(),
            )
            session = aiohttp.ClientSession(
                connector=connector,
                trace_configs=[trace],
                # A proxy is not asked for what runs on this machine.
                trust_env=not is_loopback(self._endpoint.base_url),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=2**18,
            )
            self._transport = AiohttpTransport(client=session)
        return self._transport


class _Answer:
    """Reads the chunks of one answer."""

    def __init__(self, model: str, status: int, request_id: str, secret: str) -> None:
        self._model = model
        self._status = status
        self._request_id = request_id
        self._secret = secret
        self._finished = False
        self.ended = False
        """The stream said `[DONE]`."""

    def parts(self, parts: Sequence[Data | Beat]) -> list[Event]:
        """The events of decoded parts of a stream; words that came together stay together.

        An event a word would cost more than everything else that is done with it.

        Raises:
            ProviderError: see `chunk`.
        """
        events: list[Event] = []
        words: list[str] = []
        for part in parts:
            if isinstance(part, Beat):
                events.append(KeepAlive())
            elif part.text.strip() == "[DONE]":
                self.ended = True
                break
            else:
                for event in self.chunk(part.text):
                    if isinstance(event, Content):
                        words.append(event.text)
                        continue
                    if words:
                        events.append(Content("".join(words)))
                        words.clear()
                    events.append(event)
        if words:
            events.append(Content("".join(words)))
        return events

    def chunk(self, text: str) -> list[Event]:
        """The events of one chunk of a stream.

        Raises:
            ProviderError: it is an error, or no JSON.
        """
        data = self._json(text)
        events: list[Event] = []
        choice = _first(data.get("choices"))
        delta = choice.get("delta") or choice.get("message") or {}
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            events.append(Reasoning(reasoning))
        if isinstance(delta.get("content"), str) and delta["content"]:
            events.append(Content(delta["content"]))
        if isinstance(choice.get("finish_reason"), str):
            self._finished = True
            events.append(Finish(choice["finish_reason"], str(data.get("model") or self._model)))
        usage = read_usage(data.get("usage"))
        if usage is not None:
            events.append(UsageSeen(usage))
        return events or [KeepAlive()]

    def whole(self, text: str) -> list[Event]:
        """The events of an answer that came as one JSON object."""
        return self.chunk(text)

    def check_complete(self) -> None:
        """A stream that ended without a finish reason was cut, whatever else it said.

        Raises:
            ProviderError: it was.
        """
        if not self._finished:
            raise ProviderError(
                FailureKind.NETWORK,
                "the stream ended without a finish reason: it was cut",
                request_id=self._request_id,
            )

    def _json(self, text: str) -> dict[str, Any]:
        try:
            data = _parse(text)
        except ValueError as error:
            said = redact(text[:120], self._secret)
            raise ProviderError(
                FailureKind.SERVER_ERROR, f"the answer is not JSON: {said}", request_id=self._request_id
            ) from error
        if not isinstance(data, dict):
            raise ProviderError(FailureKind.SERVER_ERROR, "the answer is not a JSON object")
        if data.get("error"):
            raise classify_event(data["error"], secret=self._secret, status=self._status, request_id=self._request_id)
        return data


def _parse(text: str) -> Any:
    """JSON, by the quicker parser; lone surrogates are for the other one.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def read_usage(data: Any) -> Usage | None:
    """Tokens as the provider counts them: prompt tokens include cached ones, completion tokens reasoning ones."""
    if not isinstance(data, dict):
        return None
    prompt = data.get("prompt_tokens_details") or {}
    completion = data.get("completion_tokens_details") or {}
    cached = _whole(prompt.get("cached_tokens")) or _whole(data.get("prompt_cache_hit_tokens"))
    cost = data.get("cost") if data.get("cost") is not None else data.get("cost_usd")
    return Usage(
        input=_whole(data.get("prompt_tokens")),
        output=_whole(data.get("completion_tokens")),
        cached=cached,
        reasoning=_whole(completion.get("reasoning_tokens")),
        reported_usd=float(cost) if isinstance(cost, int | float) and not isinstance(cost, bool) else None,
    )


def _whole(value: Any) -> int:
    return max(0, int(value)) if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _first(choices: Any) -> dict[str, Any]:
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def _refuses_stream_options(error: ProviderError) -> bool:
    named = "stream_options" in error.body or "include_usage" in error.body
    return error.status in {400, 422} and named


def _lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def _text(response: httpx.Response, limit: int | None = ERROR_BYTES) -> str:
    """The body as text; bounded, unless it is an answer."""
    parts, size = [], 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            break
    return b"".join(parts).decode("utf-8", "replace")


@lru_cache(maxsize=16)
def _url(url: str) -> httpx.URL:
    """A parsed URL; httpx would parse the same one again for every request."""
    return httpx.URL(url)


async def _release(response: httpx.Response) -> None:
    """Give the connection back, or close it if the answer was not read to its end."""
    try:
        await response.aclose()
    except (httpx.HTTPError, OSError, aiohttp.ClientError):
        return


async def _tell_connected(session: aiohttp.ClientSession, context: Any, params: Any) -> None:  # noqa: ARG001  # aiohttp's signature
    told = _connected.get()
    if told is not None:
        told()


def _broken(error: BaseException, secret: str) -> ProviderError:
    """A connection that failed: the transport names most of these ConnectTimeout, only the cause tells."""
    cause = error.__cause__ or error
    if isinstance(cause, aiohttp.ConnectionTimeoutError | TimeoutError):
        return ProviderError(FailureKind.TIMEOUT_CONNECT, "the system gave up connecting")
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        text = "the host name is not known"
    elif isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        text = "no secure connection"
    elif isinstance(cause, aiohttp.ClientConnectorError):
        text = "no connection"
    elif isinstance(cause, aiohttp.ServerDisconnectedError):
        text = "the server closed the connection without an answer"
    elif isinstance(cause, aiohttp.ClientPayloadError):
        text = "the connection broke during the answer"
    else:
        text = "the connection broke"
    detail = redact(str(cause), secret)[:200]
    return ProviderError(FailureKind.NETWORK, f"{text}: {detail}" if detail else text)
