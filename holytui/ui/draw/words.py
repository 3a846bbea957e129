"""The words of the screens: states with their reasons, times, advice."""

from datetime import datetime

from rich.style import Style

from holytui.core.display import count, usd
from holytui.core.failures import RULES, FailureKind
from holytui.core.progress import JobState, Snapshot
from holytui.ui.draw.pen import JOB_GLYPHS, Pen

REASONS = {
    "auth": "key",
    "quota": "balance",
    "model_not_found": "model",
    "budget": "budget",
    "refused": "refused",
    "user": "you",
    "rate_limit": "rate limit",
    "provider_unreachable": "no provider",
    "limit": "first ones done",
}
NEEDS_A_PERSON = (JobState.STOPPED, JobState.INTERRUPTED)


def state_words(snapshot: Snapshot) -> str:
    """The state as a glyph and words."""
    glyph, state = JOB_GLYPHS[snapshot.state], snapshot.state
    match state:
        case JobState.COMPLETED_WITH_FAILURES:
            return f"{glyph} with failures"
        case JobState.PAUSING:
            return f"{glyph} pausing: {snapshot.requests_in_flight} finish"
        case JobState.PAUSED if snapshot.wake_at is not None:
            return f"{glyph} paused until {clock(snapshot.wake_at)}"
        case JobState.PAUSED | JobState.STOPPED if snapshot.reason:
            return f"{glyph} {state.value}: {REASONS.get(snapshot.reason, snapshot.reason)}"
    return f"{glyph} {state.value}"


def state_style(pen: Pen, state: JobState) -> Style:
    """A colour that helps; the word says it anyway."""
    match state:
        case JobState.RUNNING | JobState.COMPLETED:
            return pen.palette.good
        case JobState.STOPPED | JobState.INTERRUPTED | JobState.COMPLETED_WITH_FAILURES:
            return pen.palette.bad
        case JobState.PAUSED | JobState.PAUSING:
            return pen.palette.warn
    return pen.palette.plain


def clock(at: float | None, *, seconds: bool = False) -> str:
    """Local wall clock."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S" if seconds else "%H:%M")


def when(snapshot: Snapshot, now: float) -> str:
    """When something last happened: now, today's time, a weekday, a date."""
    if snapshot.owner is not None:
        return "now"
    at = snapshot.ended_at or snapshot.started_at
    if at is None:
        return ""
    moment, today = datetime.fromtimestamp(at).astimezone(), datetime.fromtimestamp(now).astimezone()
    if moment.date() == today.date():
        return moment.strftime("%H:%M")
    if (today.date() - moment.date()).days < 7:
        return moment.strftime("%a")
    return f"{moment.day} {moment.strftime('%b')}"


def spent(snapshot: Snapshot) -> str:
    """Money spent; a simulated run charged nothing and says so."""
    if snapshot.simulated:
        return "simulated"
    return usd(snapshot.counters.spend.money)


def meaning(kind: str) -> str:
    return RULES[FailureKind(kind)].meaning


def advice(kind: str) -> str:
    return RULES[FailureKind(kind)].advice


def failed_words(snapshot: Snapshot) -> str:
    """How many failed, and of which kinds."""
    failures = sorted(snapshot.counters.failures.items(), key=lambda pair: -pair[1])
    if not failures:
        return ""
    kinds = ", ".join(f"{count(number)} {kind}" for kind, number in failures[:3])
    rest = sum(number for _, number in failures[3:])
    more = f", {count(rest)} other" if rest else ""
    return f"{count(snapshot.counters.failed)} failed: {kinds}{more}."


def worth_retrying(snapshot: Snapshot) -> int:
    """Failed items of kinds that may succeed another time."""
    failures = snapshot.counters.failures.items()
    return sum(number for kind, number in failures if not RULES[FailureKind(kind)].same_again)
