"""A worker as the owner of a run sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOCAL = "local"
"""The name of the executor without workers: items run in the owner's process."""


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A process on this or another machine that runs items of a job.

    Attributes:
        name: unique among workers: host, pid and the second of its start.
        host, pid: where it runs.
        alive: it was heard of within the last seconds.
        in_flight: requests of this job under way there.
        concurrency: requests it may have in flight at most, for all jobs together.
        share: requests of this job that it may have in flight now.
        rate_per_s: results of this job a second, lately.
        seen_at: when it was last heard of, Unix seconds.
    """

    name: str
    host: str
    pid: int
    alive: bool
    in_flight: int
    concurrency: int
    share: int
    rate_per_s: float
    seen_at: float

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "WorkerSeen":
        """What `asdict` made."""
        return cls(**data)
