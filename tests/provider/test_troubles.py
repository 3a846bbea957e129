"""Troubles of the provider as a whole: windows by a clock of their own, real allowances, told in real headers."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holytui.core.failures import FailureKind as Kind
from holytui.provider.errors import ProviderError
from holytui.provider.limits import duration_s, read_left
from holytui.provider.simulation import MODELS
from holytui.provider.simulator import parse_options, serve
from holytui.provider.simulator_troubles import Trouble, Troubles, duration
from tests.processes import simulator
from tests.provider.scripted import asking, collect, failure, text_of


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def troubles(clock: Clock, **options: Any) -> Troubles:
    return Troubles(parse_options(**options), clock)


def meet(state: Troubles, *, nth: int = 1, in_flight: int = 1, tokens: int = 10) -> Trouble | None:
    return state.meet(nth=nth, in_flight=in_flight, tokens=tokens)


def test_an_outage_begins_so_long_after_the_first_request_and_ends() -> None:
    clock = Clock()
    state = troubles(clock, outage="5:10")
    clock.now += 60
    assert meet(state) is None, "the first request starts the clock"
    clock.now += 4.9
    assert meet(state) is None
    clock.now += 0.2
    assert [meet(state) for _ in range(4)] == [Trouble("server_error"), Trouble("reset")] * 2
    clock.now += 9.8
    assert meet(state) is not None
    clock.now += 0.2
    assert meet(state) is None


def test_a_window_of_refusals_says_to_wait_what_it_was_told_to() -> None:
    for given, said in (("0:10:7", "7"), ("0:10:soon", "soon"), ("0:10:", ""), ("0:10", None)):
        clock = Clock()
        state = troubles(clock, refuse=given)
        assert meet(state) == Trouble("rate_limit", said)
        clock.now += 10
        assert meet(state) is None


def test_requests_above_the_rate_wait_for_the_refill() -> None:
    clock = Clock()
    state = troubles(clock, rpm=60)
    assert [meet(state) for _ in range(60)] == [None] * 60
    assert meet(state) == Trouble("rate_limit", "1")
    clock.now += 0.9
    assert meet(state) == Trouble("rate_limit", "1"), "what is refused takes nothing"
    clock.now += 0.2
    assert meet(state) is None
    assert meet(state) is not None
    clock.now += 3600
    assert [meet(state) for _ in range(60)] == [None] * 60, "it holds a minute's worth and no more"
    assert meet(state) is not None


def test_tokens_above_the_rate_wait_and_a_request_larger_than_a_minute_overdraws_a_full_bucket() -> None:
    clock = Clock()
    state = troubles(clock, tpm=600)
    assert meet(state, tokens=500) is None
    assert meet(state, tokens=200) == Trouble("rate_limit", "10")
    clock.now += 50
    assert meet(state, tokens=5000) is None
    assert meet(state, tokens=1) == Trouble("rate_limit", "441")
    clock.now += 441
    assert meet(state, tokens=1) is None


def test_what_waits_for_tokens_takes_no_request_from_the_other_allowance() -> None:
    clock = Clock()
    state = troubles(clock, rpm=10, tpm=600)
    assert meet(state, tokens=600) is None
    assert meet(state, tokens=600) == Trouble("rate_limit", "60")
    assert state.limit_headers() == {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "9",
        "x-ratelimit-reset-requests": "6s",
        "x-ratelimit-limit-tokens": "600",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1m0s",
    }
    assert read_left(state.limit_headers()) == {"requests": (9.0, 6.0), "tokens": (0.0, 60.0)}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0ms"),
        (0.25, "250ms"),
        (1.0, "1s"),
        (6.125, "6.12s"),
        (59.999, "1m0s"),
        (90.0, "1m30s"),
        (3600.0, "60m0s"),
    ],
)
def test_durations_are_spelled_as_providers_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    assert duration_s(text) == pytest.approx(seconds, abs=0.01)


def test_the_order_of_troubles() -> None:
    clock = Clock()
    state = troubles(clock, outage="0:1", refuse="0:2:9", max_in_flight=1, auth_after=0, rpm=1)
    assert meet(state, in_flight=2) == Trouble("server_error")
    clock.now += 1
    assert meet(state, in_flight=2) == Trouble("rate_limit", "9")
    clock.now += 1
    assert meet(state, in_flight=2) == Trouble("rate_limit", "1")
    assert meet(state) == Trouble("auth")


async def test_an_outage_over_http_leaves_the_list_of_models_alone() -> None:
    async with aclosing(await serve(parse_options(outage="0:3600"))) as server, asking(server.base_url) as client:
        errors = [await failure(client) for _ in range(4)]
        assert await client.models() == MODELS
    assert {(error.kind, error.status) for error in errors} == {(Kind.SERVER_ERROR, 503), (Kind.NETWORK, None)}


async def test_limits_over_http_are_told_with_every_answer_and_refuse_what_is_above() -> None:
    async with (
        aclosing(await serve(parse_options(rpm=3, tpm=100_000))) as server,
        aiohttp.ClientSession() as session,
        asking(server.base_url) as client,
    ):
        left = []
        for prompt in ("a", "[[simulate bad_request]]"):
            body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": prompt}]}
            async with session.post(f"{server.base_url}/chat/completions", json=body) as response:
                left.append(response.headers["x-ratelimit-remaining-requests"])
                assert int(response.headers["x-ratelimit-remaining-tokens"]) < 100_000
        assert left == ["2", "1"]
        assert text_of(await collect(client))
        error = await failure(client)
        assert (error.kind, error.status) == (Kind.RATE_LIMIT, 429)
        assert error.retry_after_s is not None
        assert 0 < error.retry_after_s <= 20
        assert await client.models() == MODELS


async def test_a_window_of_refusals_over_http_ends() -> None:
    async with aclosing(await serve(parse_options(refuse="0:0.3:2"))) as server, asking(server.base_url) as client:
        refused = await failure(client)
        assert (refused.kind, refused.retry_after_s) == (Kind.RATE_LIMIT, 2.0)
        await asyncio.sleep(0.35)
        assert text_of(await collect(client))


def test_the_command_takes_them_all(tmp_path: Path) -> None:
    options = ("--outage", "3600:1", "--refuse", "0:3600:7", "--rpm", "60", "--tpm", "600", "--auth-after", "9")

    async def refused(url: str) -> ProviderError:
        async with asking(url) as client:
            return await failure(client)

    with simulator(tmp_path, *options, "--dialect", "litellm") as server:
        error = asyncio.run(refused(server.url))
    assert (error.kind, error.retry_after_s) == (Kind.RATE_LIMIT, 7.0)
    assert '"code": "429"' in error.body
