"""Connections that break and bodies that mean harm: each is one kind of error with a sentence, and never the key."""

import asyncio
import gzip
import json
import random
import socket
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from holytui.core.failures import FailureKind as Kind
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event, Finish, Opened
from holytui.provider.redaction import REDACTED
from tests.provider.scripted import (
    DONE,
    END,
    KEY,
    Received,
    Script,
    always,
    ask,
    asking,
    chunk,
    collect,
    delta,
    event,
    events_of,
    failure,
    failure_of,
    finish,
    head,
    merged,
    scripted,
    stream,
    text_of,
    then_close,
    then_reset,
    until_error,
    whole,
)

WORDS = head() + chunk(delta("hello"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_a_refused_connection() -> None:
    port = free_port()
    async with asking(f"http://127.0.0.1:{port}/v1", key=KEY) as client:
        connected: list[bool] = []
        with pytest.raises(ProviderError) as caught:
            await client.ask(ask(), lambda _: None, on_connected=lambda: connected.append(True))
    assert caught.value.kind is Kind.NETWORK
    assert caught.value.status is None
    assert caught.value.message == f"no connection: 127.0.0.1:{port}: Connection refused"
    assert connected == []


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (then_close(b""), "the server closed the connection without an answer"),
        (then_close(b"HTTP/1.1 200 OK\r\ncontent-ty"), "the server closed the connection without an answer"),
        (then_reset(b""), "the connection broke: "),
        (then_close(WORDS), "the connection broke during the answer"),
        (then_reset(WORDS), "the connection broke during the answer"),
        (then_close(head()), "the connection broke during the answer"),
        (then_close(whole(200, b'{"choices": []}')[:-3]), "the connection broke during the answer"),
        (then_close(whole(500, b'{"error": "broken"}')[:-3]), "the connection broke during the answer"),
        (then_close(head() + b"zz\r\nhello\r\n"), "the connection broke"),
        (then_close(b"SSH-2.0-OpenSSH_9.2\r\n"), "the connection broke"),
        (then_close(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), "the connection broke"),
    ],
    ids=[
        "closed before the answer", "closed in the headers", "reset before the answer", "closed among the words",
        "reset among the words", "closed before the words", "one object cut", "an error cut", "broken chunks",
        "not HTTP", "endless headers",
    ],
)  # fmt: skip
async def test_a_broken_connection_says_how_it_broke(script: Script, sentence: str) -> None:
    error = await failure_of(script)
    assert error.kind is Kind.NETWORK
    assert error.message.startswith(sentence)
    assert len(error.message) < 300
    assert KEY not in error.message


@pytest.mark.parametrize("break_off", [then_close, then_reset])
async def test_words_before_a_break_are_given_out_first(break_off: Callable[[bytes], Script]) -> None:
    arrived = asyncio.Event()
    words: list[str] = []

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(WORDS)
        await writer.drain()
        await arrived.wait()
        await break_off(b"")(received, writer)

    def hear(one: Event) -> None:
        if isinstance(one, Content):
            words.append(one.text)
            arrived.set()

    async with scripted(script) as server, asking(server.base_url) as client:
        with pytest.raises(ProviderError) as caught:
            await client.ask(ask(), hear)
    assert words == ["hello"]
    assert caught.value.kind is Kind.NETWORK


@pytest.mark.parametrize("break_off", [then_close, then_reset])
async def test_an_answer_that_finished_is_not_lost_with_its_connection(break_off: Callable[[bytes], Script]) -> None:
    heard = asyncio.Event()

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(WORDS + chunk(finish()))
        await writer.drain()
        await heard.wait()
        await break_off(b"")(received, writer)

    events: list[Event] = []

    def hear(one: Event) -> None:
        events.append(one)
        if isinstance(one, Finish):
            heard.set()

    async with scripted(script) as server, asking(server.base_url) as client:
        await client.ask(ask(), hear)
    assert merged(events)[1:] == [Content("hello"), Finish("stop", "m")]


