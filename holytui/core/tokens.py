"""Characters per token, by model: a prior, corrected by the usage that comes back."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from holytui.core.spread import Spread

PRIOR_CHARS_PER_TOKEN = 4.0
"""English prose in common vocabularies; code, tables and other scripts take more tokens."""

PRIOR_SPREAD = 0.25
"""How far the prior may be off, as a share of the tokens."""

PRIOR_REQUESTS = 5
"""The prior counts as much as so many requests: prompts of one job are alike, so a few tell more than it does."""

SPREAD_FLOOR = 0.03


@dataclass(frozen=True, slots=True)
class Answered:
    """Answered requests of one step to one model, added up; only those whose usage the provider told.

    Attributes:
        prompt_chars: characters of all their messages.
        input, cached: tokens; cached are part of the input.
        output: tokens of each answer, reasoning included.
        answer_chars: of each answer's text, which later prompts may hold.
        seconds: how long each request took.
    """

    step: str
    model: str
    answers: int
    prompt_chars: float
    input: float
    cached: float
    output: Spread
    answer_chars: Spread
    seconds: Spread


@dataclass(slots=True)
class _Seen:
    requests: int = 0
    chars: float = 0.0
    tokens: float = 0.0


@dataclass(slots=True)
class Calibration:
    """Learns how many tokens a model makes of a text."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def learn(self, model: str, chars: float, tokens: float, requests: int = 1) -> None:
        """Requests came back with usage.

        Args:
            model: that was asked.
            chars: of all their messages; nothing is learned from none.
            tokens: that the provider counted as their input, cached ones included.
            requests: how many they are.
        """
        if chars <= 0 or tokens <= 0 or requests <= 0:
            return
        seen = self._seen.setdefault(model, _Seen())
        seen.requests += requests
        seen.chars += chars
        seen.tokens += tokens

    def tokens_per_char(self, model: str, prior: float = PRIOR_CHARS_PER_TOKEN) -> float:
        """Tokens a character comes to; above 0.

        Args:
            model: the prior alone counts where nothing was learned of it.
            prior: characters per token before anything is learned.
        """
        seen = self._seen.get(model)
        if seen is None:
            return 1 / prior
        # The prior speaks for requests as long as those seen, so that their length does not weigh in.
        weight = PRIOR_REQUESTS / seen.requests
        return (weight / prior + seen.tokens / seen.chars) / (weight + 1)

    def spread(self, model: str, prior: float = PRIOR_CHARS_PER_TOKEN) -> float:
        """How far `tokens_per_char` may be off, as a share of it.

        What was seen always lies inside: the further it is from the prior, the longer the prior's share of the
        figure keeps the range wide.
        """
        seen = self._seen.get(model)
        if seen is None:
            return PRIOR_SPREAD
        apart = abs(seen.tokens / seen.chars - 1 / prior) / self.tokens_per_char(model, prior)
        share = PRIOR_REQUESTS / (PRIOR_REQUESTS + seen.requests)
        return max(PRIOR_SPREAD, apart) * share + SPREAD_FLOOR


def prior_of(chars: float, size: float) -> float:
    """Characters per token to expect of a text before anything is learned.

    Scripts beyond ASCII take more bytes a character, and about as many more tokens.

    Args:
        chars: of the text.
        size: the same in bytes of UTF-8.
    """
    return PRIOR_CHARS_PER_TOKEN * chars / size if chars and size else PRIOR_CHARS_PER_TOKEN


def calibrated(answered: Iterable[Answered]) -> Calibration:
    """What answers told, by model."""
    calibration = Calibration()
    for seen in answered:
        calibration.learn(seen.model, seen.prompt_chars, seen.input, seen.answers)
    return calibration
