"""Where jobs stand, as the JSON that is sent: rendered once for everybody who asks, read as rarely as it changes."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from holytui.api.hosting import Hosting
from holytui.api.words import for_clients
from holytui.core.progress import Snapshot
from holytui.core.status_json import StatusJson
from holytui.offload import offload
from holytui.runs.comparing import comparison
from holytui.store.catalog import Catalog, JobEntry, snapshot_of
from holytui.store.trouble import CheckpointError

LOOK_S = 0.5
"""A job that does not run here is looked at this often at most, however many ask: its owner tells no more often."""


class TaskStatus(StatusJson):
    """What `holytui status --json` says, with the task's id and how much of it is done.

    `percent` rounds down: 100 means that every item has a result.
    """

    task_id: str
    percent: float


class Unreadable(TypedDict):
    """A task that cannot be read, and why."""

    task_id: str
    job: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a job and its JSON; `resting`: nobody runs it."""

    snapshot: Snapshot
    body: bytes

    @property
    def resting(self) -> bool:
        return self.snapshot.owner is None or self.snapshot.ended_at is not None


def task_status(snapshot: Snapshot) -> TaskStatus:
    """A snapshot as it is sent."""
    counters = snapshot.counters
    done = counters.succeeded + counters.failed
    percent = 1000 * done // counters.total / 10 if counters.total else 0.0
    status = snapshot.to_json()
    message = status["message"]
    status["message"] = None if message is None else for_clients(message)
    return {"task_id": snapshot.job, "percent": percent, **status}


class Statuses:
    """Lives on the server's loop."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._catalog = Catalog(hosting.checkpoints)
        self._looking = asyncio.Lock()
        self._here: dict[str, Shown] = {}
        self._elsewhere: dict[str, _Look] = {}
        self._entries: dict[Path, tuple[JobEntry, bytes]] = {}
        self._all: tuple[float, list[JobEntry]] = (0.0, [])

    async def shown(self, job_id: str, *, after_command: bool = False) -> Shown:
        """Where a job stands.

        Args:
            job_id: of it.
            after_command: it was told something just now: what was seen before does not count.

        Raises:
            Refused: there is none of this id (404).
            CheckpointError: it cannot be read.
        """
        snapshot = self._hosting.here(job_id)
        if snapshot is not None:
            return self._rendered(job_id, snapshot)
        folder = self._hosting.folder(job_id)
        look = self._elsewhere.setdefault(job_id, _Look())
        async with look.lock:
            ended_here = self._here.pop(job_id, None) is not None
            if look.shown is None or ended_here or after_command or time.monotonic() - look.at > LOOK_S:
                look.shown = await offload(lambda: self._read(folder))
                look.at = time.monotonic()
            return look.shown

    async def all(self) -> bytes:
        """Every job of the checkpoint folder: an array of what `shown` has for each, or why it cannot be read.

        Raises:
            CheckpointError: the folder itself cannot be read.
        """
        async with self._looking:
            at, entries = self._all
            if time.monotonic() - at > LOOK_S:
                entries = await offload(self._catalog.jobs)
                for entry in entries:
                    if entry.folder == self._hosting.checkpoints:
                        raise CheckpointError(entry.problem or "the checkpoint folder cannot be read")
                fresh = [entry for entry in entries if self._entries.get(entry.folder, (None,))[0] is not entry]
                rendered = await offload(lambda: [(entry.folder, (entry, self._entry(entry))) for entry in fresh])
                kept = {entry.folder for entry in entries}
                self._entries = {
                    folder: known for folder, known in {**self._entries, **dict(rendered)}.items() if folder in kept
                }
                self._all = (time.monotonic(), entries)
            parts = []
            for entry in entries:
                here = self._hosting.here(entry.job_id)
                own = None if here is None else self._rendered(entry.job_id, here)
                parts.append(self._entries[entry.folder][1] if own is None else own.body)
        return b"[%s]" % b",".join(parts)

    def _rendered(self, job_id: str, snapshot: Snapshot) -> Shown:
        known = self._here.get(job_id)
        if known is None or known.snapshot is not snapshot:
            known = self._here[job_id] = _shown(snapshot)
        return known

    def _read(self, folder: Path) -> Shown:
        return _shown(comparison(folder, self._hosting.tables)(snapshot_of(folder)))

    def _entry(self, entry: JobEntry) -> bytes:
        if entry.snapshot is None:
            told: Unreadable = {"task_id": entry.job_id, "job": entry.job_id, "problem": entry.problem}
            return json.dumps(told).encode()
        return _shown(comparison(entry.folder, self._hosting.tables)(entry.snapshot)).body


class _Look:
    """What was seen of one job that does not run here, and when."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.shown: Shown | None = None
        self.at = 0.0


def _shown(snapshot: Snapshot) -> Shown:
    return Shown(snapshot, json.dumps(task_status(snapshot)).encode())