@pytest.mark.parametrize(
    "parts",
    [
        (delta("hello"),),
        (delta("hello"), DONE),
        (delta("hello"), event({"choices": [], "usage": {"prompt_tokens": 7}}), DONE),
        (delta("hello"), b'data: {"choices": [{"delta": {"content": "and'),
        (delta("hello"), b'data: {"choices": [{"delta": {}, "finish_reason": "st'),
        (delta("hello"), b": keep-alive\n\n"),
    ],
    ids=["without [DONE]", "with [DONE]", "with usage", "in the middle of a word", "of a finish", "alive to the end"],
)
async def test_a_stream_that_ends_without_a_finish_reason_was_cut(parts: tuple[bytes, ...]) -> None:
    async with scripted(always(stream(*parts))) as server, asking(server.base_url) as client:
        events, error = await until_error(client)
    assert text_of(events) == "hello"
    assert error.kind is Kind.NETWORK
    assert error.message == "the stream ended without a finish reason"


async def test_half_an_object_behind_the_finish_takes_nothing_away() -> None:
    body = stream(delta("hello"), finish(), b'data: {"choices": [], "usage": {"prompt_to')
    assert (await events_of(always(body)))[1:] == [Content("hello"), Finish("stop", "m")]


async def test_a_whole_object_at_the_end_counts_without_its_blank_line() -> None:
    body = stream(delta("hello"), finish().rstrip())
    assert (await events_of(always(body)))[1:] == [Content("hello"), Finish("stop", "m")]


async def test_an_empty_answer_is_a_cut() -> None:
    for body in (stream(), whole(200, b"", "text/event-stream"), b"HTTP/1.1 204 X\r\n\r\n"):
        error = await failure_of(always(body))
        assert error.kind is Kind.NETWORK
        assert error.message == "the stream ended without a finish reason"


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        ({"message": "broke half way", "type": "server_error"}, Kind.SERVER_ERROR, 200),
        ("broke half way", Kind.SERVER_ERROR, 200),
        ({"message": "slow down", "code": 429}, Kind.RATE_LIMIT, 429),
        ({"message": "slow down", "code": "429"}, Kind.RATE_LIMIT, 429),
        ({"message": "Insufficient Balance"}, Kind.QUOTA, 200),
        ({"message": "no", "code": 400}, Kind.BAD_REQUEST, 400),
    ],
)
async def test_an_error_inside_a_stream_comes_after_the_words_before_it(said: Any, kind: Kind, status: int) -> None:
    body = head(x_request_id="req-7") + chunk(delta("hel") + delta("lo") + event({"error": said})) + END
    async with scripted(always(body)) as server, asking(server.base_url) as client:
        events, error = await until_error(client)
    assert text_of(events) == "hello"
    assert (error.kind, error.status, error.request_id) == (kind, status, "req-7")
    assert error.message.startswith("an error inside the stream: ")


async def test_an_error_behind_the_last_blank_line_is_heard_too() -> None:
    body = stream(delta("hello"), event({"error": "broke"}).rstrip())
    assert (await failure_of(always(body))).message == "an error inside the stream: broke"


async def test_an_error_with_status_200_in_place_of_an_object() -> None:
    error = await failure_of(always(whole(200, b'{"error": {"message": "overloaded", "code": 503}}')))
    assert (error.kind, error.status) == (Kind.SERVER_ERROR, 503)
    assert error.message == "an error inside the stream: overloaded"


def sse(data: bytes) -> bytes:
    return stream(b"data: " + data + b"\n\n", finish(), DONE)


