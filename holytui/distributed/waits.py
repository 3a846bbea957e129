"""What a job on workers waits for, for a person, where the owner's own door does not say it."""

from collections.abc import Sequence

from holytui.core.display import span
from holytui.distributed.roster import Worker

LEAST_S = 1.0
"""A shorter wait is nothing to tell anybody; and what a worker says is old by some tenths of a second."""


def shut_words(able: Sequence[Worker], own_s: float | None) -> str:
    """That workers keep a gate shut of which the owner knows nothing: another job of theirs was refused.

    Args:
        able: the workers that take items of this job.
        own_s: seconds until the owner's own gate opens, else None.
    """
    shut = [one.gate_s for one in able if one.gate_s > LEAST_S + (own_s or 0.0)]
    if not shut:
        return ""
    whom = "on the workers" if len(shut) == len(able) else f"on {len(shut)} of {len(able)} workers"
    return f"429 to another job {whom}: the gate opens in {span(max(shut))}"
