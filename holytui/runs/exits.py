"""Exit codes, and which of them a finished session stands for (design, section 7)."""

from enum import IntEnum

from holytui.core.progress import JobState, Snapshot


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
    DEFECT = 70
    """EX_SOFTWARE of sysexits(3): a defect of ours, never one of the codes that mean something for a job."""

    HANGUP = 129
    INTERRUPT = 130
    TERMINATED = 143


_BY_REASON = {
    (JobState.STOPPED, "auth"): Exit.BREAKER,
    (JobState.STOPPED, "quota"): Exit.BREAKER,
    (JobState.STOPPED, "model_not_found"): Exit.BREAKER,
    (JobState.STOPPED, "refused"): Exit.BREAKER,
    (JobState.STOPPED, "budget"): Exit.BUDGET,
    (JobState.PAUSED, "rate_limit"): Exit.WAIT,
    (JobState.PAUSED, "provider_unreachable"): Exit.WAIT,
    (JobState.INTERRUPTED, "checkpoint"): Exit.CHECKPOINT,
    (JobState.INTERRUPTED, "hangup"): Exit.HANGUP,
    (JobState.INTERRUPTED, "terminated"): Exit.TERMINATED,
}
_BY_STATE = {
    JobState.COMPLETED: Exit.OK,
    JobState.COMPLETED_WITH_FAILURES: Exit.SOME_FAILED,
    JobState.STOPPED: Exit.STOPPED,
    JobState.PAUSED: Exit.STOPPED,
}


def code_after(snapshot: Snapshot, failed_before: int) -> Exit:
    """The exit code of a command that ran a job.

    Args:
        snapshot: at the end of the session.
        failed_before: items that had failed before it began.
    """
    if (snapshot.state, snapshot.reason) == (JobState.PAUSED, "limit"):
        return Exit.SOME_FAILED if snapshot.counters.failed > failed_before else Exit.OK
    by_state = _BY_STATE.get(snapshot.state, Exit.DEFECT)
    return _BY_REASON.get((snapshot.state, snapshot.reason), by_state)
