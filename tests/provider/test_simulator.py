"""The simulator over HTTP: it does what its options say, the same at any concurrency, and writes down what it did."""

import asyncio
import hashlib
import json
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holytui.core.failures import FailureKind as Kind
from holytui.core.pricing import Usage
from holytui.provider.client import ChatClient, ChatRequest, Message
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event, Finish, KeepAlive, Opened, UsageSeen
from holytui.provider.presets import Endpoint
from holytui.provider.simulated_answer import script
from holytui.provider.simulation import FAULTS, MODELS
from holytui.provider.simulator import (
    EmbeddedSimulator,
    RunningSimulator,
    SimulatorError,
    SimulatorOptions,
    parse_options,
    serve,
)
from tests.processes import HOLYTUI, environment, wait_until
from tests.provider.scripted import (
    PATIENCE_S,
    ask,
    asking,
    collect,
    eventually,
    failure,
    merged,
    text_of,
    until_error,
)

PROMPT = "Summarise the chapter about rivers, mountains and the people between them"


@asynccontextmanager
async def simulating(**options: Any) -> AsyncIterator[RunningSimulator]:
    """A simulator on this loop."""
    async with aclosing(await serve(parse_options(**options))) as simulator:
        yield simulator


@asynccontextmanager
async def simulated(**options: Any) -> AsyncIterator[ChatClient]:
    """A client of a simulator."""
    async with simulating(**options) as simulator, asking(simulator.base_url, key="x") as client:
        yield client


async def answer(prompt: str = PROMPT, *, request: ChatRequest | None = None, **options: Any) -> list[Event]:
    """What one request to such a simulator brings."""
    async with simulated(**options) as client:
        return merged(await collect(client, request or ask(prompt)))


async def post(base_url: str, data: Any) -> tuple[int, dict[str, str], bytes]:
    """A request as any other program makes it: status, headers and body."""
    sent = data if isinstance(data, bytes) else json.dumps(data).encode()
    async with aiohttp.ClientSession() as session, session.post(f"{base_url}/chat/completions", data=sent) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status, headers, await response.read()


