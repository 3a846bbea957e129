"""What the footer of the run screen offers: what makes sense now, and what of it goes first where there is no room."""

from collections.abc import Iterable, Mapping, Sequence

from holytui.core.progress import LIVE_STATES, JobState, Snapshot

Verb = tuple[str, str]
"""Action id and the word for it."""


def verbs(snapshot: Snapshot, own: Sequence[Verb], *, here: bool) -> Iterable[Verb]:
    """In the order in which they stand.

    Args:
        snapshot: of the run.
        own: of the panel that has the keys, what enter does first.
        here: the run is this process's own.
    """
    if _at_its_budget(snapshot):
        yield "budget", "budget"
    yield from own[:1]
    yield from _onward(snapshot)
    if snapshot.counters.failed:
        yield "retry", "retry"
        yield "retry_all", "all failed"
        yield "retry_with", "retry with"
        yield "accept", "accept"
    if "filter" not in dict(own):
        yield "filter", "filter"
    yield from own[1:]
    if snapshot.pending and not _at_its_budget(snapshot):
        yield "budget", "budget"
    yield from _live(snapshot, here=here)
    yield "back", "jobs"
    yield "help", "help"
    yield "quit", "quit"


def spare(snapshot: Snapshot, own: Mapping[str, str]) -> Iterable[str]:
    """Ids that the footer does without first; what is about the panel that has the keys stays longest."""
    yield from ("quit", "more fewer", "accept", "sort", "regroup", "retry_all")
    if not _at_its_budget(snapshot):
        yield "budget"
    yield from (name for name in ("filter", "export", "back", "detach") if name not in own)
    yield from ("retry_with", "mark")


def _at_its_budget(snapshot: Snapshot) -> bool:
    return snapshot.state is JobState.STOPPED and snapshot.reason == "budget"


def _onward(snapshot: Snapshot) -> Iterable[Verb]:
    if snapshot.state in {JobState.RUNNING, JobState.PREPARING}:
        yield "pause", "pause"
    elif snapshot.pending or snapshot.state is JobState.PAUSING:
        yield "pause", "resume"


def _live(snapshot: Snapshot, *, here: bool) -> Iterable[Verb]:
    """What an owner can be told, and what there is to take away."""
    live = snapshot.state in LIVE_STATES or (snapshot.state is JobState.PAUSED and snapshot.owner is not None)
    if live:
        yield "more fewer", "concurrency"
    if snapshot.counters.succeeded:
        yield "export", "export"
    if live and here:
        yield "detach", "detach"
    if live:
        yield "stop", "stop"
