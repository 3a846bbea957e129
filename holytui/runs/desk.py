"""What a front end asks for: jobs, samples, previews, runs. The terminal UI knows runs only through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from holytui.core.command import Command
from holytui.core.estimate import Estimate
from holytui.core.identity import job_id_of
from holytui.core.job_problems import Problem
from holytui.core.pricing import NOTHING, Money
from holytui.core.spread import Range
from holytui.core.workers import WorkerSeen
from holytui.runs.estimating import Told, nobody
from holytui.runs.handle import RunHandle
from holytui.store.catalog import JobEntry
from holytui.store.reader import Reader

JobSource = Path | str
"""A job file's path, or the id of a saved job."""


class Leaving(StrEnum):
    """Why this process ends its runs."""

    QUIT = "quit"
    HANGUP = "hangup"
    TERMINATED = "terminated"
    CRASHED = "crashed"


class DeskError(Exception):
    """What was asked for cannot be done; the message says why and the way out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A job file that comes along."""

    name: str
    path: Path
    description: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """Steps that have another text than when the job ran.

    Attributes:
        steps: their names.
        answered: items that have answers to the old text.
        again: what asking those again and what is pending comes to, in USD; None: nobody knows.
    """

    steps: tuple[str, ...]
    answered: int
    again: Range | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A job before it is started.

    Attributes:
        source: where it comes from, for a person.
        key_note: what is to be said about the key; key_ok: whether it can be sent as it is.
        existing: there is a job; what it has spent, how many items of it failed, and what has changed since.
        blockers: why it cannot be started, each a sentence.
        unsavable: those of them that are about the checkpoint folder.
        variable: that the key is read from, None where none is sent; key_missing: it is not set.
        on_workers: its items are to run there, with keys of their own; place: where they are reached, for a person.
    """

    job_id: str
    name: str
    source: str
    estimate: Estimate
    key_note: str
    key_ok: bool
    saved_in: Path
    existing: bool
    blockers: tuple[str, ...]
    unsavable: tuple[str, ...] = ()
    variable: str | None = None
    key_missing: bool = False
    spent: Money = NOTHING
    failed: int = 0
    changed: Changed | None = None
    on_workers: bool = False
    place: str = ""

    @property
    def title(self) -> str:
        """What to call the job: its name, or, where it has an id of its own, that."""
        return self.name if job_id_of(self.name) == self.job_id else self.job_id

    @property
    def idle(self) -> bool:
        """There is a job with nothing left to ask, and nothing to decide."""
        return self.existing and not self.estimate.pending and self.changed is None


@dataclass(frozen=True, slots=True)
class Glance:
    """A job file while it is written.

    Attributes:
        problems: what is to be mended before it can be started.
        prompts: the first that it makes, as (item id, step, text); foreign text.
    """

    problems: tuple[Problem, ...]
    prompts: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyNote:
    """What is to be said about a key that nobody was asked about yet.

    Attributes:
        ok: the job could be sent with it.
        missing: its variable is not set.
        on_workers: it is theirs, and not sent from here.
    """

    words: str
    ok: bool
    missing: bool = False
    on_workers: bool = False


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """What a provider says about a job's key and models.

    Attributes:
        words: for the line that `Preview.key_note` stands on.
        bad: the job would stop at its first answer; it can be started all the same.
        advice: what to do first, each a sentence.
        refused: it is the key that is bad.
    """

    words: str
    bad: bool = False
    advice: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Shelved:
    """What came of moving a job.

    Attributes:
        job_id: the job that it is about; after a delete there is none of that id.
        words: for a person.
        was: the job's id before, or the id of the job that it was made from; empty where there is neither.
        renamed: there is no job `was` any more.
    """

    job_id: str
    words: str
    was: str = ""
    renamed: bool = False


class Shelf(Protocol):
    """Moves jobs at rest about; every call blocks: it waits for a job's lock, and for the disk."""

    def rename(self, job_id: str, new_id: str) -> Shelved:
        """Give a job another id; its job file finds it as before."""

    def duplicate(self, job_id: str, new_id: str) -> Shelved:
        """Make a new job of the same definition, with nothing done and nothing spent."""

    def delete(self, job_id: str) -> Shelved:
        """Move a job into the trash."""

    def undo(self) -> Shelved:
        """Take back the last rename or delete, and the one before it the next time."""


class Desk(Protocol):
    """Every call that is not said to block returns within milliseconds."""

    @property
    def checkpoints(self) -> Path:
        """The checkpoint folder."""

    @property
    def shelf(self) -> Shelf:
        """Renames, makes again, deletes."""

    @property
    def trouble(self) -> str:
        """Why the checkpoint folder cannot be listed, as a sentence; empty where it can, or is still to be made."""

    def jobs(self) -> Sequence[JobEntry]:
        """The saved jobs."""

    def samples(self) -> Sequence[Sample]:
        """The job files that come along."""

    def preview(self, source: JobSource, told: Told = nobody) -> Preview:
        """What starting this would do and cost; blocks while it reads the input, and tells how far it is."""

    def wish(
        self,
        source: JobSource,
        preview: Preview,
        *,
        budget_usd: float | None = None,
        api_key: str | None = None,
        on_workers: bool | None = None,
    ) -> Preview:
        """Keep a budget, a key, or where it runs for this session of holytui; the preview with it.

        Blocks where workers are wished for: what talks to them may have to be imported.
        """

    def workers(self) -> Sequence[WorkerSeen]:
        """Who would take items now; blocks for some seconds at most."""

    def glance(self, text: str, path: Path, *, new: bool = True) -> Glance:
        """What is wrong with a job file's text; of a new job also its first prompts. Blocks while it reads them."""

    def job_file(self, source: JobSource) -> Path | None:
        """The job file of a job, where it is still there."""

    def check(self, source: JobSource) -> KeyCheck:
        """Ask the provider for its models: is it there, does it take the key; costs nothing, blocks some seconds."""

    def start(
        self, source: JobSource, *, api_key: str | None = None, limit: int | None = None, drift: str | None = None
    ) -> RunHandle:
        """Create or resume a job and run it in this process; with a limit until so many more have a result.

        Where its steps have changed `drift` says what becomes of the answers they have: `run` or `keep`.
        """

    def key_note(self, source: JobSource) -> KeyNote:
        """What is to be said about the key that a job would be sent with; nobody is asked."""

    def retry(self, job_id: str, command: Command) -> RunHandle:
        """Return failed items of a resting job to pending and run it in this process."""

    def triage(self, job_id: str, command: Command) -> str:
        """Accept, give up, undo, or change the budget, whoever runs the job; what came of it. Blocks."""

    def view(self, job_id: str) -> RunHandle:
        """The run of a job, here or elsewhere, or the job at rest."""

    def running_here(self) -> Sequence[RunHandle]:
        """Runs of this process that have not ended."""

    def reader(self, job_id: str) -> Reader:
        """Items, attempts and log of a job; to be closed."""

    def export(self, job_id: str, fmt: str) -> Path:
        """Write the answers into the working folder; blocks."""

    def leave_running(self, job_id: str) -> str:
        """Hand a run over to a background process; what to tell the user. Blocks."""

    def shutdown(self, why: Leaving = Leaving.QUIT) -> None:
        """End all runs of this process; blocks for two seconds at most."""