def chat(prompt: str = PROMPT, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4.1", "messages": [{"role": "user", "content": prompt}], **more}


def entries(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.read_text("utf-8").splitlines()] if ledger.exists() else []


def sha256(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()


def only(events: Sequence[Event], kind: type[Event]) -> list[Event]:
    return [one for one in events if isinstance(one, kind)]


async def test_it_answers_with_the_words_of_the_prompt_and_counts_them() -> None:
    events = await answer()
    text = text_of(events)
    assert "rivers" in text or "mountains" in text or "people" in text
    assert events[-2] == Finish("stop", "gpt-4.1")
    assert events[-1] == UsageSeen(Usage(len(PROMPT) // 4, len(text.split())))


async def test_the_same_prompt_has_the_same_answer_whenever_it_is_asked() -> None:
    async with simulated(seed=1) as client:
        answers = [text_of(await collect(client, ask(PROMPT))) for _ in range(3)]
        other = text_of(await collect(client, ask(PROMPT + "!")))
    assert len(set(answers)) == 1
    assert other != answers[0]
    assert text_of(await answer(seed=1)) == answers[0]
    assert text_of(await answer(seed=2)) != answers[0]


async def outcomes(order: Sequence[str], at_once: int, **options: Any) -> dict[str, list[str]]:
    """What became of each prompt, asked twice, this many at a time."""
    found: dict[str, list[str]] = {}
    slots = asyncio.Semaphore(at_once)

    async def run(client: ChatClient, prompt: str) -> None:
        found[prompt] = []
        for _ in range(2):
            async with slots:
                try:
                    events = await collect(client, ask(prompt))
                    (finish,) = only(events, Finish)
                    found[prompt].append(f"{finish}: {text_of(events)}")
                except ProviderError as error:
                    found[prompt].append(f"{error.kind} {error.status}")

    async with simulated(**options) as client, asyncio.timeout(6 * PATIENCE_S):
        await asyncio.gather(*(run(client, prompt) for prompt in order))
    return found


async def test_neither_order_nor_concurrency_changes_what_becomes_of_a_prompt() -> None:
    options: dict[str, Any] = {
        "seed": 5,
        "faults": (
            "server_error=0.15", "rate_limit=0.1", "cut=0.15", "network=0.1", "truncated=0.1", "empty=0.1", "html=0.1",
        ),
    }  # fmt: skip
    prompts = [f"Describe {number} rivers and mountains" for number in range(60)]
    mixed = random.Random(3).sample(prompts, 60)
    one_by_one = await outcomes(prompts, 1, **options)
    together = await outcomes(mixed, 30, latency="0.02:0.5", **options)
    assert together == one_by_one
    first = Counter(found[0].split(":")[0] for found in one_by_one.values())
    assert len(first) >= 6
    # The second asking throws its own dice, and another seed all of them.
    assert sum(found[0] != found[1] for found in one_by_one.values()) > 20
    assert await outcomes(prompts, 30, **{**options, "seed": 6}) != one_by_one


async def test_a_rate_is_the_share_of_requests_it_names() -> None:
    async with simulated(faults=("server_error=0.2", "bad_request=0.1")) as client:

        async def kind(number: int) -> str:
            try:
                await collect(client, ask(f"rivers {number}"))
            except ProviderError as error:
                return error.kind
            return "answered"

        kinds: list[str] = []
        for start in range(0, 600, 60):
            kinds += await asyncio.gather(*map(kind, range(start, start + 60)))
    shares = {name: count / len(kinds) for name, count in Counter(kinds).items()}
    assert shares.keys() == {"answered", Kind.SERVER_ERROR, Kind.BAD_REQUEST}
    assert 0.14 < shares[Kind.SERVER_ERROR] < 0.26
    assert 0.06 < shares[Kind.BAD_REQUEST] < 0.14


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("server_error", Kind.SERVER_ERROR, 503),
        ("rate_limit", Kind.RATE_LIMIT, 429),
        ("bad_request", Kind.BAD_REQUEST, 400),
        ("context_length", Kind.CONTEXT_LENGTH, 400),
        ("auth", Kind.AUTH, 401),
        ("forbidden", Kind.BAD_REQUEST, 403),
        ("quota", Kind.QUOTA, 429),
        ("model", Kind.MODEL_NOT_FOUND, 404),
        ("html", Kind.SERVER_ERROR, 502),
    ],
)
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "object"])
async def test_faults_that_refuse(tmp_path: Path, fault: str, kind: Kind, status: int, streams: bool) -> None:
    ledger = tmp_path / "ledger.jsonl"
    async with simulated(faults=(f"{fault}=1",), ledger=ledger) as client:
        events, error = await until_error(client, ask(PROMPT, stream=streams))
        await eventually(lambda: len(entries(ledger)) == 1, "it is written down")
    assert events == []
    assert (error.kind, error.status) == (kind, status)
    assert "simulated: " in error.message
    assert error.retry_after_s == (1.0 if fault == "rate_limit" else None)
    assert error.request_id == "sim-000001"
    (entry,) = entries(ledger)
    assert (entry["status"], entry["outcome"]) == (status, "refused")


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("connect", Kind.NETWORK, None),
        ("reset", Kind.NETWORK, None),
        ("network", Kind.NETWORK, 200),
        ("cut", Kind.NETWORK, 200),
        ("error_event", Kind.SERVER_ERROR, 200),
    ],
)
async def test_faults_that_break_off(tmp_path: Path, fault: str, kind: Kind, status: int | None) -> None:
    ledger = tmp_path / "ledger.jsonl"
    async with simulated(faults=(f"{fault}=1",), ledger=ledger) as client:
        events, error = await until_error(client, ask(PROMPT))
        await eventually(lambda: len(entries(ledger)) == 1, "it is written down")
    assert error.kind is kind
    assert only(events, Finish) == only(events, UsageSeen) == []
    if status is None:
        assert events == []
    if fault in {"cut", "error_event"}:
        whole = text_of(await answer())
        assert text_of(events)
        assert whole.startswith(text_of(events))
        assert len(text_of(events)) < len(whole) / 2
    (entry,) = entries(ledger)
    assert (entry["status"], entry["outcome"]) == (status, "cut")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("reset", "the connection broke: "),
        ("network", "the connection broke during the answer"),
        ("cut", "the stream ended without a finish reason"),
        ("error_event", "an error inside the stream: simulated: broke half way"),
    ],
)
async def test_each_way_to_break_off_is_its_own(fault: str, sentence: str) -> None:
    # With a pace, the words are on their way before the end comes.
    async with simulated(faults=(f"{fault}=1",), tokens_per_s=200) as client:
        assert (await failure(client, ask(PROMPT))).message.startswith(sentence)


