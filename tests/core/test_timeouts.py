"""The clocks: tiers by prompt length, the model's factor, widening."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.timeouts import Seconds, attempt_prior_s, clocks, model_factor, tier
from holytui.resources import model_factors


@dataclass(frozen=True)
class Settings:
    connect: Seconds = "auto"
    first_token: Seconds = "auto"
    stall: Seconds = "auto"
    attempt: Seconds = "auto"


@pytest.mark.parametrize(
    ("chars", "index", "seconds"),
    [
        (0, 0, 30), (99, 0, 30), (100, 1, 60), (499, 1, 60), (500, 2, 120), (1999, 2, 120), (2000, 3, 300),
        (10**7, 3, 300),
    ],
)  # fmt: skip
def test_the_table_by_prompt_length(chars: int, index: int, seconds: float) -> None:
    assert tier(chars) == index
    assert attempt_prior_s(chars) == seconds


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("deepseek-v3.2", 1.0),
        ("gpt-4.1", 1.2),
        ("openai/gpt-4.1", 1.2),
        ("GPT-4.1", 1.2),
        ("claude-sonnet-4.5", 1.2),
        ("claude-sonnet-4-5", 1.2),
        ("gemini-2.5-flash", 0.8),
        ("o3-mini", 4.0),
        ("deepseek-reasoner", 4.0),
        ("deepseek/deepseek-r1", 4.0),
        ("qwen3-235b-thinking-2507", 4.0),
        ("gpt-4o", 1.0),
        ("no-such-model", 1.0),
    ],
)
def test_the_factor_of_a_model(model: str, factor: float) -> None:
    assert model_factor(model, model_factors()) == factor


def test_a_name_wins_over_patterns_and_a_longer_pattern_over_a_shorter() -> None:
    factors = {"a*": 2.0, "abc*": 3.0, "abcd": 5.0}
    assert [model_factor(model, factors) for model in ("ab", "abcx", "abcd", "z")] == [2.0, 3.0, 5.0, 1.0]


def test_auto_clocks_of_a_short_and_of_a_long_prompt() -> None:
    short = clocks(50, 1.0, Settings(), "auto", 3, 0)
    assert (short.connect, short.first_token, short.stall, short.attempt) == (10, 30, 30, 30)
    assert short.step == 30 + 45 + 67.5 + 1 + 2
    long = clocks(5000, 1.2, Settings(), "auto", 2, 0)
    assert (long.first_token, long.stall, long.attempt) == (360, 180, 360)
    assert long.step == 360 + 540 + 1


def test_numbers_of_the_user_replace_the_prior_and_ignore_the_factor() -> None:
    limits = clocks(5000, 4.0, Settings(connect=1, first_token=2, stall=3, attempt=8), "auto", 1, 0)
    assert (limits.connect, limits.first_token, limits.stall, limits.attempt, limits.step) == (1, 2, 3, 8, 8)


def test_each_timeout_widens_every_clock_but_a_given_deadline() -> None:
    limits = clocks(50, 1.0, Settings(stall=20), 77.0, 3, 2)
    assert (limits.connect, limits.first_token, limits.stall, limits.attempt) == (22.5, 67.5, 45, 67.5)
    assert limits.step == 77.0


def test_widening_ends_at_ten_minutes_and_never_narrows() -> None:
    assert clocks(5000, 1.0, Settings(), "auto", 1, 9).attempt == 600
    assert clocks(5000, 4.0, Settings(), "auto", 1, 9).attempt == 1200
    assert clocks(5000, 1.0, Settings(attempt=900), "auto", 1, 9).attempt == 900


seconds = st.one_of(st.just("auto"), st.floats(0.01, 5000))
settings_of_users = st.builds(Settings, seconds, seconds, seconds, seconds)


@given(st.integers(0, 10**7), st.floats(0.1, 10), settings_of_users, st.integers(1, 20), st.integers(0, 5000))
def test_clocks_are_positive_and_only_grow(
    chars: int, factor: float, settings: Settings, max_attempts: int, widened: int
) -> None:
    now = clocks(chars, factor, settings, "auto", max_attempts, widened)
    later = clocks(chars, factor, settings, "auto", max_attempts, widened + 1)
    for name in ("connect", "first_token", "stall", "attempt", "step"):
        assert 0 < getattr(now, name) <= getattr(later, name)
    assert now.step >= now.attempt * max_attempts


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_longer_prompt_never_has_a_shorter_clock(one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert attempt_prior_s(shorter) <= attempt_prior_s(longer)
