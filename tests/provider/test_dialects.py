"""Every dialect over real HTTP: the same answer whatever its shape, and each refusal known by that server's words."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holytui.core.failures import FailureKind as Kind
from holytui.core.pricing import Usage
from holytui.provider.client import ChatClient, ChatRequest
from holytui.provider.dialects import DIALECTS
from holytui.provider.events import Content, Event, Finish, KeepAlive, Reasoning, UsageSeen
from holytui.provider.simulator import parse_options, serve
from tests.provider.scripted import ask, asking, collect, eventually, failure, merged, text_of

PROMPT = "Summarise the chapter about rivers, mountains and the people between them"
PROMPT_TOKENS = len(PROMPT) // 4
NAMES = sorted(DIALECTS)


@asynccontextmanager
async def speaking(dialect: str, **options: Any) -> AsyncIterator[ChatClient]:
    """A client of a simulator that speaks a dialect."""
    async with (
        aclosing(await serve(parse_options(dialect=dialect, **options))) as simulator,
        asking(simulator.base_url, key="x") as client,
    ):
        yield client


async def heard(dialect: str, request: ChatRequest | None = None, **options: Any) -> list[Event]:
    async with speaking(dialect, **options) as client:
        return merged(await collect(client, request or ask(PROMPT)))


async def sent(dialect: str, **more: Any) -> bytes:
    """What goes over the wire."""
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": PROMPT}], **more}
    async with (
        aclosing(await serve(parse_options(dialect=dialect))) as simulator,
        aiohttp.ClientSession() as session,
        session.post(f"{simulator.base_url}/chat/completions", json=body) as response,
    ):
        assert response.headers["x-simulated"] == "true"
        return await response.read()


async def chunks(dialect: str, **more: Any) -> list[dict[str, Any]]:
    """The JSON of a stream's events, without `[DONE]`."""
    body = (await sent(dialect, stream=True, **more)).decode()
    events = [line.removeprefix("data: ") for line in body.split("\n\n") if line.startswith("data: ")]
    return [json.loads(event) for event in events if event != "[DONE]"]


def usage_of(events: list[Event]) -> Usage | None:
    found = [one.usage for one in events if isinstance(one, UsageSeen)]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("streams", [True, False], ids=["stream", "object"])
@pytest.mark.parametrize("dialect", NAMES)
async def test_the_answer_is_the_same_in_every_dialect(dialect: str, streams: bool) -> None:
    events = await heard(dialect, ask(PROMPT, stream=streams))
    assert text_of(events) == text_of(await heard("openai"))
    model = "simulated-7b-q4.gguf" if dialect == "llamacpp" else "gpt-4.1"
    assert [one for one in events if isinstance(one, Finish)] == [Finish("stop", model)]


@pytest.mark.parametrize("dialect", NAMES)
async def test_a_cut_answer_has_its_reason_in_every_dialect(dialect: str) -> None:
    events = await heard(dialect, faults=("truncated=1",))
    assert [one.reason for one in events if isinstance(one, Finish)] == ["length"]
    for fault in ("cut", "network", "error_event"):
        async with speaking(dialect, faults=(f"{fault}=1",)) as client:
            expected = Kind.SERVER_ERROR if fault == "error_event" else Kind.NETWORK
            assert (await failure(client, ask(PROMPT))).kind is expected, fault


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        ("openai", {}),
        ("vllm", {}),
        ("ollama", {}),
        ("transformers", {}),
        ("litellm", {"cached": PROMPT_TOKENS // 4, "reported_usd": 0.0}),
        ("deepseek", {"cached": PROMPT_TOKENS // 4, "reasoning": 11}),
    ],
)
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "object"])
async def test_tokens_are_counted_in_the_dialects_that_tell_them(
    dialect: str, more: dict[str, Any], streams: bool
) -> None:
    events = await heard(dialect, ask(PROMPT, stream=streams))
    words = len(text_of(events).split()) + more.get("reasoning", 0)
    if "reported_usd" in more:
        more = {**more, "reported_usd": pytest.approx((PROMPT_TOKENS + words) / 1e6)}
    assert usage_of(events) == Usage(PROMPT_TOKENS, words, **more)


async def test_llamacpp_streams_no_usage_and_tells_it_with_a_whole_answer() -> None:
    assert usage_of(await heard("llamacpp")) is None
    whole = usage_of(await heard("llamacpp", ask(PROMPT, stream=False)))
    assert whole is not None
    assert whole.input == PROMPT_TOKENS


async def test_where_usage_stands_in_a_stream() -> None:
    asked = {"stream_options": {"include_usage": True}}
    assert (await chunks("openai", **asked))[-1]["choices"] == []
    assert (await chunks("litellm", **asked))[-1]["choices"] == [{"index": 0, "delta": {}}]
    for dialect, more in (("deepseek", asked), ("deepseek", {}), ("transformers", {})):
        last = (await chunks(dialect, **more))[-1]
        assert (last["choices"][0]["finish_reason"], "usage" in last) == ("stop", True)
    assert not any("usage" in one for one in await chunks("llamacpp", **asked))
    for dialect in ("openai", "litellm", "vllm", "ollama"):
        assert not any("usage" in one for one in await chunks(dialect)), "nobody asked for it"