@pytest.mark.parametrize("fault", ["network", "cut", "error_event", "reset", "connect"])
async def test_an_answer_that_does_not_stream_breaks_off_too(tmp_path: Path, fault: str) -> None:
    ledger = tmp_path / "ledger.jsonl"
    async with simulated(faults=(f"{fault}=1",), ledger=ledger) as client:
        error = await failure(client, ask(PROMPT, stream=False))
        await eventually(lambda: len(entries(ledger)) == 1, "it is written down")
    assert error.kind is Kind.NETWORK
    assert entries(ledger)[0]["outcome"] == "cut"


@pytest.mark.parametrize("streams", [True, False], ids=["stream", "object"])
async def test_faults_that_are_answers(tmp_path: Path, streams: bool) -> None:
    ledger = tmp_path / "ledger.jsonl"
    whole = text_of(await answer())
    texts, reasons = {}, {}
    for fault in ("truncated", "content_filter", "empty", "invalid_json"):
        events = await answer(request=ask(PROMPT, stream=streams), faults=(f"{fault}=1",), ledger=ledger)
        texts[fault] = text_of(events)
        (finish,) = only(events, Finish)
        assert isinstance(finish, Finish)
        reasons[fault] = finish.reason
    assert reasons == {
        "truncated": "length",
        "content_filter": "content_filter",
        "empty": "stop",
        "invalid_json": "stop",
    }
    assert texts["empty"] == ""
    assert 0 < len(texts["truncated"]) < len(whole)
    assert whole.startswith(texts["truncated"])
    assert texts["content_filter"] == texts["truncated"]
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(texts["invalid_json"])
    assert [entry["outcome"] for entry in entries(ledger)] == ["answered"] * 4


@asynccontextmanager
async def hanging(fault: str, ledger: Path, *, streams: bool = True) -> AsyncIterator[list[Event]]:
    """The events of a request that never ends, as they come; at the end it is cancelled."""
    events: list[Event] = []

    async with simulated(faults=(f"{fault}=1",), ledger=ledger) as client:
        task = asyncio.create_task(client.ask(ask(PROMPT, stream=streams), events.append))
        try:
            yield events
        finally:
            assert not task.done(), "it hangs"
            task.cancel()
            await asyncio.wait({task})
            await eventually(lambda: len(entries(ledger)) == 1, "the simulator sees that its client is gone")


async def test_a_stall_is_words_and_then_nothing(tmp_path: Path) -> None:
    async with hanging("stall", tmp_path / "ledger") as events:
        await eventually(lambda: text_of(events) != "", "some words come")
        before = list(events)
        await silence(events)
        assert events == before
    assert (await answer_text()).startswith(text_of(before))
    assert_gone(tmp_path / "ledger", 200)


async def test_a_silence_that_the_prompt_bounds_ends_with_the_whole_answer() -> None:
    prompt = f"{PROMPT} [[simulate stall 0.3s]]"
    async with simulated() as client:
        started, events = time.monotonic(), list[Event]()
        await client.ask(ask(prompt), events.append)
    assert time.monotonic() - started >= 0.3
    assert text_of(events) == script(SimulatorOptions(), prompt, 1, None, wants_json=False).text
    assert only(events, Finish)


async def test_no_first_token_is_no_answer_at_all(tmp_path: Path) -> None:
    async with hanging("first_token", tmp_path / "ledger") as events:
        await silence(events)
        assert events == []
    assert_gone(tmp_path / "ledger", None)


async def test_keep_alives_only_are_no_words(tmp_path: Path) -> None:
    async with hanging("keepalive", tmp_path / "ledger") as events:
        await eventually(lambda: len(only(events, KeepAlive)) >= 4, "keep-alives come and come")
        assert text_of(events) == ""
    assert_gone(tmp_path / "ledger", 200)


