"""When a step is tried again, and after how long."""

import random
from collections.abc import Awaitable, Callable

import tenacity

from holytui.core.failures import RULES
from holytui.core.timeouts import BACKOFF_CAP_S, BACKOFF_FIRST_S
from holytui.engine.report import AttemptFailed

SHORTEST_SHARE = 0.6
"""Of the longest wait, for the shortest: from wait to wait it grows for certain, and still no two come together."""

LONGEST_ASKED_S = 60.0
"""An item waits no longer than this because an error other than 429 asked for it: it tells of one server of many."""


def backoff_s(attempts: int) -> float:
    """Seconds to wait after this many attempts: within min(30, 0.5 * 2^n), and not below 0.6 of it."""
    longest = min(BACKOFF_CAP_S, BACKOFF_FIRST_S * 2.0**attempts)
    return random.uniform(SHORTEST_SHARE * longest, longest)


def asked_s(failure: AttemptFailed | None) -> float:
    """Seconds that the provider asked the item to wait with its last error (RFC 9110, 10.2.3); 0 if it did not."""
    return 0.0 if failure is None or failure.retry_after_s is None else min(failure.retry_after_s, LONGEST_ASKED_S)


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
