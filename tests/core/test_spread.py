"""What more of the same comes to: never surer than what was seen allows."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.spread import FLOOR, Range, Spread

FIGURES = st.lists(st.floats(0.001, 1_000), min_size=2, max_size=60)


def of(figures: list[float]) -> Spread:
    spread = Spread()
    for figure in figures:
        spread = spread.add(figure)
    return spread


@given(FIGURES, st.integers(0, 100_000))
def test_a_forecast_is_ordered_and_centred_on_the_mean(figures: list[float], number: int) -> None:
    more = of(figures).more(number)
    assert 0 <= more.low <= more.mid <= more.high
    assert more.mid == pytest.approx(sum(figures) / len(figures) * number)


@given(FIGURES, FIGURES)
def test_sums_of_two_halves_are_those_of_the_whole(first: list[float], second: list[float]) -> None:
    both, whole = of(first) + of(second), of(first + second)
    assert (both.count, both.total, both.squares) == pytest.approx((whole.count, whole.total, whole.squares))


def test_what_comes_lies_inside_nineteen_times_of_twenty() -> None:
    dice = random.Random(7)
    inside = 0
    for _ in range(400):
        seen = of([dice.lognormvariate(4, 0.5) for _ in range(10)])
        more = seen.more(200)
        inside += more.low <= sum(dice.lognormvariate(4, 0.5) for _ in range(200)) <= more.high
    assert inside > 360


def test_more_evidence_makes_it_narrower_but_never_certain() -> None:
    wide, narrow, same = of([8.0, 12.0] * 3).more(1_000), of([8.0, 12.0] * 300).more(1_000), of([10.0] * 500).more(100)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3
    assert same.high - same.low == pytest.approx(2 * FLOOR * 1_000)


def test_a_single_figure_says_little() -> None:
    assert of([10.0]).more(5) == Range(0.0, 50.0, 100.0)
    assert Spread().more(5) == Range()
