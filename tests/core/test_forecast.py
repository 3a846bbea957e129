"""What steps come to: a guess before they run, what answers tell afterwards."""

from dataclasses import replace

import pytest

from holytui.core.forecast import ENOUGH_ANSWERS, StepNeeds, duration, forecast
from holytui.core.spread import Spread
from holytui.core.tokens import Answered

SUMMARY = StepNeeds("summary", "m", max_tokens=200, requests=100, chars=400_000, size=400_000)
TITLE = StepNeeds("title", "m", max_tokens=None, requests=100, chars=4_000, size=4_000, uses={"summary": 2})


def seen(step: str, answers: int = 10, *, model: str = "m", tokens: float = 50.0, cached: float = 0.0) -> Answered:
    """Answers of 100 characters to prompts of 4,000, which came to 1,600 tokens each."""
    return Answered(
        step=step,
        model=model,
        answers=answers,
        prompt_chars=4_000.0 * answers,
        input=1_600.0 * answers,
        cached=cached * answers,
        output=Spread(answers, tokens * answers, tokens**2 * answers),
        answer_chars=Spread(answers, 100.0 * answers, 100.0**2 * answers),
        seconds=Spread(answers, 3.0 * answers, 9.0 * answers),
    )


def test_before_anything_ran_it_is_a_wide_guess_within_max_tokens() -> None:
    (summary,) = forecast([SUMMARY])
    assert summary.answers == 0
    assert summary.input.low < summary.input.mid == 100_000 < summary.input.high
    assert summary.output.high == 200 * 100
    assert summary.output.low <= 0.2 * summary.output.high


def test_prompts_that_hold_earlier_answers_are_as_long_as_those_may_be() -> None:
    summary, title = forecast([SUMMARY, TITLE])
    assert title.input.low == pytest.approx((1_000 + 2 * summary.output.low) * 0.75)
    assert title.input.high == pytest.approx((1_000 + 2 * summary.output.high) * 1.25)


def test_answers_tell_what_more_answers_come_to() -> None:
    guess, _ = forecast([SUMMARY, TITLE])
    known, title = forecast([SUMMARY, TITLE], [seen("summary", cached=400.0)])
    assert known.answers == 10
    assert known.output.mid == 5_000
    assert known.output.high - known.output.low < (guess.output.high - guess.output.low) / 10
    assert known.input.low < 160_000 < known.input.high
    assert known.input.high - known.input.low < guess.input.high
    assert known.cached_share == pytest.approx(0.25)
    assert title.answers == 0
    # The title's characters go by how the model counted the summary's: 10 answers against a prior of 5.
    assert title.input.mid == pytest.approx((4_000 + 2 * 100 * 100) * (0.4 * 10 + 0.25 * 5) / 15)


def test_what_later_prompts_hold_is_the_answers_text_whatever_was_paid_for_it() -> None:
    _, terse = forecast([SUMMARY, TITLE], [seen("summary", 1_000, tokens=30.0), seen("title", 1_000)])
    _, reasoned = forecast([SUMMARY, TITLE], [seen("summary", 1_000, tokens=190.0), seen("title", 1_000)])
    assert terse.input == reasoned.input
    assert terse.input.mid == pytest.approx((4_000 + 2 * 100 * 100) * 0.4, rel=0.01)


def test_few_answers_and_those_of_another_model_leave_the_length_a_guess() -> None:
    few, other = (
        forecast([SUMMARY], [seen("summary", ENOUGH_ANSWERS - 1)])[0],
        forecast([SUMMARY], [seen("summary", 500, model="another")])[0],
    )
    for step in (few, other):
        assert step.answers == 0
        assert step.output == forecast([SUMMARY])[0].output
    assert few.input.mid > forecast([SUMMARY])[0].input.mid == other.input.mid


def test_a_retry_with_another_model_does_not_change_how_this_one_counts() -> None:
    alone = forecast([SUMMARY], [seen("summary")])
    other = replace(seen("summary", 500, model="another"), input=500 * 9_000.0)
    assert forecast([SUMMARY], [other, seen("summary")]) == alone


def test_no_forecast_goes_beyond_max_tokens() -> None:
    (summary,) = forecast([SUMMARY], [seen("summary", tokens=250.0)])
    assert summary.output.high == 200 * 100


def test_time_is_work_side_by_side_but_never_less_than_a_chain_of_steps() -> None:
    steps = forecast([SUMMARY, TITLE], [seen("summary"), seen("title")])
    assert duration(steps, 10).mid == pytest.approx(2 * 100 * 3 / 10)
    assert duration(steps, 4_000).mid == pytest.approx(6.0)
    apart = forecast([SUMMARY, StepNeeds("title", "m", requests=100)], [seen("summary"), seen("title")])
    assert duration(apart, 4_000).mid == pytest.approx(3.0)
    assert duration((), 8).high == 0.0
