"""Words that screens and lines share: a job's state with its reason, times of day, failures by number."""

import re
from collections.abc import Mapping
from datetime import datetime

from holytui.core.display import cell_width, count, safe, span
from holytui.core.failures import RULES, FailureKind
from holytui.core.identity import job_id_of
from holytui.core.learning import ENOUGH, LearnedClock, tier_words
from holytui.core.progress import JobState, LogLine, Snapshot

GLYPHS = {
    JobState.READY: "○",
    JobState.PREPARING: "◐",
    JobState.RUNNING: "●",
    JobState.PAUSING: "◐",
    JobState.PAUSED: "‖",
    JobState.STOPPED: "■",
    JobState.INTERRUPTED: "!",
    JobState.COMPLETED: "✓",
    JobState.COMPLETED_WITH_FAILURES: "✗",
}
REASONS = {
    "auth": "key",
    "quota": "balance",
    "model_not_found": "model",
    "budget": "budget",
    "refused": "refused",
    "user": "you",
    "rate_limit": "rate limit",
    "provider_unreachable": "no provider",
    "limit": "limit",
}


_FIRST_DONE = re.compile(r"paused: first \d+ done")
"""How the message begins of a session that was asked for some items only: it knows how many."""


def state_words(snapshot: Snapshot) -> str:
    """The state as a glyph and words."""
    glyph, state = GLYPHS[snapshot.state], snapshot.state
    match state:
        case JobState.COMPLETED_WITH_FAILURES:
            return f"{glyph} with failures"
        case JobState.PAUSING:
            return f"{glyph} pausing: {snapshot.requests_in_flight} finish"
        case JobState.PAUSED if snapshot.wake_at is not None:
            return f"{glyph} paused until {clock(snapshot.wake_at)}"
        case JobState.PAUSED if snapshot.reason == "limit" and (done := _FIRST_DONE.match(snapshot.message)):
            return f"{glyph} {done.group()}"
        case JobState.PAUSED | JobState.STOPPED if snapshot.reason:
            return f"{glyph} {state.value}: {REASONS.get(snapshot.reason, snapshot.reason)}"
    return f"{glyph} {state.value}"


def state_cell(snapshot: Snapshot, width: int) -> str:
    """The state for a narrow column; the glyph says already that a job is paused."""
    words = state_words(snapshot)
    return words if cell_width(words) <= width else words.replace("paused: ", "")


def title_of(snapshot: Snapshot) -> str:
    """What to call a job: its name, or, where it was given an id of its own, that."""
    return snapshot.name if job_id_of(snapshot.name) == snapshot.job else snapshot.job


def clock(at: float | None, *, seconds: bool = False) -> str:
    """A moment, in Unix seconds, as the local wall clock shows it; empty for none."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")


def repeats(event: LogLine) -> str:
    """How often something happened, and within what time: `x14 in 6 min`; empty for once."""
    if event.count == 1:
        return ""
    lasted = event.last - event.first
    return f"x{count(event.count)}" + (f" in {span(lasted)}" if lasted >= 1 else "")


def by_count(failures: Mapping[str, int]) -> list[tuple[str, int]]:
    """Kinds with their numbers, the most frequent first."""
    return sorted(failures.items(), key=lambda pair: (-pair[1], pair[0]))


def worth_retrying(snapshot: Snapshot) -> int:
    """Failed items of kinds that may succeed another time."""
    counters = snapshot.counters
    return sum(
        number - counters.given_up.get(kind, 0)
        for kind, number in counters.failures.items()
        if not RULES[FailureKind(kind)].same_again
    )


def learned_words(learned: LearnedClock) -> str:
    """An attempt clock and where its length comes from."""
    about = f"{safe(learned.step)}, {safe(learned.model)}, {tier_words(learned.tier)}"
    if learned.seconds is None:
        return f"Clock {about}: not learned yet, {learned.observed} of {ENOUGH} answers"
    return f"Clock {about}: {learned.seconds:.0f} s, learned from {count(learned.observed)} answers"
