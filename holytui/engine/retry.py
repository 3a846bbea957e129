"""When a step is tried again, and after how long."""

import random
from collections.abc import Awaitable, Callable

import tenacity

from holytui.core.failures import RULES
from holytui.core.timeouts import BACKOFF_CAP_S, BACKOFF_FIRST_S
from holytui.engine.report import AttemptFailed


def backoff_s(attempts: int) -> float:
    """Seconds to wait after this many attempts: uniform(0, min(30, 0.5 * 2^n))."""
    return random.uniform(0.0, min(BACKOFF_CAP_S, BACKOFF_FIRST_S * 2.0**attempts))


def retrying(
    attempts_used: Callable[[], int],
    max_attempts: int,
    sleep: Callable[[float], Awaitable[None]],
) -> tenacity.AsyncRetrying:
    """The policy of one step.

    Args:
        attempts_used: attempts of this round so far, over all sessions; tenacity's own count starts
            anew with each session and would count what must not be counted.
        max_attempts: of the job.
        sleep: interruptible; raises when the job pauses or stops.
    """
    return tenacity.AsyncRetrying(
        stop=lambda state: attempts_used() >= max_attempts,
        wait=lambda state: backoff_s(attempts_used()),
        retry=tenacity.retry_if_exception(_worth_another),
        sleep=sleep,
        reraise=True,
    )


def _worth_another(error: BaseException) -> bool:
    return isinstance(error, AttemptFailed) and RULES[error.kind].retried
