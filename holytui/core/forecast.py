"""What steps will send, bring and take: from their rendered prompts, and from answers where there are some."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from holytui.core.spread import Range
from holytui.core.tokens import Answered, calibrated, prior_of

ENOUGH_ANSWERS = 5
"""Before this many answers of a step their length and duration say less than the guesses do."""

GUESSED_SHARE = (0.05, 1.0)
"""What part of `max_tokens` answers take, at least and at most: a guess until it runs."""

GUESSED_OUTPUT = (5.0, 1_000.0)
"""What a step without `max_tokens` answers, at least and at most, in tokens: a word or two pages, until it runs."""

GUESSED_SECONDS = (2.0, 20.0)
"""What a request takes, at least and at most: a guess until it runs."""

LOAD_SPREAD = 0.25
"""How far durations may move from those seen, as a share: they depend on how busy the provider is."""


@dataclass(frozen=True, slots=True)
class StepNeeds:
    """What a step asks for, as its prompts were rendered with every earlier answer left empty.

    Attributes:
        requests: prompts that were rendered.
        chars, size: of all of them with their system prompts, in characters and in bytes of UTF-8.
        uses: how often an answer of each earlier step stands in a prompt, by step name.
    """

    step: str
    model: str
    max_tokens: int | None = None
    requests: int = 0
    chars: int = 0
    size: int = 0
    uses: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepForecast:
    """What all requests of a step come to.

    Attributes:
        input, output: tokens.
        cached_share: of the input, as far as answers told; 0.0 before that.
        seconds: all its requests one after the other.
        answers: what it is made from; 0: a guess.
    """

    needs: StepNeeds
    input: Range
    output: Range
    cached_share: float
    seconds: Range
    answers: int


def forecast(steps: Sequence[StepNeeds], answered: Iterable[Answered] = ()) -> tuple[StepForecast, ...]:
    """What steps come to.

    Args:
        steps: each behind those it uses.
        answered: what came back so far; of other models it tells how they count, not how long they answer.
    """
    seen = tuple(answered)
    by_model = calibrated(seen)
    made: dict[str, StepForecast] = {}
    texts: dict[str, Range] = {}
    for needs in steps:
        mine = next((one for one in seen if (one.step, one.model) == (needs.step, needs.model)), None)
        known = mine if mine is not None and mine.answers >= ENOUGH_ANSWERS else None
        # A step's own prompts tell more than those of others, which may be in another script.
        counts = by_model if mine is None else calibrated([mine])
        prior = prior_of(needs.chars, needs.size)
        chars = Range(needs.chars, needs.chars, needs.chars)
        for step, times in needs.uses.items():
            chars += texts[step].times(times)
        tokens_out = _output(needs, known)
        each = counts.tokens_per_char(needs.model, prior)
        # What a step answers, a later one reads: its text as long as those seen, else as its tokens would be.
        texts[needs.step] = known.answer_chars.more(needs.requests) if known is not None else tokens_out.times(1 / each)
        made[needs.step] = StepForecast(
            needs=needs,
            input=_tokens(chars, each, counts.spread(needs.model, prior)),
            output=tokens_out,
            cached_share=min(1.0, known.cached / known.input) if known is not None and known.input else 0.0,
            seconds=_seconds(needs, known),
            answers=known.answers if known is not None else 0,
        )
    return tuple(made.values())


def duration(steps: Sequence[StepForecast], concurrency: int) -> Range:
    """Seconds until all is answered, with so many requests in flight; a chain of steps takes its time in turn."""
    work = Range()
    ends: dict[str, Range] = {}
    for step in steps:
        work += step.seconds
        each = step.seconds.times(1 / max(1, step.needs.requests))
        before = [ends[name] for name in step.needs.uses]
        ends[step.needs.step] = each + max(before, key=lambda end: end.high, default=Range())
    chain = max(ends.values(), key=lambda end: end.high, default=Range())
    side_by_side = work.times(1 / max(1, concurrency))
    return Range(max(side_by_side.low, chain.low), max(side_by_side.mid, chain.mid), max(side_by_side.high, chain.high))


def _output(needs: StepNeeds, known: Answered | None) -> Range:
    limit = needs.max_tokens
    if known is not None:
        tokens = known.output.more(needs.requests)
        return tokens if limit is None else tokens.at_most(limit * needs.requests)
    low, high = GUESSED_OUTPUT if limit is None else (limit * share for share in GUESSED_SHARE)
    return Range(low, (low + high) / 2, high).times(needs.requests)


def _tokens(chars: Range, each: float, off: float) -> Range:
    """Tokens of so many characters, where a character's share of a token may be off by a share of itself."""
    return Range(max(0.0, chars.low * each * (1 - off)), chars.mid * each, chars.high * each * (1 + off))


def _seconds(needs: StepNeeds, known: Answered | None) -> Range:
    if known is None:
        low, high = GUESSED_SECONDS
        return Range(low, (low + high) / 2, high).times(needs.requests)
    seconds = known.seconds.more(needs.requests)
    return Range(seconds.low * (1 - LOAD_SPREAD), seconds.mid, seconds.high * (1 + LOAD_SPREAD))
