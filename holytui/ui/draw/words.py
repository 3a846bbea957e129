"""The words of the screens: states with their reasons, times, advice."""

from datetime import datetime

from rich.style import Style

from holytui.core.display import about_usd, usd
from holytui.core.failures import RULES, FailureKind
from holytui.core.progress import JobState, Snapshot
from holytui.ui.draw.pen import Pen

NEEDS_A_PERSON = (JobState.STOPPED, JobState.INTERRUPTED)


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


def expected_cost(snapshot: Snapshot, items: int) -> str:
    """What so many more items will cost, by what the others did."""
    if snapshot.simulated:
        return "simulated: not charged"
    counters = snapshot.counters
    done = counters.succeeded + counters.failed
    money = counters.spend.money
    if money.usd is None or not done or not money.usd:
        return "cost not known yet"
    return about_usd(money.usd / done * items)


def in_vain(snapshot: Snapshot) -> str:
    """What breaking off all in flight throws away at most, as a part of a sentence; empty where it is nothing."""
    if snapshot.simulated or not snapshot.requests_in_flight:
        return ""
    return f" ({expected_cost(snapshot, snapshot.requests_in_flight)} paid in vain)"
