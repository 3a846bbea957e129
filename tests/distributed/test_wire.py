"""What crosses between owner and workers comes out as it went in; shares and slices keep their sums."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.failures import FailureKind
from holytui.core.job import Job
from holytui.core.learning import Observation
from holytui.core.pricing import Money, MoneyKind, Price, Usage
from holytui.core.progress import JobState
from holytui.core.work import AttemptEvent, ItemState, Notice, Outcome, Overrides, Pardon, Record, StepHistory, Work
from holytui.distributed.orders import Orders
from holytui.distributed.redis_url import RedisUrlError, checked, for_celery, shown, without_secrets
from holytui.distributed.slices import LEAST, MOST, OpenSlice, OpenSlices, as_many_as_fit, shares, size, target
from holytui.distributed.spec import Spec
from holytui.distributed.wire import dumps, event_from_json, event_to_json, work_from_json, work_to_json
from holytui.engine.admission.breaker import Halt
from holytui.runs.endpoint import Target

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30).map(lambda text: json.loads(dumps(text)))
"""Lone surrogates and NULs too; two that make a pair are one character to JSON."""
SECONDS = st.floats(0, 1e6)
MAYBE_KIND = st.none() | st.sampled_from(FailureKind)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3))
MONEY = st.one_of(
    st.just(Money(None, MoneyKind.UNKNOWN)), st.builds(Money, SECONDS, st.sampled_from(list(MoneyKind)[:3]))
)
USAGE = st.builds(Usage, *[st.integers(0, 10**9)] * 4, st.booleans(), st.none() | SECONDS)
EVENTS = st.one_of(
    st.builds(AttemptEvent, kind=MAYBE_KIND, cost=MONEY, usage=USAGE, text=TEXT, message=TEXT, started_at=SECONDS,
              ended_s=SECONDS, connected_s=st.none() | SECONDS, first_s=st.none() | SECONDS, last_s=st.none() | SECONDS,
              clock_s=st.none() | SECONDS),
    st.builds(Outcome, kind=MAYBE_KIND, answer=st.none() | TEXT, closes=st.none() | st.sampled_from(ItemState),
              at=SECONDS, duration_s=SECONDS, message=TEXT),
    st.builds(Pardon),
    st.builds(Notice, at=SECONDS),
)  # fmt: skip
WORKS = st.builds(
    Work,
    st.integers(0, 10**7),
    TEXT,
    st.integers(1, 9),
    st.builds(Record, TEXT, st.dictionaries(TEXT, JSON, max_size=3), st.none() | TEXT),
    st.dictionaries(TEXT, st.builds(StepHistory, last_kind=MAYBE_KIND, answer=st.none() | TEXT), max_size=3),
    st.builds(Overrides, model=st.none() | TEXT, clock_factor=st.floats(0.1, 9)),
)


@given(EVENTS)
def test_an_event_comes_out_as_it_went_in(event: AttemptEvent | Outcome | Pardon | Notice) -> None:
    sent = dumps(event_to_json(event))
    assert sent.isascii()
    assert event_from_json(json.loads(sent)) == event


@given(WORKS)
def test_an_item_comes_out_as_it_went_in(work: Work) -> None:
    assert work_from_json(json.loads(dumps(work_to_json(work)))) == work


def test_orders_and_spec_come_out_as_they_went_in() -> None:
    halt = Halt(JobState.PAUSED, "rate_limit", "wait", 12.5)
    orders = Orders(
        "s",
        2,
        7,
        drain=True,
        gate_s=1.5,
        episode=4,
        good_news=3,
        shares={"a": 3},
        rates={"a": (60, None)},
        verdicts=("x",),
        halt=halt,
    )
    assert Orders.from_json(orders.to_json()) == orders
    job = Job.model_validate(
        {"name": "j", "input": {"count": 3}, "steps": [{"name": "s", "model": "m", "prompt": "{item}"}]}
    )
    spec = Spec("s", job, Target("p", "http://127.0.0.1/v1", "KEY", embedded=False, simulated=False),
                {"m": Price(1.0, 0.5, 2.0, "your price")}, (Observation("s", "m", 1, 2.5),))  # fmt: skip
    assert Spec.from_json(spec.to_json()) == spec


@given(st.integers(0, 500), st.dictionaries(st.text(min_size=1, max_size=4), st.integers(1, 300), max_size=8))
def test_shares_add_up_and_nobody_gets_more_than_it_can(level: int, capacities: dict[str, int]) -> None:
    given_ = shares(level, capacities)
    assert given_.keys() == capacities.keys()
    assert sum(given_.values()) == min(level, sum(capacities.values()))
    assert all(0 <= given_[name] <= capacities[name] for name in capacities)


@given(st.integers(1, 4096), st.floats(0, 5000))
def test_a_slice_is_of_a_useful_size(share: int, rate: float) -> None:
    assert 1 <= size(share, rate) <= MOST
    assert size(share, rate) >= min(LEAST, share)
    assert target(share, rate) > share
    assert target(0, rate) == 0


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=50), st.integers(1, 50))
def test_long_texts_make_small_slices_but_never_none(chars: list[int], most: int) -> None:
    count = as_many_as_fit(chars, most)
    assert 1 <= count <= min(most, len(chars))
    assert count == 1 or sum(chars[:count]) <= 2_000_000


def test_an_item_is_in_one_slice_and_what_came_back_is_in_none() -> None:
    slices = OpenSlices()
    first = slices.open("a", {1: 1, 2: 1}, 0.5, 0.0)
    assert slices.holds(1, 1)
    assert not slices.holds(1, 2)
    assert slices.spent(1, 0.25) == 0.0
    slices.came_back(1)
    assert not slices.holds(1, 1)
    assert slices.spent(1, 0.25) is None, "what comes later is nobody's"
    second = slices.open("b", {2: 1}, 0.0, 0.0)
    assert slices.close(first.name) is first
    assert slices.name_of(2) == second.name, "closing the old slice leaves the new one's item alone"
    assert slices.in_hand("b") == 1
    assert slices.close(first.name) is None
    assert OpenSlice.from_json("b", json.loads(dumps(second.to_json())), 0.0).rounds == {2: 1}


@pytest.mark.parametrize("url", ["http://x", "redis://", "redis://h/x", "x", "", "redis://[::1", "redis://h:port/0"])
def test_what_is_no_address_of_redis_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(RedisUrlError) as refused:
        checked(url)
    assert not str(refused.value).startswith(":"), "an address without a scheme is shown without its rest, too"


def test_a_password_is_never_shown() -> None:
    url = "rediss://user:pa%40ss@host:6380/2?ssl_ca_certs=/x"
    assert checked(url) == url
    assert shown(url) == "rediss://host:6380/2"
    assert "pa%40ss" not in without_secrets(f"cannot reach {url} as user:pa%40ss", url)
    assert for_celery(url).endswith("?ssl_ca_certs=/x&ssl_cert_reqs=required")
    assert for_celery("redis://h:1/0") == "redis://h:1/0"
