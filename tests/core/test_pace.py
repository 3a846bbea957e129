"""Rate and ETA: from this session's completions, weighted by step, never before there is evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.pace import ENOUGH_RESULTS, Pace, explain


def steady(pace: Pace, *, count: int, every_s: float, step: str = "s", duration_s: float = 8.0) -> float:
    """Complete one item every so often; the time of the last."""
    now = 0.0
    for number in range(1, count + 1):
        now = number * every_s
        pace.step_done(now, step, duration_s, closes_item=True)
    return now


def test_says_nothing_before_there_is_evidence() -> None:
    pace = Pace(0.0)
    now = steady(pace, count=ENOUGH_RESULTS - 1, every_s=1.0)
    eta = pace.eta(now, {"s": 100}, "steady")
    assert eta.mid is None
    assert eta.reason == "after 10 answers"


def test_a_steady_run_is_predicted() -> None:
    pace = Pace(0.0)
    now = steady(pace, count=200, every_s=0.5)
    eta = pace.eta(now, {"s": 600}, "steady")
    assert eta.low is not None
    assert eta.mid is not None
    assert eta.high is not None
    assert eta.mid == pytest.approx(300, rel=0.05)
    assert eta.low < 300 < eta.high
    assert pace.rate_per_s(now) == pytest.approx(2.0, rel=0.05)


def test_what_was_done_before_this_session_does_not_speed_it_up() -> None:
    """A resume of a nearly finished job must not divide old results by new seconds."""
    pace = Pace(1000.0)
    for number in range(20):
        pace.step_done(1001.0 + number, "s", 4.0, closes_item=True)
    assert pace.rate_per_s(1020.0) == pytest.approx(1.0, rel=0.1)


def test_a_slow_step_weighs_more_than_a_quick_one() -> None:
    pace = Pace(0.0)
    now = 0.0
    for number in range(1, 51):
        now = number * 1.0
        pace.step_done(now, "summary", 9.0, closes_item=False)
        pace.step_done(now, "title", 1.0, closes_item=True)
    slow = pace.eta(now, {"summary": 100, "title": 0}, "").mid
    quick = pace.eta(now, {"summary": 0, "title": 100}, "").mid
    assert slow is not None
    assert quick is not None
    assert slow == pytest.approx(9 * quick, rel=0.01)


def test_nothing_left_takes_no_time() -> None:
    pace = Pace(0.0)
    now = steady(pace, count=30, every_s=1.0)
    assert pace.eta(now, {"s": 0}, "").mid == 0.0


def test_throughput_counts_by_minute_and_keeps_empty_minutes() -> None:
    pace = Pace(0.0)
    for at in (10.0, 20.0, 70.0, 200.0):
        pace.step_done(at, "s", 1.0, closes_item=True)
    assert pace.throughput(200.0) == (2.0, 1.0, 0.0, 1.0)


@given(
    gaps=st.lists(st.floats(0.001, 30.0), min_size=ENOUGH_RESULTS, max_size=80),
    remaining=st.integers(1, 100_000),
)
def test_the_band_holds_its_middle(gaps: list[float], remaining: int) -> None:
    pace = Pace(0.0)
    now = 0.0
    for gap in gaps:
        now += gap
        pace.step_done(now, "s", gap, closes_item=True)
    eta = pace.eta(now, {"s": remaining}, "")
    assert eta.low is not None
    assert eta.mid is not None
    assert eta.high is not None
    assert 0 < eta.low <= eta.mid <= eta.high


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        ({"gate_opens_in": 11.2}, "gate opens in 12 s"),
        ({"current": 24}, "slowed by rate limit: 24/32"),
        ({"pending": 0, "ages": [3.0, 96.4], "in_use": 2}, "slow tail: 2 left, the oldest 96 s"),
        ({"in_use": 32}, "limited by concurrency: 32/32"),
        ({}, "steady"),
    ],
)
def test_the_reason_names_what_limits(situation: dict[str, object], words: str) -> None:
    usual: dict[str, object] = {
        "current": 32,
        "ceiling": 32,
        "in_use": 10,
        "gate_opens_in": None,
        "pending": 100,
        "ages": [1.0],
    }
    assert explain(**{**usual, **situation}) == words  # type: ignore[arg-type]  # parametrised by name
