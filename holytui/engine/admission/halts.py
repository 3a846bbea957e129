"""Why a session ends at the door: the sentence for a person, and when going on makes sense."""

from holytui.core.display import dollars, span
from holytui.core.progress import JobState
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.gate import GIVE_UP_S

LEAST_WAIT_S = 300.0
"""A job that pauses for its rate limit sleeps at least this long: what refuses for ten minutes wants more than one."""

UNREACHABLE_WAIT_S = 1800.0
"""Seconds after which a job that found nobody at the other end looks again."""


def rate_limit(wait_s: float, message: str, at: float) -> Halt:
    """The provider wants a longer wait than a running job should sit out.

    Args:
        wait_s: seconds that it asks for, or that were guessed.
        message: what it said.
        at: Unix time in seconds.
    """
    asks = f"asks to wait {span(wait_s)}" if wait_s > GIVE_UP_S else "keeps refusing for its rate limit"
    wake_at = at + max(wait_s, LEAST_WAIT_S)
    return Halt(JobState.PAUSED, "rate_limit", f"the provider {asks}: {message}", wake_at)


def unreachable(lasted_s: float, message: str, at: float) -> Halt:
    """Nobody has answered for so many seconds; `message` is how the last request ended, `at` Unix time."""
    text = f"the provider has not answered for {span(lasted_s)}: {message}"
    return Halt(JobState.PAUSED, "provider_unreachable", text, at + UNREACHABLE_WAIT_S)


def out_of_budget(budget: Budget, bound_usd: float) -> Halt:
    """Nothing is in flight, and the next request may cost more than is left."""
    assert budget.limit_usd is not None, "without a limit everything fits"
    text = (
        f"the budget is used up: {dollars(budget.spent_usd)} of {dollars(budget.limit_usd)} spent, "
        f"and the next request may cost up to {dollars(bound_usd)}"
    )
    return Halt(JobState.STOPPED, "budget", text)
