"""How long each clock of a request runs: the prior by prompt length, the model's factor, widening."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, Protocol

TIERS: tuple[tuple[int, float], ...] = ((100, 30.0), (500, 60.0), (2000, 120.0))
"""(characters, seconds): a prompt shorter than this has this attempt clock."""

LONGEST_TIER_S = 300.0
CONNECT_S = 10.0
WIDEST_S = 600.0
WIDENING = 1.5
STALL_FLOOR_S = 30.0
BACKOFF_FIRST_S = 0.5
BACKOFF_CAP_S = 30.0

Seconds = float | Literal["auto"]


class TimeoutSettings(Protocol):
    """What a step's `timeouts` say: seconds, or `auto`."""

    @property
    def connect(self) -> Seconds: ...
    @property
    def first_token(self) -> Seconds: ...
    @property
    def stall(self) -> Seconds: ...
    @property
    def attempt(self) -> Seconds: ...


@dataclass(frozen=True, slots=True)
class Clocks:
    """Limits in seconds of one attempt, and of the step it belongs to."""

    connect: float
    first_token: float
    stall: float
    attempt: float
    step: float


def tier(chars: int) -> int:
    """Which of the four length classes a rendered prompt falls in, from 0."""
    for index, (below, _) in enumerate(TIERS):
        if chars < below:
            return index
    return len(TIERS)


def attempt_prior_s(chars: int) -> float:
    """Seconds a request for a prompt of this many characters gets before anything is learned."""
    index = tier(chars)
    return TIERS[index][1] if index < len(TIERS) else LONGEST_TIER_S


def model_factor(model: str, factors: Mapping[str, float]) -> float:
    """The factor on a model's clocks.

    Args:
        model: as the job names it; a vendor before a slash does not matter, nor does case.
        factors: by model name or by pattern (`*-thinking*`); a name wins over every pattern, a longer
            pattern over a shorter one.

    Returns:
        1.0 for a model that nothing names.
    """
    bare = model.lower().rsplit("/", 1)[-1]
    for name in (model, model.lower(), bare):
        if name in factors:
            return factors[name]
    fitting = [pattern for pattern in factors if fnmatchcase(bare, pattern)]
    return factors[max(fitting, key=len)] if fitting else 1.0


def clocks(
    chars: int,
    factor: float,
    timeouts: TimeoutSettings,
    deadline: Seconds,
    max_attempts: int,
    widened: int,
    learned_s: float | None = None,
) -> Clocks:
    """The limits for an attempt.

    Args:
        chars: length of the rendered user prompt.
        factor: of the model, on the prior; numbers that the user gave are taken as they are.
        timeouts: of the step.
        deadline: seconds for the whole step, never widened; or `auto`.
        max_attempts: of the job.
        widened: timeouts this step of the item has behind it; each widens every clock by half.
        learned_s: the attempt clock in seconds that answers have taught, in place of the prior.
    """
    prior = attempt_prior_s(chars) * factor if learned_s is None else learned_s
    attempt = _chosen(timeouts.attempt, prior)
    first_token = _chosen(timeouts.first_token, attempt)
    stall = _chosen(timeouts.stall, max(STALL_FLOOR_S, attempt / 2))
    connect = _chosen(timeouts.connect, CONNECT_S)
    return Clocks(
        connect=_widen(connect, widened),
        first_token=_widen(first_token, widened),
        stall=_widen(stall, widened),
        attempt=_widen(attempt, widened),
        step=_chosen(deadline, _room_for_all(attempt, max_attempts, widened)),
    )


def _chosen(given: Seconds, automatic: float) -> float:
    return automatic if given == "auto" else float(given)


def _widen(seconds: float, times: int) -> float:
    """Half as long again for each timeout, up to `WIDEST_S`; a clock that starts wider is left alone."""
    for _ in range(times):
        if seconds >= WIDEST_S:
            break
        seconds = min(seconds * WIDENING, WIDEST_S)
    return seconds


def _room_for_all(attempt: float, max_attempts: int, widened: int) -> float:
    """Every attempt may run to its clock, each wider than the one before, with the longest backoffs."""
    attempts = sum(_widen(attempt, widened + before) for before in range(max_attempts))
    backoffs = sum(min(BACKOFF_CAP_S, BACKOFF_FIRST_S * 2.0**n) for n in range(1, max_attempts))
    return attempts + backoffs
