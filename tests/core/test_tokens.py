"""Characters per token: a prior that gives way to what providers count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.tokens import PRIOR_CHARS_PER_TOKEN, PRIOR_REQUESTS, PRIOR_SPREAD, Calibration, prior_of

RATIOS = st.floats(0.5, 12.0)
REQUESTS = st.lists(st.floats(1, 50_000), min_size=1, max_size=50)


@given(REQUESTS, RATIOS, RATIOS)
def test_the_figure_lies_between_the_prior_and_what_was_seen_and_the_range_holds_what_was_seen(
    chars: list[float], ratio: float, prior: float
) -> None:
    calibration = Calibration()
    for one in chars:
        calibration.learn("m", one, one / ratio)
    learned = 1 / calibration.tokens_per_char("m", prior)
    assert min(ratio, prior) * (1 - 1e-9) <= learned <= max(ratio, prior) * (1 + 1e-9)
    tokens, off = calibration.tokens_per_char("m", prior), calibration.spread("m", prior)
    assert tokens * (1 - off) <= 1 / ratio <= tokens * (1 + off)


@given(REQUESTS, RATIOS)
def test_one_by_one_or_added_up_is_the_same(chars: list[float], ratio: float) -> None:
    single, summed = Calibration(), Calibration()
    for one in chars:
        single.learn("m", one, one / ratio)
    summed.learn("m", sum(chars), sum(one / ratio for one in chars), len(chars))
    assert single.tokens_per_char("m") == pytest.approx(summed.tokens_per_char("m"))
    assert single.spread("m") == pytest.approx(summed.spread("m"))


def test_evidence_wins_over_the_prior_and_narrows_the_range() -> None:
    figures, ranges = [], []
    for requests in (1, PRIOR_REQUESTS, 20, 2_000):
        calibration = Calibration()
        calibration.learn("m", 3_000 * requests, 1_000 * requests, requests)
        figures.append(1 / calibration.tokens_per_char("m"))
        ranges.append(calibration.spread("m"))
    assert figures == sorted(figures, reverse=True)
    assert figures[-1] == pytest.approx(3.0, rel=0.01)
    assert 1 / figures[1] == pytest.approx((1 / 3 + 1 / 4) / 2)
    assert ranges == sorted(ranges, reverse=True)


def test_without_evidence_there_is_the_prior_whatever_other_models_did() -> None:
    calibration = Calibration()
    calibration.learn("other", 9_000, 9_000, 30)
    calibration.learn("m", 0, 5)
    calibration.learn("m", 5, 0)
    assert 1 / calibration.tokens_per_char("m") == PRIOR_CHARS_PER_TOKEN
    assert calibration.spread("m") == PRIOR_SPREAD


def test_other_scripts_are_expected_to_take_more_tokens_a_character() -> None:
    for text, ratio in (("plain words", 4.0), ("слова", 2.0), ("表意文字", 4 / 3)):
        assert prior_of(len(text), len(text.encode())) == pytest.approx(ratio)
    assert prior_of(0, 0) == PRIOR_CHARS_PER_TOKEN
