"""Servers that refuse `stream_options`: asked once more without it, and what is learnt from that."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from holytui.core.failures import FailureKind as Kind
from tests.provider.scripted import (
    DONE,
    Received,
    Script,
    Scripted,
    ask,
    asking,
    collect,
    delta,
    eventually,
    failure,
    finish,
    scripted,
    stream,
    text_of,
    whole,
)

PLAIN = stream(delta("hello"), finish(), DONE)
UNRECOGNISED = whole(400, b'{"error": {"message": "Unrecognized request argument supplied: stream_options"}}')


def with_options(received: Received) -> bool:
    return "stream_options" in received.json()


def unless(refused: Callable[[Received], bool], refusal: bytes) -> Script:
    """A server that refuses some requests and answers all others."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(refusal if refused(received) else PLAIN)

    return script


def offered(server: Scripted) -> list[bool]:
    return [with_options(received) for received in server.requests]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"error": {"message": "Unrecognized request argument supplied: stream_options"}}'),
        (400, '{"error": {"message": "Unsupported parameter", "param": "stream_options"}}'),
        (400, '{"error": "json: unknown field \\"stream_options\\""}'),
        (400, '{"error": {"message": "streamOptions is not a field of this request"}}'),
        (400, "stream_options.include_usage: no such option"),
        (
            422,
            '{"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"],'
            ' "msg": "Extra inputs are not permitted", "input": {"include_usage": true}}]}',
        ),
        (422, '{"detail": "Unsupported fields in the request: {\'stream_options\'}"}'),
        (
            400,
            "{\"error\": {\"message\": \"[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'),"
            " 'input': {'include_usage': True}}]\", \"code\": 400}}",
        ),
        # These say that some field is one too many, and not which.
        (400, '{"error": {"message": "Extra inputs are not permitted"}}'),
        (400, '{"error": "unknown field"}'),
        (422, '{"detail": "Unexpected keys in the request"}'),
        (400, "Additional properties are not allowed"),
    ],
)
async def test_a_refusal_in_any_words_costs_one_request_and_is_remembered(status: int, body: str) -> None:
    refusal = whole(status, body.encode())
    async with scripted(unless(with_options, refusal)) as server, asking(server.base_url) as client:
        for _ in range(3):
            assert text_of(await collect(client)) == "hello"
        assert client.extra_requests == 1
    assert offered(server) == [True, False, False, False]


async def test_requests_in_flight_at_the_first_refusal_are_all_asked_again_at_once_and_none_fails() -> None:
    at_once = 32

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        # Nobody is refused before all have asked.
        await eventually(lambda: sum(offered(server)) == at_once, "all are in flight")
        writer.write(UNRECOGNISED if with_options(received) else PLAIN)

    async with scripted(script) as server, asking(server.base_url) as client:
        answers = await asyncio.gather(*(collect(client, ask(f"prompt {number}")) for number in range(at_once)))
        assert [text_of(events) for events in answers] == ["hello"] * at_once
        assert client.extra_requests == at_once
        assert text_of(await collect(client)) == "hello"
        assert client.extra_requests == at_once
    asked = offered(server)
    assert (asked.count(True), asked.count(False)) == (at_once, at_once + 1)


async def test_each_client_finds_out_for_itself() -> None:
    async with scripted(unless(with_options, UNRECOGNISED)) as server:
        for _ in range(2):
            async with asking(server.base_url) as client:
                await collect(client)
    assert offered(server) == [True, False, True, False]


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "no", "input": {"model": "m", "stream_options": {"include_usage": true}}}',
        b"{\"error\": \"bad: {'stream': True, 'stream_options': {'include_usage': True}}\"}",
        b'{"detail": "sent: {\\"stream_options\\": {\\"include_usage\\": true}}"}',
    ],
)
async def test_a_refusal_that_quotes_the_whole_request_is_no_complaint_about_the_option(body: bytes) -> None:
    def poisonous(received: Received) -> bool:
        return b"poison" in received.body

    async with scripted(unless(poisonous, whole(400, body))) as server, asking(server.base_url) as client:
        assert (await failure(client, ask("poison"))).kind is Kind.BAD_REQUEST
        assert text_of(await collect(client)) == "hello"
        assert client.extra_requests == 0
    assert offered(server) == [True, True]


async def test_a_refusal_that_quotes_a_prompt_about_the_option_proves_nothing() -> None:
    prompt = "Explain stream_options, with poison"
    refusal = whole(400, b'{"error": "this is not allowed: Explain stream_options, with poison"}')

    def poisonous(received: Received) -> bool:
        return b"poison" in received.body

    async with scripted(unless(poisonous, refusal)) as server, asking(server.base_url) as client:
        assert (await failure(client, ask(prompt))).kind is Kind.BAD_REQUEST
        assert text_of(await collect(client)) == "hello"
    assert offered(server) == [True, False, True]


async def test_a_server_that_refuses_the_option_is_found_out_by_a_prompt_about_it_too() -> None:
    async with scripted(unless(with_options, UNRECOGNISED)) as server, asking(server.base_url) as client:
        for _ in range(2):
            assert text_of(await collect(client, ask("Explain stream_options"))) == "hello"
    assert offered(server) == [True, False, False]


async def test_what_was_another_field_is_not_guessed_at_again() -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        data: dict[str, Any] = received.json()
        writer.write(whole(400, b'{"error": "unknown field"}') if "temperature" in data else PLAIN)

    async with scripted(script) as server, asking(server.base_url) as client:
        for _ in range(3):
            assert (await failure(client, ask(temperature=0.5))).kind is Kind.BAD_REQUEST
        assert text_of(await collect(client)) == "hello"
        assert client.extra_requests == 1
    assert offered(server) == [True, False, True, True, True]