HOSTILE = {
    "a list": b"[1, 2]",
    "a list of errors": b'[{"error": {"message": "no"}}]',
    "a word": b'"hello"',
    "a number": b"7",
    "null": b"null",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"error":' * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "not UTF-8": b"\xff\xfe\x00\x80",
    "NUL": b"\x00",
    "half": b'{"choices": [{"delta": {"content": "hel',
    "an endless number as error": b'{"error": {"message": "no", "code": ' + b"9" * 5000 + b"}}",
    "an error of NaN": b'{"error": NaN}',
    "an error of surrogates": b'{"error": {"message": "\\ud83d", "type": "\\udc00"}}',
    "HTML": b"<html><body>" + b"<p>" * 50_000 + b"</body></html>",
    "unclosed tags": b"<" * 300_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("status", [200, 400, 429, 500])
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "object"])
async def test_hostile_bodies_are_errors_and_nothing_worse(data: bytes, status: int, streams: bool) -> None:
    body = sse(data).replace(b"200", str(status).encode(), 1) if streams else whole(status, data)
    started = time.monotonic()
    error = await failure_of(always(body))
    assert time.monotonic() - started < 5.0
    assert error.kind in set(Kind)
    assert error.message
    assert len(error.message) <= 400
    assert len(error.body) <= 4_000
    json.dumps([error.message, error.body])


STRANGE: dict[str, Any] = {
    "choices a word": {"choices": "x"},
    "choices an object": {"choices": {"0": {"delta": {"content": "x"}}}},
    "a choice a list": {"choices": [[]]},
    "a choice null": {"choices": [None]},
    "a delta a word": {"choices": [{"delta": "x"}]},
    "a delta a list": {"choices": [{"delta": ["x"]}]},
    "content a number": {"choices": [{"delta": {"content": 7}}]},
    "reasoning an object": {"choices": [{"delta": {"reasoning": {"text": "x"}}}]},
    "finish a number": {"choices": [{"delta": {}, "finish_reason": 7}]},
    "finish an object": {"choices": [{"delta": {}, "finish_reason": {"type": "stop"}}]},
    "usage a list": {"choices": [], "usage": [1]},
    "usage of words": {"choices": [], "usage": {"prompt_tokens": "12", "completion_tokens": None}},
    "details of words": {"choices": [], "usage": {"prompt_tokens_details": "x", "completion_tokens_details": [1]}},
    "model a number": {"model": 7, "choices": []},
    "an empty error": {"error": {}, "choices": []},
    "nothing": {},
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE.keys())
async def test_strange_shapes_do_not_end_an_answer(data: Any) -> None:
    body = stream(delta("hel"), event(data), delta("lo"), finish(), DONE)
    events = await events_of(always(body))
    assert text_of(events) == "hello"
    assert events[-1] == Finish("stop", "m")


async def test_errors_nested_to_any_depth_are_errors() -> None:
    """Some depth is the last that one parser takes and the next one does not."""
    depths = [*range(180, 220), *range(800, 1010)]
    left = iter(depths)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        depth = next(left)
        writer.write(sse(b'{"error":' * depth + b'"x"' + b"}" * depth))

    async with scripted(script) as server, asking(server.base_url) as client:
        for _ in depths:
            assert (await failure(client)).kind is Kind.SERVER_ERROR


async def test_lone_surrogates_in_an_answer_are_kept() -> None:
    body = stream(b'data: {"choices": [{"delta": {"content": "a\\ud83db"}}]}\n\n', finish(), DONE)
    assert text_of(await events_of(always(body))) == "a\ud83db"


async def test_random_bytes_are_errors_and_nothing_worse() -> None:
    dice = random.Random(7)
    seeds = [head(), whole(200, b""), stream(delta("hello"), finish(), DONE), whole(500, b'{"error": "x"}')]

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        data = bytearray(dice.choice(seeds) + dice.randbytes(20))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        await then_close(bytes(data))(received, writer)

    outcomes = set()
    async with scripted(script) as server, asking(server.base_url, key=KEY) as client:
        for _ in range(400):
            try:
                await collect(client)
                outcomes.add("answered")
            except ProviderError as error:
                outcomes.add(error.kind)
    assert {Kind.NETWORK, Kind.SERVER_ERROR} <= outcomes


@pytest.mark.parametrize(
    "status_line",
    [b"HTTP/1.1 200 \xff\xfe", b"HTTP/1.1 200 \xc3\xa4", b"HTTP/1.1 200", b"HTTP/1.1 200 "],
)
async def test_the_reason_phrase_does_not_matter(status_line: bytes) -> None:
    body = stream(delta("hello"), finish(), DONE).replace(b"HTTP/1.1 200 X", status_line, 1)
    assert text_of(await events_of(always(body))) == "hello"


