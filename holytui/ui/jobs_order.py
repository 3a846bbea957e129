"""In which order jobs stand, and which job comes next to which."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from holytui.core.progress import LIVE_STATES, JobState
from holytui.store.catalog import JobEntry
from holytui.ui.draw.words import NEEDS_A_PERSON


class JobColumn(StrEnum):
    """What jobs can be sorted by; the value is the word for it."""

    ATTENTION = "attention"
    NAME = "name"
    STATE = "state"
    DONE = "done"
    FAILED = "failed"
    SPENT = "spent"
    WHEN = "when"


UPWARDS = frozenset({JobColumn.ATTENTION, JobColumn.NAME, JobColumn.STATE})
"""Columns whose smallest value comes first, unless it is asked for the other way round."""

_STATES = (
    JobState.STOPPED,
    JobState.INTERRUPTED,
    JobState.RUNNING,
    JobState.PREPARING,
    JobState.PAUSING,
    JobState.PAUSED,
    JobState.COMPLETED_WITH_FAILURES,
    JobState.READY,
    JobState.COMPLETED,
)


@dataclass(frozen=True, slots=True)
class JobsOrder:
    """A column, and whether its natural direction is turned round.

    Naturally names go from a to z, states from those that need a person on, numbers from the largest, times from
    the newest.
    """

    column: JobColumn = JobColumn.ATTENTION
    reverse: bool = False

    def next_column(self) -> "JobsOrder":
        """By the next column, in its natural direction."""
        columns = list(JobColumn)
        return JobsOrder(columns[(columns.index(self.column) + 1) % len(columns)])

    def turned(self) -> "JobsOrder":
        return JobsOrder(self.column, not self.reverse)

    @property
    def upwards(self) -> bool:
        """The smallest value stands first."""
        return (self.column in UPWARDS) is not self.reverse

    def words(self) -> str:
        """The order for a person; nothing for the one that screens open with."""
        column, reverse = self.column, self.reverse
        if self == JobsOrder():
            return ""
        if column is JobColumn.WHEN:
            return f"by {column.value}, {'oldest' if reverse else 'newest'} first"
        if column not in UPWARDS:
            return f"by {column.value}, {'smallest' if reverse else 'largest'} first"
        return f"by {column.value}, last first" if reverse else f"by {column.value}"

    def arrange(self, entries: Sequence[JobEntry]) -> list[JobEntry]:
        """The jobs in this order; what has no value stands last either way, equal ones by attention."""
        ordered = sorted(entries, key=_attention)
        if self.column is JobColumn.ATTENTION:
            return ordered[::-1] if self.reverse else ordered
        valued = [(value, entry) for entry in ordered if (value := _value(self.column, entry)) is not None]
        known = sorted(valued, key=lambda pair: pair[0], reverse=not self.upwards)
        return [entry for _, entry in known] + [entry for entry in ordered if _value(self.column, entry) is None]


def neighbour(entries: Sequence[JobEntry], order: Sequence[str], job_id: str, by: int) -> str | None:
    """The job before or after one: of those that are alive, else of all that can be read; None: there is no other.

    Args:
        entries: the saved jobs.
        order: their ids as they stand on the jobs screen.
        job_id: where to start from.
        by: 1 for the next, -1 for the one before.
    """
    readable = {entry.job_id: _is_alive(entry) for entry in entries if entry.snapshot is not None}
    listed = [job for job in order if job in readable]
    listed += [job for job in readable if job not in listed]
    alive = [job for job in listed if readable[job] or job == job_id]
    ring = alive if set(alive) - {job_id} else listed
    if not set(ring) - {job_id}:
        return None
    place = ring.index(job_id) if job_id in ring else -max(by, 0)
    return ring[(place + by) % len(ring)]


def _is_alive(entry: JobEntry) -> bool:
    return entry.snapshot is not None and (entry.snapshot.owner is not None or entry.snapshot.state in LIVE_STATES)


def _attention(entry: JobEntry) -> tuple[int, float, str]:
    """What needs a person first, then what runs, then by time, newest first."""
    snapshot = entry.snapshot
    group = 0 if snapshot is None or snapshot.state in NEEDS_A_PERSON else 1 if snapshot.state in LIVE_STATES else 2
    at = 0.0 if snapshot is None else snapshot.ended_at or snapshot.started_at or 0.0
    return group, -at, entry.job_id


def _value(column: JobColumn, entry: JobEntry) -> tuple[float, str] | None:
    snapshot = entry.snapshot
    if column is JobColumn.NAME:
        return 0.0, entry.job_id
    if snapshot is None:
        return None
    number: float | None = None
    match column:
        case JobColumn.STATE:
            return float(_STATES.index(snapshot.state)), snapshot.reason
        case JobColumn.DONE:
            number = snapshot.counters.succeeded
        case JobColumn.FAILED:
            number = snapshot.counters.failed
        case JobColumn.SPENT:
            # What was simulated was not charged.
            number = 0.0 if snapshot.simulated else snapshot.counters.spend.money.usd
        case JobColumn.WHEN:
            number = float("inf") if snapshot.owner is not None else snapshot.ended_at or snapshot.started_at
    return None if number is None else (number, "")