async def test_a_drip_is_a_word_now_and_then_for_ever(tmp_path: Path) -> None:
    started = time.monotonic()
    async with hanging("drip", tmp_path / "ledger") as events:
        await eventually(lambda: len(only(events, Content)) >= 3, "a word comes and another")
        assert time.monotonic() - started > 1.5
        assert len(text_of(events).split()) == 3
    assert_gone(tmp_path / "ledger", 200)


@pytest.mark.parametrize("fault", ["stall", "drip", "keepalive"])
async def test_an_answer_that_does_not_stream_hangs_behind_its_headers(tmp_path: Path, fault: str) -> None:
    async with hanging(fault, tmp_path / "ledger", streams=False) as events:
        await eventually(lambda: len(events) == 1, "the headers come")
        await silence(events)
        assert isinstance(events[0], Opened)
        assert len(events) == 1
    assert_gone(tmp_path / "ledger", 200)


async def silence(events: list[Event]) -> None:
    """Give a wrong simulator time to say more."""
    count, until = len(events), time.monotonic() + 0.5
    await eventually(lambda: len(events) > count or time.monotonic() > until, "half a second is over")


async def answer_text() -> str:
    return text_of(await answer())


def assert_gone(ledger: Path, status: int | None) -> None:
    (entry,) = entries(ledger)
    assert (entry["status"], entry["outcome"]) == (status, "gone")


def test_every_fault_there_is_has_its_test() -> None:
    refusing = {"server_error", "rate_limit", "bad_request", "context_length", "auth", "forbidden", "quota", "model"}
    breaking = {"connect", "reset", "network", "cut", "error_event"}
    answering = {"truncated", "content_filter", "empty", "invalid_json"}
    assert refusing | {"html"} | breaking | answering | {"stall", "first_token", "keepalive", "drip"} == FAULTS


async def test_a_prompt_may_say_how_it_wants_to_fail_and_how_often() -> None:
    async with simulated() as client:
        prompt = "[[simulate server_error x2]] about rivers"
        for _ in range(2):
            assert (await failure(client, ask(prompt))).kind is Kind.SERVER_ERROR
        assert "rivers" in text_of(await collect(client, ask(prompt)))
        for _ in range(3):
            assert (await failure(client, ask("[[simulate cut]]"))).kind is Kind.NETWORK
        assert text_of(await collect(client, ask("[[simulate nothing]] about rivers")))


async def test_each_model_is_counted_for_itself() -> None:
    prompt = "[[simulate server_error x1]] about rivers"
    async with simulated() as client:
        for model in ("gpt-4.1", "deepseek-v3.2"):
            assert (await failure(client, ask(prompt, model=model))).kind is Kind.SERVER_ERROR
        for model in ("gpt-4.1", "deepseek-v3.2"):
            assert text_of(await collect(client, ask(prompt, model=model)))


