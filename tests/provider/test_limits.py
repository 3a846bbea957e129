"""What `x-ratelimit-*` headers say, and what of it is nonsense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.provider.errors import classify
from holytui.provider.limits import duration_s, read_left, wait_for_reset


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m30s", 90.0),
        ("250ms", 0.25),
        ("6h0m0s", 21_600.0),
        ("12", 12.0),
        ("1.5s", 1.5),
        ("1d", 86_400.0),
        ("59.999s", 59.999),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1m then 30s", None),
        ("nan", None),
        ("inf", None),
        ("2026-11-23T10:00:00Z", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration_s(text) == (None if seconds is None else pytest.approx(seconds))


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    seconds = duration_s(text)
    assert seconds is None or seconds >= 0


def test_each_allowance_is_read_only_when_it_is_told_in_full() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "-1",
        "x-ratelimit-reset-tokens": "6m0s",
    }
    assert read_left(headers) == {"requests": (59.0, 1.0)}
    assert read_left({"x-ratelimit-remaining-requests": "5"}) == {}
    assert read_left({"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "0"}) == {}


def test_a_429_without_retry_after_waits_for_the_allowance_that_is_used_up() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "12",
        "x-ratelimit-reset-requests": "55s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "7s",
    }
    assert wait_for_reset(headers) == 7.0
    assert classify(429, headers, "slow down", secret="").retry_after_s == 7.0
    assert classify(429, {**headers, "retry-after": "3"}, "slow down", secret="").retry_after_s == 3.0
    assert classify(429, {}, "slow down", secret="").retry_after_s is None