async def test_headers_that_are_no_ascii_are_read() -> None:
    body = stream(delta("hello"), finish(), DONE).replace(b"\r\n", b"\r\nx-place: K\xc3\xb6ln \xff\r\n", 1)
    events = await events_of(always(body))
    assert isinstance(events[0], Opened)
    assert events[0].headers["x-place"] == b"K\xc3\xb6ln \xff".decode("latin-1")


async def test_a_line_of_five_megabytes_is_an_answer_like_any() -> None:
    text = "word " * 1_000_000
    started = time.monotonic()
    assert text_of(await events_of(always(stream(delta(text), finish(), DONE)))) == text
    assert time.monotonic() - started < 5.0


async def test_an_error_body_is_read_only_so_far() -> None:
    sent = 0

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(head(500, "text/html"))
        while not writer.transport.is_closing():
            writer.write(chunk(b"<p>no</p>" * 1000))
            sent += 9000
            await writer.drain()

    async with scripted(script) as server, asking(server.base_url) as client:
        error = await failure(client)
    assert (error.kind, error.status) == (Kind.SERVER_ERROR, 500)
    assert error.message.startswith("500: no no no")


async def test_a_page_in_place_of_a_stream_is_no_answer() -> None:
    page = b"<!doctype html><html><body>Please log in to the hotel's network</body></html>"
    for kind in ("text/html", "application/json"):
        error = await failure_of(always(whole(200, page, kind)))
        assert error.kind in {Kind.NETWORK, Kind.SERVER_ERROR}


async def test_a_page_is_told_as_one_by_its_title_without_the_key() -> None:
    page = f"<!doctype html>\n<html><head><TITLE>Sign in, {KEY}</TITLE></head><body>a form</body></html>".encode()
    error = await failure_of(always(whole(200, page, "text/html; charset=utf-8")))
    assert (error.kind, error.status) == (Kind.SERVER_ERROR, 200)
    assert error.message.startswith(f"a web page came instead of an answer (“Sign in, {REDACTED}”)")


async def test_a_stream_that_is_called_a_page_is_a_stream() -> None:
    answer = delta("hello") + finish() + DONE
    assert text_of(await events_of(always(whole(200, answer, "text/html")))) == "hello"
    error = await failure_of(always(whole(200, delta("hello"), "text/html")))
    assert error.message == "the stream ended without a finish reason"


