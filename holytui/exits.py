"""Exit codes, and which of them an error or a finished session stands for (design, section 7)."""

from enum import IntEnum

from holytui.core.job import JobFileError
from holytui.core.progress import JobState, Snapshot
from holytui.inputs.source import InputProblem
from holytui.provider.simulator import SimulatorError
from holytui.runs.background import BackgroundFailed
from holytui.runs.endpoint import EndpointError
from holytui.runs.errands import OwnerSilent
from holytui.runs.prepare import PrepareError
from holytui.store.checkpoint import CheckpointError
from holytui.store.lock import OwnedElsewhere


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    BREAKER = 3
    BUDGET = 4
    OWNED = 5
    STOPPED = 6
    CHECKPOINT = 7
    WAIT = 8
    HANGUP = 129
    INTERRUPT = 130
    TERMINATED = 143


ERRORS: dict[type[Exception], Exit] = {
    JobFileError: Exit.USAGE,
    PrepareError: Exit.USAGE,
    EndpointError: Exit.USAGE,
    InputProblem: Exit.USAGE,
    SimulatorError: Exit.USAGE,
    BackgroundFailed: Exit.USAGE,
    OwnedElsewhere: Exit.OWNED,
    OwnerSilent: Exit.OWNED,
    CheckpointError: Exit.CHECKPOINT,
}

_BREAKER_REASONS = frozenset({"auth", "quota", "model_not_found", "refused"})
_WAIT_REASONS = frozenset({"rate_limit", "provider_unreachable"})


def code_of(error: Exception) -> Exit | None:
    """The exit code of an error that has a sentence for people; None for a defect of ours."""
    for kind, code in ERRORS.items():
        if isinstance(error, kind):
            return code
    return None


def code_after(snapshot: Snapshot, failed_before: int) -> Exit:
    """The exit code of a command that ran a job.

    Args:
        snapshot: at the end of the session.
        failed_before: items that had failed before it began.
    """
    match snapshot.state:
        case JobState.COMPLETED:
            return Exit.OK
        case JobState.COMPLETED_WITH_FAILURES:
            return Exit.SOME_FAILED
        case JobState.STOPPED if snapshot.reason in _BREAKER_REASONS:
            return Exit.BREAKER
        case JobState.STOPPED if snapshot.reason == "budget":
            return Exit.BUDGET
        case JobState.STOPPED:
            return Exit.STOPPED
        case JobState.PAUSED if snapshot.reason == "limit":
            return Exit.SOME_FAILED if snapshot.counters.failed > failed_before else Exit.OK
        case JobState.PAUSED if snapshot.reason in _WAIT_REASONS:
            return Exit.WAIT
        case JobState.PAUSED:
            return Exit.STOPPED
        case _:
            return Exit.CHECKPOINT if snapshot.reason == "checkpoint" else Exit.USAGE