@pytest.mark.parametrize("dialect", NAMES)
async def test_only_transformers_ends_without_done(dialect: str) -> None:
    body = await sent(dialect, stream=True)
    assert body.endswith(b"data: [DONE]\n\n") is (dialect != "transformers")


async def test_transformers_refuses_stream_options_and_is_asked_without() -> None:
    async with speaking("transformers") as client:
        answers = await asyncio.gather(*(collect(client, ask(f"{PROMPT} {number}")) for number in range(8)))
        assert all(map(text_of, answers))
        assert 1 <= client.extra_requests <= 8
        before = client.extra_requests
        assert usage_of(await collect(client, ask(PROMPT))) is not None
        assert client.extra_requests == before


async def test_a_refused_option_is_written_down_and_takes_no_turn_of_a_prompt(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    async with speaking("transformers", ledger=ledger) as client:
        assert (await failure(client, ask(f"[[simulate server_error x1]] {PROMPT}"))).kind is Kind.SERVER_ERROR
        assert text_of(await collect(client, ask(f"[[simulate server_error x1]] {PROMPT}")))
        await eventually(lambda: ledger.read_text().count("\n") == 3, "all are written down")
    entries = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(entry["status"], entry["nth"]) for entry in entries] == [(422, 1), (500, 1), (200, 2)]


async def test_deepseek_shows_that_it_lives_while_a_request_is_queued_and_thinks_aloud() -> None:
    events = await heard("deepseek", latency="0.6", first_token=0.5)
    alive = [one for one in events if isinstance(one, KeepAlive)]
    first = next(number for number, one in enumerate(events) if isinstance(one, Reasoning | Content))
    assert len(alive) >= 3
    assert all(isinstance(one, KeepAlive) for one in events[1:first])
    thoughts = "".join(one.text for one in events if isinstance(one, Reasoning))
    assert thoughts.startswith("simulated: ")
    assert "simulated: " not in text_of(events)
    body = await sent("deepseek")
    assert body.startswith(b"\n"), "blank lines before a whole answer"
    assert json.loads(body)["choices"][0]["message"]["reasoning_content"].startswith("simulated: ")


async def test_thoughts_leave_room_for_the_answer() -> None:
    words = len(text_of(await heard("openai")).split())
    for limit, thoughts in ((words + 3, 3), (words, 0), (words - 5, 0)):
        usage = usage_of(await heard("deepseek", ask(PROMPT, max_tokens=limit)))
        assert usage is not None
        assert (usage.reasoning, usage.output) == (thoughts, min(limit, words) + thoughts)


async def test_llamacpp_answers_for_any_model() -> None:
    assert text_of(await heard("llamacpp", ask(PROMPT, model="whatever")))
    async with speaking("vllm") as client:
        assert (await failure(client, ask(PROMPT, model="whatever"))).kind is Kind.MODEL_NOT_FOUND


KINDS = {
    "auth": Kind.AUTH,
    "quota": Kind.QUOTA,
    "rate_limit": Kind.RATE_LIMIT,
    "model": Kind.MODEL_NOT_FOUND,
    "context_length": Kind.CONTEXT_LENGTH,
    "server_error": Kind.SERVER_ERROR,
    "bad_request": Kind.BAD_REQUEST,
    "forbidden": Kind.BAD_REQUEST,
}


@pytest.mark.parametrize("dialect", NAMES)
async def test_refusals_are_known_by_the_words_of_the_dialect(dialect: str) -> None:
    async with speaking(dialect) as client:
        for fault, kind in KINDS.items():
            error = await failure(client, ask(f"[[simulate {fault}]] {PROMPT}"))
            refusal = DIALECTS[dialect].refusals[fault]
            assert (error.kind, error.status) == (kind, refusal.status), fault
            assert "simulated: " in error.message, fault
            assert error.retry_after_s == (1.0 if fault == "rate_limit" else None)


def test_every_dialect_has_words_for_every_refusal() -> None:
    for name, dialect in DIALECTS.items():
        assert dialect.refusals.keys() == DIALECTS["openai"].refusals.keys(), name
        for refusal in dialect.refusals.values():
            assert "simulated: " in json.dumps(refusal.body), name


def test_the_shapes_that_real_servers_write_are_all_there() -> None:
    bodies = [refusal.body for dialect in DIALECTS.values() for refusal in dialect.refusals.values()]
    errors = [body["error"] for body in bodies if isinstance(body, dict) and "error" in body]
    codes = [error["code"] for error in errors if isinstance(error, dict) and "code" in error]
    assert any(isinstance(error, str) for error in errors)
    assert any(isinstance(body, dict) and isinstance(body.get("detail"), str) for body in bodies)
    assert any(isinstance(body, dict) and isinstance(body.get("detail"), list) for body in bodies)
    assert {type(code) for code in codes} == {str, int, type(None)}
    assert {"400", "insufficient_quota"} <= {code for code in codes if isinstance(code, str)}
    texts = [body for body in bodies if isinstance(body, str)]
    assert any(text.startswith("<html>") for text in texts)
    assert any(not text.startswith("<html>") for text in texts)