async def test_the_last_message_of_the_user_is_the_prompt(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    said = (Message("system", "s"), Message("user", "first"), Message("assistant", "a"), Message("user", PROMPT))
    await answer(request=ChatRequest("gpt-4.1", said), ledger=ledger)
    assert entries(ledger)[0]["prompt_sha256"] == sha256(PROMPT)


async def test_json_is_answered_to_those_who_ask_for_it() -> None:
    for request in (ask(PROMPT, json_object=True), ask(f"{PROMPT}, answer in JSON"), ask(PROMPT, json_object=True)):
        assert set(json.loads(text_of(await answer(request=request)))) == {"subject", "reply"}
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(text_of(await answer(PROMPT + " of JSON")))


@pytest.mark.parametrize(("limit", "words", "reason"), [(3, 3, "length"), (20, 20, "stop"), (10_000, None, "stop")])
async def test_an_answer_has_no_more_than_the_tokens_it_may_have(limit: int, words: int | None, reason: str) -> None:
    whole = len((await answer_text()).split())
    events = await answer(request=ask(PROMPT, max_tokens=limit))
    assert len(text_of(events).split()) == (words or whole)
    assert only(events, Finish) == [Finish(reason, "gpt-4.1")]


async def test_half_a_character_in_a_prompt_is_no_trouble(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    assert text_of(await answer("rivers \ud83d and mountains", ledger=ledger))
    expected = hashlib.sha256("rivers \ud83d and mountains".encode("utf-8", "surrogatepass")).hexdigest()
    assert entries(ledger)[0]["prompt_sha256"] == expected


async def test_the_ledger_has_a_line_for_each_request(tmp_path: Path) -> None:
    ledger = tmp_path / "new folder" / "ledger.jsonl"
    before = time.time()
    async with simulated(ledger=ledger, latency="0.1") as client:
        await collect(client, ask("rivers"))
        await collect(client, ask("rivers"))
        await failure(client, ask("[[simulate bad_request]] rivers"))
        await failure(client, ask("rivers", model="nobody"))
    after = time.time()
    lines = entries(ledger)
    assert [list(line) for line in lines] == [["t_start", "t_end", "prompt_sha256", "nth", "status", "outcome"]] * 4
    refused = sha256("[[simulate bad_request]] rivers")
    assert [tuple(line.values())[2:] for line in lines] == [
        (sha256("rivers"), 1, 200, "answered"),
        (sha256("rivers"), 2, 200, "answered"),
        (refused, 1, 400, "refused"),
        (sha256("rivers"), 1, 404, "refused"),
    ]
    for line in lines:
        assert before - 0.001 <= line["t_start"] <= line["t_end"] <= after + 0.001
    assert lines[0]["t_end"] - lines[0]["t_start"] >= 0.09


async def test_a_ledger_that_is_there_is_continued(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    await answer("rivers", ledger=ledger)
    await answer("mountains", ledger=ledger)
    assert [line["prompt_sha256"] for line in entries(ledger)] == [sha256("rivers"), sha256("mountains")]


async def test_the_models_are_listed() -> None:
    async with simulated() as client:
        assert await client.models() == MODELS
        for model in MODELS:
            assert text_of(await collect(client, ask(PROMPT, model=model)))
        assert text_of(await collect(client, ask(PROMPT, model="sim-anything")))


async def test_an_unknown_model_is_not_found() -> None:
    async with simulated() as client:
        error = await failure(client, ask(PROMPT, model="gpt-99"))
    assert (error.kind, error.status) == (Kind.MODEL_NOT_FOUND, 404)


async def test_more_at_once_than_it_takes_are_told_to_wait(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with simulated(max_in_flight=3, ledger=ledger) as client, simulated(max_in_flight=3) as other:
        hung = [asyncio.create_task(collect(client, ask(f"[[simulate first_token]] {n}"))) for n in range(3)]
        error = None
        async with asyncio.timeout(PATIENCE_S):
            while error is None:
                try:
                    await collect(client, ask("is there room?"))
                except ProviderError as refusal:
                    error = refusal
        assert (error.kind, error.status, error.retry_after_s) == (Kind.RATE_LIMIT, 429, 1.0)
        assert entries(ledger)[-1]["outcome"] == "refused"
        assert text_of(await collect(other, ask("is there room?")))
        hung[0].cancel()
        await eventually(lambda: any(line["outcome"] == "gone" for line in entries(ledger)), "one is gone")
        assert text_of(await collect(client, ask("is there room?")))
        for task in hung:
            task.cancel()
        await asyncio.wait(hung)


async def test_the_key_is_refused_after_so_many_requests(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with simulated(auth_after=2, ledger=ledger) as client:
        for _ in range(2):
            assert text_of(await collect(client, ask(PROMPT)))
        for _ in range(3):
            error = await failure(client, ask(PROMPT))
            assert (error.kind, error.status) == (Kind.AUTH, 401)
    assert [line["outcome"] for line in entries(ledger)] == ["answered"] * 2 + ["refused"] * 3


async def timed(**options: Any) -> tuple[list[tuple[float, Event]], float]:
    """(seconds since the request, event) of one request, and how long it took."""
    started = time.monotonic()
    found: list[tuple[float, Event]] = []
    async with simulated(**options) as client, asyncio.timeout(PATIENCE_S):
        started = time.monotonic()
        await client.ask(ask(PROMPT), lambda one: found.append((time.monotonic() - started, one)))
        return found, time.monotonic() - started


async def test_words_come_at_the_pace_that_was_asked_for() -> None:
    found, seconds = await timed(tokens_per_s=50.0)
    words = [(at, one) for at, one in found if isinstance(one, Content)]
    count = len(text_of([one for _, one in found]).split())
    assert count / 50 * 0.9 <= seconds < count / 50 + 0.7
    assert len(words) > count / 2
    half = [at for at, _ in words][len(words) // 2]
    assert 0.2 < half / seconds < 0.8


async def test_an_answer_takes_the_latency_and_its_first_word_a_fifth_of_it() -> None:
    found, seconds = await timed(latency="1")
    assert 0.95 <= seconds < 1.6
    first = next(at for at, one in found if isinstance(one, Content))
    assert 0.19 <= first < 0.6


async def test_the_first_word_comes_when_it_was_asked_for() -> None:
    found, _ = await timed(first_token=0.4)
    first = next(at for at, one in found if isinstance(one, Content))
    assert 0.38 <= first < 0.9


async def test_latencies_spread_around_their_middle_and_each_is_what_its_answer_takes() -> None:
    options = parse_options(latency="0.2:0.5")

    def planned(number: int) -> float:
        plan = script(options, f"rivers {number}", 1, None, wants_json=False)
        return plan.first_s + plan.gap_s * len(plan.pieces)

    spread = sorted(map(planned, range(500)))
    assert 0.15 < spread[250] < 0.25
    assert spread[450] > 1.6 * spread[50]
    async with simulated(latency="0.2:0.5") as client:

        async def seconds(number: int) -> float:
            started = time.monotonic()
            await collect(client, ask(f"rivers {number}"))
            return time.monotonic() - started

        taken = await asyncio.gather(*map(seconds, range(20)))
    assert all(took > 0.95 * planned(number) for number, took in enumerate(taken))


async def test_without_streaming_the_answer_is_one_object() -> None:
    async with simulating() as simulator:
        status, headers, body = await post(simulator.base_url, chat())
    assert (status, headers["content-type"]) == (200, "application/json")
    data = json.loads(body)
    (choice,) = data["choices"]
    assert choice["finish_reason"] == "stop"
    assert choice["message"] == {"role": "assistant", "content": await answer_text()}
    assert data["object"] == "chat.completion"
    assert data["model"] == "gpt-4.1"
    words = len(choice["message"]["content"].split())
    tokens = len(PROMPT) // 4
    assert data["usage"] == {"prompt_tokens": tokens, "completion_tokens": words, "total_tokens": tokens + words}


@pytest.mark.parametrize(("options", "told"), [({"include_usage": True}, True), ({}, False), (None, False)])
async def test_usage_is_streamed_to_those_who_ask_for_it(options: Any, told: bool) -> None:
    async with simulating() as simulator:
        _, headers, body = await post(simulator.base_url, chat(stream=True, stream_options=options))
    assert headers["content-type"] == "text/event-stream"
    *events, done, end = body.decode().split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    last = json.loads(events[-1].removeprefix("data: "))
    assert ("usage" in last) is told
    assert (last["choices"] == []) is told


async def test_every_answer_says_that_it_is_simulated() -> None:
    async with simulating() as simulator, aiohttp.ClientSession() as session:
        url = simulator.base_url
        bodies: list[Any] = [
            chat(),
            chat(stream=True),
            chat("[[simulate html]]"),
            chat("[[simulate quota]]"),
            chat(model="gpt-99"),
            b"nonsense",
        ]
        answers = [await post(url, body) for body in bodies]
        assert [status for status, _, _ in answers] == [200, 200, 502, 429, 404, 400]
        for _, headers, _ in answers:
            assert headers["x-simulated"] == "true"
            assert headers["x-request-id"].startswith("sim-")
        assert len({headers["x-request-id"] for _, headers, _ in answers}) == len(answers)
        for path in ("/models", "/chat/completions", "/nowhere"):
            async with session.get(url + path) as response:
                assert response.headers["x-simulated"] == "true", path


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        {"model": "gpt-4.1"},
        {"model": "gpt-4.1", "messages": "hello"},
        {"model": "gpt-4.1", "messages": []},
        {"model": "gpt-4.1", "messages": ["hello", None]},
        {"model": "gpt-4.1", "messages": [{"role": "system", "content": "s"}]},
        {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"text": "hello"}]}]},
    ],
    ids=str,
)
async def test_what_cannot_be_read_is_refused(body: Any) -> None:
    async with simulating() as simulator:
        status, _, said = await post(simulator.base_url, body)
    assert status == 400
    assert json.loads(said)["error"]["message"] == "simulated: the request cannot be read"


