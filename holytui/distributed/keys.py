"""Names in Redis. Everything of holytui's begins with `holytui:`, and nothing of it is a secret."""

import hashlib
from dataclasses import dataclass

PREFIX = "holytui:"
CELERY_PREFIX = f"{PREFIX}celery:"
"""Of the keys that Celery's transport makes."""

KEPT_S = 7 * 24 * 3600
"""Seconds for which names of slices that were lost are kept, and what is told of a job that nobody runs any more."""

WORKERS = f"{PREFIX}workers"
"""A set: names of workers that were there lately. Without times: clocks of machines need not agree."""


def worker(name: str) -> str:
    """What a worker says of itself; gone some seconds after the worker is."""
    return f"{PREFIX}worker:{name}"


def queue(name: str) -> str:
    """The queue of a worker: the owner decides who gets which items."""
    return f"holytui.{name}"


@dataclass(frozen=True, slots=True)
class JobKeys:
    """The keys of one job.

    Attributes:
        job: what tells jobs apart in one Redis, whatever they are called and wherever their folders are.
    """

    job: str

    @property
    def spec(self) -> str:
        """What workers need to know of the session."""
        return f"{PREFIX}{self.job}:spec"

    @property
    def orders(self) -> str:
        """What the owner wants now."""
        return f"{PREFIX}{self.job}:orders"

    @property
    def slices(self) -> str:
        """A hash: open slices by name, with the items in them."""
        return f"{PREFIX}{self.job}:slices"

    @property
    def gone(self) -> str:
        """A set: slices whose items run elsewhere now; who still has one lets go of it."""
        return f"{PREFIX}{self.job}:gone"

    @property
    def out(self) -> str:
        """A stream: what happened, from the workers to the owner's writer."""
        return f"{PREFIX}{self.job}:out"

    def at(self, name: str) -> str:
        """What a worker has in hand of the job."""
        return f"{PREFIX}{self.job}:at:{name}"


def job_keys(created_at: float, name: str) -> JobKeys:
    """The keys of the job that was made then (Unix seconds) with this name; a rename changes neither."""
    digest = hashlib.sha256(f"{created_at!r} {name}".encode("utf-8", "surrogatepass"))
    return JobKeys(digest.hexdigest()[:16])
