"""What the client sends, and what it makes of answers in all the shapes that real servers write."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from holytui.core.failures import FailureKind as Kind
from holytui.core.pricing import Usage
from holytui.provider.client import ChatRequest, Message
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event, Finish, KeepAlive, Opened, Reasoning, UsageSeen
from tests.provider.scripted import (
    DONE,
    END,
    KEY,
    PATIENCE_S,
    Received,
    always,
    ask,
    asking,
    chunk,
    collect,
    delta,
    event,
    events_of,
    eventually,
    failure,
    failure_of,
    finish,
    head,
    merged,
    scripted,
    stream,
    text_of,
    then_close,
    then_hang,
    whole,
)

USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
COUNTED = UsageSeen(Usage(7, 3))
PLAIN = stream(delta("hello"), finish(), DONE)
REFUSED = whole(400, b'{"error": {"message": "Unknown parameter: stream_options", "type": "invalid_request_error"}}')


def answer_to(received: Received) -> bytes:
    """A stream that repeats the prompt."""
    return stream(delta(received.json()["messages"][-1]["content"]), finish(), DONE)


async def echo(received: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(answer_to(received))


async def test_events_come_in_the_order_of_the_stream() -> None:
    body = stream(
        b": keep-alive\n\n",
        event({"model": "m", "choices": [{"index": 0, "delta": {"reasoning_content": "let me think"}}]}),
        delta("hel"),
        delta("lo"),
        finish(),
        event({"model": "m", "choices": [], "usage": USAGE}),
        DONE,
    )
    opened, *rest = await events_of(always(body))
    assert isinstance(opened, Opened)
    assert (opened.status, opened.request_id) == (200, "")
    # A comment is a sign of life, and so is the blank line after it.
    assert rest == [
        KeepAlive(),
        KeepAlive(),
        Reasoning("let me think"),
        Content("hello"),
        Finish("stop", "m"),
        COUNTED,
    ]


async def test_events_are_given_out_as_they_come_and_not_at_the_end() -> None:
    go_on = asyncio.Event()

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        for word in ("one", "two"):
            writer.write(chunk(delta(word)))
            await writer.drain()
            await go_on.wait()
            go_on.clear()
        writer.write(chunk(finish() + DONE) + END)

    words: list[str] = []

    def hear(one: Event) -> None:
        if isinstance(one, Content):
            words.append(one.text)
            go_on.set()

    async with scripted(script) as server, asking(server.base_url) as client, asyncio.timeout(PATIENCE_S):
        await client.ask(ask(), hear)
    assert words == ["one", "two"]


async def test_headers_and_the_providers_name_for_the_request_come_with_the_opening() -> None:
    body = head(x_request_id="req-7", X_Model="M") + chunk(finish() + DONE) + END
    opened = (await events_of(always(body)))[0]
    assert isinstance(opened, Opened)
    assert opened.request_id == "req-7"
    assert opened.headers["x-model"] == "M"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}], "hello"),
        ([{"type": "text", "text": "hel"}, {"type": "refusal"}, "x", None, {"text": 7}, {"text": "lo"}], "hello"),
        ([], ""),
        (None, ""),
        (7, ""),
        ({"text": "no part"}, ""),
    ],
)
async def test_content_may_be_text_or_a_list_of_parts(content: Any, text: str) -> None:
    body = stream(event({"choices": [{"delta": {"content": content}}]}), finish(), DONE)
    assert text_of(await events_of(always(body))) == text


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_told_from_the_answer_under_both_its_names(name: str) -> None:
    body = stream(event({"choices": [{"delta": {name: "hm", "content": "yes"}}]}), finish(), DONE)
    events = await events_of(always(body))
    assert events[1:3] == [Reasoning("hm"), Content("yes")]


@pytest.mark.parametrize(
    "parts",
    [
        (finish(), event({"choices": [], "usage": USAGE}), DONE),
        (finish(), event({"choices": [{"delta": {}}], "usage": USAGE}), DONE),
        (finish(), event({"usage": USAGE}), DONE),
        (event({"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}), DONE),
        (event({"model": "m", "choices": [{"delta": {}, "finish_reason": "stop"}], "usage": USAGE}),),
    ],
    ids=["no choices", "a choice without words", "no list of choices", "with the finish reason", "and no [DONE]"],
)
async def test_usage_is_found_wherever_servers_put_it(parts: tuple[bytes, ...]) -> None:
    events = await events_of(always(stream(delta("hello"), *parts)))
    assert events[1:] == [Content("hello"), Finish("stop", "m"), COUNTED]


async def test_usage_may_stay_away() -> None:
    assert (await events_of(always(PLAIN)))[1:] == [Content("hello"), Finish("stop", "m")]


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (
            {
                **USAGE,
                "prompt_tokens_details": {"cached_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 2},
                "cost": 0.25,
            },
            Usage(7, 3, cached=5, reasoning=2, reported_usd=0.25),
        ),
        ({**USAGE, "prompt_cache_hit_tokens": 4, "cost_usd": 0.5}, Usage(7, 3, cached=4, reported_usd=0.5)),
        ({**USAGE, "cost": None, "cost_usd": 0.5}, Usage(7, 3, reported_usd=0.5)),
        ({**USAGE, "cost": 0, "cost_usd": 0.5}, Usage(7, 3, reported_usd=0.0)),
        ({"prompt_tokens": 7.0, "completion_tokens": 3}, Usage(7, 3)),
        ({"prompt_tokens": "7", "completion_tokens": "many"}, Usage(0, 0)),
        ({"prompt_tokens": -7, "completion_tokens": float("nan"), "cost": -1}, Usage(0, 0)),
        ({"prompt_tokens": True, "completion_tokens": float("inf"), "cost": float("nan")}, Usage(0, 0)),
        ({"prompt_tokens": 10**400, "completion_tokens": 10**15}, Usage(0, 10**12)),
        ({**USAGE, "prompt_tokens_details": [5], "completion_tokens_details": "2"}, Usage(7, 3)),
    ],
)
async def test_counts_are_read_and_nonsense_counts_nothing(usage: Any, read: Usage) -> None:
    body = stream(delta("hello"), finish(), event({"choices": [], "usage": usage}), DONE)
    assert (await events_of(always(body)))[-1] == UsageSeen(read)


@pytest.mark.parametrize("usage", [None, {}, [], 7, "7"])
async def test_a_usage_that_counts_nothing_is_none(usage: Any) -> None:
    body = stream(event({"choices": [{"delta": {"content": "a"}}], "usage": usage}), finish(), DONE)
    assert not any(isinstance(one, UsageSeen) for one in await events_of(always(body)))


async def test_an_empty_finish_reason_on_every_chunk_is_none() -> None:
    body = stream(delta("hel", finish_reason=""), delta("lo", finish_reason=None), DONE)
    assert (await failure_of(always(body))).kind is Kind.NETWORK


async def test_a_finish_without_a_model_names_the_one_that_was_asked_for() -> None:
    body = stream(event({"choices": [{"delta": {}, "finish_reason": "length"}]}), DONE)
    assert (await events_of(always(body)))[-1] == Finish("length", "gpt-4.1")


async def test_nothing_behind_done_is_heard() -> None:
    body = stream(delta("hello"), finish(), DONE + delta(" and more"))
    assert text_of(await events_of(always(body))) == "hello"


async def test_an_answer_that_does_not_stream_although_asked_to_is_read_alike() -> None:
    data = {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    events = await events_of(always(whole(200, json.dumps(data).encode())))
    assert events[1:] == [Content("hello"), Finish("stop", "m"), COUNTED]


async def test_a_request_that_does_not_stream_takes_one_object_or_a_stream_for_an_answer() -> None:
    request = ask(stream=False)
    data = {"model": "m", "choices": [{"message": {"content": "hello"}, "finish_reason": "stop"}]}
    for body in (whole(200, json.dumps(data).encode()), PLAIN):
        assert (await events_of(always(body), request))[1:] == [Content("hello"), Finish("stop", "m")]


async def test_the_request_says_what_was_asked_and_nothing_else() -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url, key=KEY) as client:
        messages = (Message("system", "Be brief."), Message("user", "Why?"))
        await collect(client, ChatRequest("gpt-4.1", messages))
        await collect(client, ChatRequest("m", messages, temperature=0.0, max_tokens=9, json_object=True, stream=False))
    plain, full = server.requests
    assert (plain.method, plain.path) == ("POST", "/v1/chat/completions")
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    assert plain.json() == {
        "model": "gpt-4.1",
        "messages": said,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert full.json() == {
        "model": "m",
        "messages": said,
        "stream": False,
        "temperature": 0.0,
        "max_tokens": 9,
        "response_format": {"type": "json_object"},
    }
    assert plain.headers["authorization"] == f"Bearer {KEY}"
    assert plain.headers["content-type"] == "application/json"
    assert plain.headers["accept-encoding"] == "identity"


async def test_lone_surrogates_in_a_prompt_travel_as_escapes() -> None:
    async with scripted(echo) as server, asking(server.base_url) as client:
        events = await collect(client, ask("half a \ud83d face, \u00e9"))
    assert b"half a \\ud83d face, \\u00e9" in server.requests[0].body
    assert text_of(events) == "half a \ud83d face, \u00e9"


@pytest.mark.parametrize("key", ["", "  ", "\n"])
async def test_without_a_key_none_is_sent(key: str) -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url, key=key) as client:
        await collect(client)
    assert "authorization" not in server.requests[0].headers


async def test_blanks_around_a_key_are_not_sent() -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url, key=f" {KEY}\r\n") as client:
        await collect(client)
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("key", ["cr_sch\u00fcssel", "cr_one\ncr_two", "cr_\x00nothing", "cr_\ud83d"])
async def test_a_key_that_cannot_be_one_is_not_sent_and_not_quoted(key: str) -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url, key=key) as client:
        error = await failure(client)
    assert error.kind is Kind.AUTH
    assert "key" in error.message
    assert key not in error.message
    assert server.connections == 0


@pytest.mark.parametrize("status", [400, 422])
async def test_a_server_that_refuses_stream_options_is_asked_once_more_and_not_offered_them_again(status: int) -> None:
    refused = REFUSED.replace(b"400", str(status).encode(), 1)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(refused if "stream_options" in received.json() else PLAIN)

    async with scripted(script) as server, asking(server.base_url) as client:
        first = await collect(client)
        second = await collect(client)
        assert client.extra_requests == 1
    assert text_of(first) == text_of(second) == "hello"
    assert ["stream_options" in received.json() for received in server.requests] == [True, False, False]


NO_JSON_MODE = whole(422, b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "response_format"]}]}')


async def test_a_server_without_json_mode_is_asked_once_more_and_not_asked_for_it_again() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(NO_JSON_MODE if "response_format" in received.json() else PLAIN)

    async with scripted(script) as server, asking(server.base_url) as client:
        together = await asyncio.gather(*(collect(client, ask(json_object=True)) for _ in range(3)))
        later = await collect(client, ask(json_object=True))
        assert client.extra_requests == 3
    assert [text_of(events) for events in (*together, later)] == ["hello"] * 4
    formats = ["response_format" in received.json() for received in server.requests]
    assert (sum(formats), len(formats), formats[-1]) == (3, 7, False)


async def test_json_mode_is_kept_where_a_refusal_only_quotes_it() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        bad = received.json()["messages"][-1]["content"] == "bad"
        echo = b'{"error": {"message": "bad prompt", "input": {"response_format": {"type": "json_object"}}}}'
        writer.write(whole(400, echo) if bad else PLAIN)

    async with scripted(script) as server, asking(server.base_url) as client:
        assert (await failure(client, ask("bad", json_object=True))).kind is Kind.BAD_REQUEST
        await collect(client, ask("good", json_object=True))
    assert "response_format" in server.requests[-1].json()


async def test_a_prompt_that_json_mode_needs_mended_is_refused_as_such() -> None:
    words = b"'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    async with scripted(always(whole(400, words, "text/plain"))) as server, asking(server.base_url) as client:
        assert "contain the word" in (await failure(client, ask(json_object=True))).message
        assert len(server.requests) == 1


async def test_the_refusal_of_stream_options_is_nothing_that_the_caller_hears_of() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(REFUSED if "stream_options" in received.json() else PLAIN)

    assert sum(isinstance(one, Opened) for one in await events_of(script)) == 1


async def test_a_server_that_refuses_either_way_is_not_asked_for_ever() -> None:
    async with scripted(always(REFUSED)) as server, asking(server.base_url) as client:
        assert (await failure(client)).kind is Kind.BAD_REQUEST
        assert len(server.requests) == 2
        assert (await failure(client)).kind is Kind.BAD_REQUEST
        assert len(server.requests) == 3
        assert client.extra_requests == 1


@pytest.mark.parametrize(
    ("refusal", "request_"),
    [
        (whole(400, b'{"error": "no such parameter: temperature"}'), ask()),
        (whole(500, b'{"error": "stream_options"}'), ask()),
        (REFUSED, ask(stream=False)),
    ],
    ids=["for another reason", "not a refusal", "none were sent"],
)
async def test_only_a_refusal_of_stream_options_is_asked_again(refusal: bytes, request_: ChatRequest) -> None:
    async with scripted(always(refusal)) as server, asking(server.base_url) as client:
        await failure(client, request_)
        assert client.extra_requests == 0
    assert len(server.requests) == 1


async def test_redirects_are_not_followed() -> None:
    location = "http://user:cr_0123456789abcdef0123@127.0.0.1:1/v1/elsewhere?key=cr_0123456789abcdef0123"
    for status in (301, 302, 307, 308):
        async with scripted(always(whole(status, b"", location=location))) as server:
            async with asking(server.base_url, key=KEY) as client:
                error = await failure(client)
            assert len(server.requests) == 1
        assert error.kind is Kind.BAD_REQUEST
        assert error.message == (
            f"{status}: it redirects to http://127.0.0.1:1/v1/elsewhere, and redirects are not followed"
        )


async def test_twenty_requests_in_a_row_use_one_connection() -> None:
    async with scripted(echo) as server, asking(server.base_url) as client:
        for number in range(20):
            assert text_of(await collect(client, ask(f"prompt {number}"))) == f"prompt {number}"
        assert (len(server.requests), server.connections) == (20, 1)


async def test_a_connection_serves_on_when_the_end_of_the_body_comes_after_done() -> None:
    served = asyncio.Event()

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(PLAIN.removesuffix(END))
        await writer.drain()
        await served.wait()
        writer.write(END)
        await writer.drain()

    async with scripted(script) as server, asking(server.base_url) as client:
        # The answer is complete before its body is: the server waits for us to say so.
        assert text_of(await collect(client)) == "hello"
        served.set()
        await eventually(lambda: not client._tails, "the end of the body is read")
        assert text_of(await collect(client)) == "hello"
        assert server.connections == 1


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_refused_requests_use_one_connection_too(status: int) -> None:
    body = whole(status, b'{"error": {"message": "no"}}')
    async with scripted(always(body)) as server, asking(server.base_url) as client:
        for _ in range(20):
            assert (await failure(client)).status == status
        assert (len(server.requests), server.connections) == (20, 1)


async def test_servers_that_never_end_their_bodies_do_not_use_up_the_connections() -> None:
    endless = PLAIN.removesuffix(END)
    async with scripted(then_hang(endless)) as server, asking(server.base_url, max_connections=2) as client:
        for _ in range(12):
            assert text_of(await collect(client)) == "hello"
        await eventually(lambda: server.open <= 2, "the oldest are closed")
    await eventually(lambda: server.open == 0, "all are closed with the client")


async def test_two_hundred_requests_at_once_get_their_own_answers() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        # Nobody is answered before all have asked: they are really in flight together.
        await eventually(lambda: len(server.requests) == 200, "200 requests in flight")
        writer.write(answer_to(received))

    async with scripted(script) as server, asking(server.base_url, max_connections=200) as client:
        prompts = [f"prompt {number}" for number in range(200)]
        answers = await asyncio.gather(*(collect(client, ask(prompt)) for prompt in prompts))
        assert [text_of(events) for events in answers] == prompts
        assert server.connections == 200


async def test_a_connection_is_told_of_once_and_before_the_first_event() -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url) as client:
        for connection in ("new", "used again"):
            told: list[Event | str] = []
            await client.ask(ask(), told.append, on_connected=partial(told.append, "connected"))
            assert told[0] == "connected", connection
            assert told.count("connected") == 1, connection
            assert isinstance(told[1], Opened), connection
        assert server.connections == 1


async def test_a_connection_is_told_of_before_the_answer_and_to_the_one_who_asked() -> None:
    told: list[str] = []

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        await eventually(lambda: sorted(told) == ["a", "b"], "both are connected while none is answered")
        writer.write(PLAIN)

    async def run(name: str) -> None:
        events: list[Event] = []
        await client.ask(ask(), events.append, on_connected=lambda: told.append(name))
        assert events

    async with scripted(script) as server, asking(server.base_url) as client:
        await asyncio.gather(run("a"), run("b"))


@pytest.mark.parametrize("sent", [b"", head(), head() + chunk(delta("hello"))], ids=["unanswered", "opened", "words"])
async def test_cancelling_closes_the_connection_at_once(sent: bytes) -> None:
    async with scripted(then_hang(sent)) as server, asking(server.base_url) as client:
        events: list[Event] = []

        task = asyncio.create_task(client.ask(ask(), events.append))
        expected = {b"": 0, head(): 1}.get(sent, 2)
        await eventually(lambda: len(server.requests) == 1 and len(events) == expected, "the request hangs")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: server.open == 0, "the server sees the end")


async def test_who_cannot_hear_any_more_closes_the_connection() -> None:
    body = head() + chunk(delta("hello"))

    def hear(one: Event) -> None:
        if isinstance(one, Content):
            raise LookupError

    async with scripted(then_hang(body)) as server, asking(server.base_url) as client:
        with pytest.raises(LookupError):
            await client.ask(ask(), hear)
        await eventually(lambda: server.open == 0, "the server sees the end")


async def test_a_cancelled_request_leaves_the_client_usable() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        if received.json()["messages"][-1]["content"] == "hang":
            await asyncio.Event().wait()
        writer.write(answer_to(received))

    async with scripted(script) as server, asking(server.base_url, max_connections=4) as client:
        for number in range(10):
            task = asyncio.create_task(collect(client, ask("hang")))
            await eventually(lambda seen=number: len(server.requests) == 2 * seen + 1, "it hangs")  # type: ignore[misc]
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert text_of(await collect(client, ask("speak"))) == "speak"


async def test_closing_the_client_closes_its_connections() -> None:
    async with scripted(always(PLAIN)) as server, asking(server.base_url) as client:
        await collect(client)
        assert server.open == 1
        await client.aclose()
        await eventually(lambda: server.open == 0, "the idle connection is closed")


async def test_neither_proxies_nor_netrc_of_the_environment_reach_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password cr_netrcnetrcnetrcnetrc\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for key, header in ((KEY, f"Bearer {KEY}"), ("", None)):
        async with scripted(always(PLAIN)) as server, asking(server.base_url, key=key) as client:
            await collect(client)
        assert server.requests[0].path == "/v1/chat/completions"
        assert server.requests[0].headers.get("authorization") == header


async def test_a_proxy_of_the_environment_is_asked_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with scripted(always(PLAIN)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1").removeprefix("http://"))
        async with asking("http://provider.invalid/v1", key=KEY) as client:
            assert text_of(await collect(client)) == "hello"
        assert proxy.requests[0].path == "http://provider.invalid/v1/chat/completions"
        assert proxy.requests[0].headers["host"] == "provider.invalid"


async def test_a_proxy_that_is_not_there_is_named_as_the_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with asking("http://provider.invalid/v1", key=KEY) as client:
        error = await failure(client)
    assert error.kind is Kind.NETWORK
    assert error.message.startswith("the proxy does not let us through: ")


async def test_cookies_are_not_kept() -> None:
    body = whole(429, b"{}", set_cookie="session=1; Path=/")
    # By name: no cookie jar keeps the cookies of a bare address.
    async with (
        scripted(always(body)) as server,
        asking(server.base_url.replace("127.0.0.1", "localhost")) as client,
    ):
        await failure(client)
        await failure(client)
    assert len(server.requests) == 2
    assert "cookie" not in server.requests[1].headers


async def test_the_models_are_listed_as_the_server_names_them() -> None:
    body = whole(200, b'{"object": "list", "data": [{"id": "m-2", "owned_by": "x"}, {"id": "m-1"}]}')
    async with scripted(always(body)) as server, asking(server.base_url, key=KEY) as client:
        assert await client.models() == ("m-2", "m-1")
        assert await client.models() == ("m-2", "m-1")
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert server.connections == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"data": null}',
        b'{"data": 7}',
        b'{"data": [{"name": "m"}]}',
        b'{"data": [7]}',
        b"<html>not here</html>",
        b"[" * 100_000,
        b'{"data": [{"id": ' + b"9" * 5000 + b"}]}",
        b"\xff\xfe",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
async def test_a_list_of_models_that_is_none_is_an_error_of_the_server(body: bytes) -> None:
    async with scripted(always(whole(200, body))) as server, asking(server.base_url) as client:
        with pytest.raises(ProviderError) as caught:
            await client.models()
    assert caught.value.kind is Kind.SERVER_ERROR
    assert caught.value.message == "the list of models cannot be read"


async def test_a_refused_list_of_models_says_why_without_the_key() -> None:
    body = whole(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode())
    async with scripted(always(body)) as server, asking(server.base_url, key=KEY) as client:
        with pytest.raises(ProviderError) as caught:
            await client.models()
    assert caught.value.kind is Kind.AUTH
    assert KEY not in caught.value.message + caught.value.body


async def test_a_list_of_models_that_breaks_off_is_a_broken_connection() -> None:
    body = whole(200, b'{"data": [{"id": "m-1"}]}')[:-4]
    async with scripted(then_close(body)) as server, asking(server.base_url) as client:
        with pytest.raises(ProviderError) as caught:
            await client.models()
    assert caught.value.kind is Kind.NETWORK


async def test_words_that_came_together_are_one_event() -> None:
    body = head() + chunk(b"".join(delta(f"{number} ") for number in range(500)) + finish() + DONE) + END
    async with scripted(always(body)) as server, asking(server.base_url) as client:
        events = await collect(client)
    words = [one for one in events if isinstance(one, Content)]
    assert text_of(events) == "".join(f"{number} " for number in range(500))
    assert len(words) < 10
    assert merged(events)[1:] == [Content(text_of(events)), Finish("stop", "m")]