@pytest.mark.parametrize("more", [{"max_tokens": "many"}, {"max_tokens": None}, {"stream_options": 7, "stream": True}])
async def test_strange_options_of_a_request_are_passed_over(more: dict[str, Any]) -> None:
    async with simulating() as simulator:
        status, _, _ = await post(simulator.base_url, chat(**more))
    assert status == 200


async def test_a_port_that_is_taken_is_named() -> None:
    async with simulating() as simulator:
        port = int(simulator.base_url.rsplit(":", 1)[1].removesuffix("/v1"))
        with pytest.raises(SimulatorError, match=f"^port {port} cannot be used: .*ddress already in use"):
            await serve(SimulatorOptions(), port=port)


async def test_closing_drops_what_hangs(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with simulating(ledger=ledger) as simulator, asking(simulator.base_url) as client:
        events: list[Event] = []

        task = asyncio.create_task(client.ask(ask("[[simulate stall]] rivers"), events.append))
        await eventually(lambda: bool(events), "it hangs")
        started = time.monotonic()
        await simulator.aclose()
        assert time.monotonic() - started < 2.0
        with pytest.raises(ProviderError):
            await task


@pytest.fixture
def embedded() -> Any:
    simulator = EmbeddedSimulator.start(SimulatorOptions())
    try:
        yield simulator
    finally:
        simulator.stop()


async def test_the_embedded_one_answers_on_a_thread_of_its_own(embedded: EmbeddedSimulator) -> None:
    async with asking(embedded.base_url) as client:
        assert text_of(await collect(client, ask(PROMPT))) == await answer_text()
    assert "holytui-simulator" in {thread.name for thread in threading.enumerate()}


async def test_the_embedded_one_ends_with_what_hangs_and_may_be_stopped_twice() -> None:
    embedded = EmbeddedSimulator.start(SimulatorOptions())
    async with asking(embedded.base_url) as client:
        task = asyncio.create_task(collect(client, ask("[[simulate first_token]]")))
        await asyncio.sleep(0)
        embedded.stop()
        with pytest.raises(ProviderError):
            await task
        await eventually(lambda: not embedded._thread.is_alive(), "its thread has ended")
        embedded.stop()
        assert (await failure(client)).kind is Kind.NETWORK


async def test_a_connection_that_never_comes_is_simulated_as_often_as_the_prompt_says(
    embedded: EmbeddedSimulator,
) -> None:
    endpoint = Endpoint("simulator", embedded.base_url, "", simulated=True)
    client = ChatClient(endpoint, max_connections=4, detour=embedded.detour)
    connected: list[bool] = []

    async def run() -> list[Event]:
        events: list[Event] = []
        asked = ask("[[simulate connect x1]] rivers")
        await client.ask(asked, events.append, on_connected=lambda: connected.append(True))
        return events

    async with aclosing(client):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await run()
        assert connected == []
        async with asyncio.timeout(PATIENCE_S):
            assert "rivers" in text_of(await run())
        assert connected == [True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    ledger = tmp_path / "ledger.jsonl"
    process = subprocess.Popen(
        [*HOLYTUI, "simulate", "--port", "0", "--ledger", str(ledger)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("simulator on http://127.0.0.1:")
        url = line.split()[-1]
        assert url.endswith("/v1")

        async def use() -> None:
            async with asking(url) as client:
                assert await client.models() == MODELS
                assert text_of(await collect(client, ask(PROMPT)))
                hung = asyncio.create_task(collect(client, ask("[[simulate stall]] rivers")))
                await asyncio.to_thread(wait_until, lambda: len(entries(ledger)) == 1, "the answer is written down")
                process.send_signal(number)
                with pytest.raises(ProviderError):
                    await hung

        asyncio.run(use())
        rest, said = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, rest, said) == (0, "", "")
    assert [entry["outcome"] for entry in entries(ledger)][:1] == ["answered"]
