"""Attempt clocks that follow what answers took."""

from hypothesis import given
from hypothesis import strategies as st

from holytui.core.learning import ENOUGH, REMEMBERED, Learning, Observation, tier_s, tier_words
from holytui.core.timeouts import WIDEST_S

SECONDS = st.floats(0.001, 5000)


def taught(seconds: list[float], tier: int = 2, *, expired: bool = False) -> Learning:
    learning = Learning()
    for took in seconds:
        learning.observe(Observation("summary", "m", tier, took, expired))
    return learning


@given(seconds=st.lists(SECONDS, min_size=ENOUGH, max_size=200), tier=st.integers(0, 3))
def test_a_learned_clock_stays_in_its_bounds_and_lets_ninety_nine_in_a_hundred_through(
    seconds: list[float], tier: int
) -> None:
    clock = taught(seconds, tier).attempt_s("summary", "m", tier)
    assert clock is not None
    assert tier_s(tier) / 2 <= clock <= WIDEST_S
    slow = sum(took > clock for took in seconds)
    assert slow <= len(seconds) / 100 or clock == WIDEST_S


@given(seconds=st.lists(SECONDS, max_size=ENOUGH - 1))
def test_nothing_is_concluded_from_too_little(seconds: list[float]) -> None:
    assert taught(seconds).attempt_s("summary", "m", 2) is None


def test_step_model_and_length_learn_apart() -> None:
    learning = taught([50.0] * ENOUGH)
    assert learning.attempt_s("summary", "m", 2) == 75.0
    assert learning.attempt_s("title", "m", 2) is None
    assert learning.attempt_s("summary", "other", 2) is None
    assert learning.attempt_s("summary", "m", 1) is None


def test_an_expiry_counts_as_twice_its_clock() -> None:
    learning = taught([50.0] * (ENOUGH - 1))
    learning.observe(Observation("summary", "m", 2, 75.0, expired=True))
    assert learning.attempt_s("summary", "m", 2) == 225.0


def test_what_became_slower_is_learned_and_what_is_long_ago_forgotten() -> None:
    learning = taught([1.0] * REMEMBERED + [100.0] * REMEMBERED)
    assert learning.attempt_s("summary", "m", 2) == 150.0
    for _ in range(REMEMBERED):
        learning.observe(Observation("summary", "m", 2, 50.0))
    assert learning.attempt_s("summary", "m", 2) == 75.0
    assert learning.clocks()[0].observed == 3 * REMEMBERED


def test_a_change_worth_knowing_is_told_once() -> None:
    told: list[str] = []
    learning = Learning(told.append)
    for took in [50.0] * 100 + [51.0] * 100:
        learning.observe(Observation("summary", "m", 2, took))
    assert told == ["attempt clock of summary, m, 500–2,000 characters: 120 to 75 s"]


def test_nonsense_is_not_learned() -> None:
    learning = taught([float("nan"), float("inf"), -1.0])
    assert learning.clocks() == ()
    assert tier_words(3) == "from 2,000 characters"