def compressed(data: bytes, encoding: str, *, status: int = 200, kind: str = "text/event-stream") -> bytes:
    packed = gzip.compress(data) if encoding == "gzip" else zlib.compress(data)
    return whole(status, packed, kind, content_encoding=encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_an_answer_compressed_although_nobody_asked_is_read(encoding: str) -> None:
    events = delta("hello") + finish() + DONE
    assert text_of(await events_of(always(compressed(events, encoding)))) == "hello"
    error = await failure_of(always(compressed(b'{"error": "too busy"}', encoding, status=503)))
    assert error.message == "503: too busy"


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(
    "body",
    [b"\x1f\x8b nonsense", gzip.compress(b"x" * 10_000)[:-20], b"data: {}\n\n"],
    ids=["a false start", "cut short", "not compressed"],
)
async def test_what_only_says_that_it_is_compressed_is_an_error(status: int, body: bytes) -> None:
    error = await failure_of(always(whole(status, body, "text/event-stream", content_encoding="gzip")))
    assert error.kind in {Kind.NETWORK, Kind.SERVER_ERROR}


async def test_unknown_compression_is_an_error() -> None:
    error = await failure_of(always(whole(200, b"\x00\x01", "application/json", content_encoding="snappy")))
    assert error.kind is Kind.SERVER_ERROR


def echoes(key: str) -> dict[str, bytes]:
    """Answers that hold the key."""
    return {
        "JSON": whole(401, json.dumps({"error": {"message": f"Incorrect API key provided: {key}."}}).encode()),
        "text": whole(400, f"bad header Authorization: Bearer {key}".encode(), "text/plain"),
        "HTML": whole(502, f"<html><body>Bearer <b>{key}</b></body></html>".encode(), "text/html"),
        "detail": whole(422, json.dumps({"detail": [{"msg": "extra", "input": {"key": key}}]}).encode()),
        "an event": stream(delta("hi"), event({"error": {"message": f"upstream refused {key}"}})),
        "no JSON": whole(200, f"Bearer {key} was sent".encode()),
        "no JSON in a stream": stream(f"data: Bearer {key}\n\n".encode(), finish()),
        "a broken header": f"HTTP/1.1 200 OK\r\nBearer {key} is no header\r\n\r\n".encode(),
        "a broken status": f"HTTP/1.1 {key}\r\n\r\n".encode(),
        "the name of the request": whole(500, b"{}", x_request_id=key),
        "the name of a stream": head(x_request_id=key) + chunk(event({"error": "broke"})) + END,
        "the name of a cut stream": head(x_request_id=key) + chunk(delta("hi")) + END,
        "where it redirects to": whole(302, b"", location=f"https://{key}@example.com/{key}?key={key}"),
        "a long page": whole(500, b"<" + b"a" * 15_985 + b">" + key.encode(), "text/html"),
        "a long message": whole(500, json.dumps({"error": " " * 15_990 + key}).encode()),
    }


@pytest.mark.parametrize("key", [KEY, "a-key-of-no-known-form"])
@pytest.mark.parametrize("name", echoes(KEY))
async def test_a_key_that_comes_back_is_not_passed_on(name: str, key: str) -> None:
    async with scripted(then_close(echoes(key)[name])) as server, asking(server.base_url, key=key) as client:
        events, error = await until_error(client)
    opened = [one for one in events if isinstance(one, Opened)]
    said = " ".join([error.message, error.body, error.request_id, str(error), *(one.request_id for one in opened)])
    assert key[:8] not in said


async def test_what_replaces_a_key_says_so() -> None:
    error = await failure_of(always(echoes(KEY)["JSON"]))
    assert error.message == f"401: Incorrect API key provided: {REDACTED}."
    assert REDACTED in error.body


async def test_an_answer_with_the_key_in_it_is_not_altered() -> None:
    body = stream(delta(f"You told me {KEY}"), finish(), DONE)
    assert text_of(await events_of(always(body))) == f"You told me {KEY}"


async def test_plain_http_where_https_was_asked_for_is_no_secure_connection() -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(speak_plainly, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        async with asking(f"https://127.0.0.1:{port}/v1", key=KEY) as client:
            error = await failure(client)
    assert error.kind is Kind.NETWORK
    assert error.message.startswith("no secure connection: ")


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1:port/v1",
        "http://[::1/v1",
        "http:///v1",
        "127.0.0.1/v1",
        "ftp://127.0.0.1/v1",
        "",
        "http://" + "a" * 70 + ".invalid/v1",
        "http://a..invalid/v1",
        "http://\udc80/v1",
        "http://127.0.0.1:1/\udc80",
        "http://exa mple/v1",
        "http://xn--\u00fc.invalid/v1",
    ],
)
async def test_a_base_url_that_cannot_be_used_is_an_error_of_ours_and_no_accident(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with asking(base_url, key=KEY) as client:
        error = await failure(client)
        assert error.kind is Kind.NETWORK
        with pytest.raises(ProviderError):
            await client.models()


async def test_a_connection_that_broke_is_not_used_again() -> None:
    answers = iter([then_reset(WORDS), then_close(WORDS), always(stream(delta("hello"), finish(), DONE))])

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        await next(answers)(received, writer)

    async with scripted(script) as server, asking(server.base_url) as client:
        assert (await failure(client)).kind is Kind.NETWORK
        assert (await failure(client)).kind is Kind.NETWORK
        assert text_of(await collect(client)) == "hello"
        assert server.connections == 3
