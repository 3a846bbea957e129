"""What a program is told of a run: how far it is, and what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from holytui.core.display import span
from holytui.core.item_json import ItemJson
from holytui.core.pricing import Money
from holytui.core.progress import JobState, Snapshot
from holytui.library.choosing import check_status
from holytui.runs.exits import Exit
from holytui.store.export import rows
from holytui.store.reader import Reader


class _Figures:
    """The figures of a job, out of a snapshot of it."""

    snapshot: Snapshot

    def __repr__(self) -> str:
        """The line for a person: what a notebook shows; all figures are in `snapshot`."""
        return f"<{type(self).__name__} {self}>"

    @property
    def job(self) -> str:
        """The job's id: the name of its folder, and what `holytui status` takes."""
        return self.snapshot.job

    @property
    def state(self) -> str:
        """`completed`, `completed_with_failures`, `paused`, `stopped`, …, as `holytui status --json` has it."""
        return self.snapshot.state.value

    @property
    def reason(self) -> str:
        """Why it is paused or stopped: `user`, `limit`, `auth`, `budget`, …; empty where there is nothing to say."""
        return self.snapshot.reason

    @property
    def message(self) -> str:
        """The same as a sentence with the way out; empty where there is nothing to say."""
        return self.snapshot.message

    @property
    def total(self) -> int:
        """Items of the job; succeeded, failed and pending ones together."""
        return self.snapshot.counters.total

    @property
    def succeeded(self) -> int:
        """Items whose answers are in the checkpoint."""
        return self.snapshot.counters.succeeded

    @property
    def failed(self) -> int:
        """Items that are given up until a retry."""
        return self.snapshot.counters.failed

    @property
    def pending(self) -> int:
        """Items without a result, those in flight among them."""
        return self.snapshot.counters.pending

    @property
    def failures(self) -> Mapping[str, int]:
        """Failed items by kind, such as `timeout.stall`."""
        return dict(self.snapshot.counters.failures)

    @property
    def cost(self) -> Money:
        """What the job has cost over all its sessions: `usd`, None where nobody knows, and `kind`."""
        return self.snapshot.counters.spend.money


@dataclass(frozen=True, slots=True, repr=False)
class Progress(_Figures):
    """How far a job is. Everything it counts is in the checkpoint already.

    Attributes:
        snapshot: all that is known at this moment; seconds, USD, tokens.
    """

    snapshot: Snapshot

    @property
    def percent(self) -> float:
        """Items with a result, failed ones too, from 0.0 to 100.0; 100.0 only when there is one for each."""
        counters = self.snapshot.counters
        done = counters.total - counters.pending
        return done * 1000 // counters.total / 10 if counters.total else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds until the end, the middle of what is likely; None while nobody knows, 0.0 at the end."""
        if self.snapshot.counters.total and not self.snapshot.counters.pending:
            return 0.0
        middle = self.snapshot.eta.mid
        return None if middle is None else round(middle, 1)

    def __str__(self) -> str:
        """A line for a person."""
        failed = f", {self.failed:,} failed" if self.failed else ""
        left = f", {span(self.eta)} left" if self.eta else ""
        return f"{self.percent:.1f} %: {self.succeeded + self.failed:,} of {self.total:,}{failed}{left}"


@dataclass(frozen=True, slots=True, repr=False)
class Result(_Figures):
    """What became of a run. Its rows are read from the checkpoint, a page at a time.

    Attributes:
        snapshot: as the session ended.
        folder: of the job, absolute.
        exit_code: what `holytui run` would have ended with: 0 all succeeded, 1 some failed, 3 stopped by key, balance,
            model or job, 4 by the budget, 6 by somebody, 8 paused by the provider's limit.
        began_beside: the id of the job that it would have resumed, where a new one was begun beside it; else None.
    """

    snapshot: Snapshot
    folder: Path
    exit_code: int
    began_beside: str | None = None

    @property
    def ok(self) -> bool:
        """Every item of the job has its answers."""
        return self.snapshot.state is JobState.COMPLETED

    @property
    def finished(self) -> bool:
        """Every item of the job has a result; some may have failed."""
        return self.exit_code in {Exit.OK, Exit.SOME_FAILED} and not self.pending

    def results(self, status: str | None = None) -> Iterator[ItemJson]:
        """Every item once, in input order, as `holytui export` writes it.

        A dict each: `id`, `index`, `input`, `status` (`succeeded`, `failed`, `pending`), `output`, `outputs` by step,
        `error` (`kind`, `message`, `http_status`) or None, `attempts`, `model`, `tokens`, `cost_usd`, `finished_at`.

        Args:
            status: only items of this one.

        Raises:
            ValueError: there is no such status.
            CheckpointError: while iterating, when the checkpoint cannot be read.
        """
        return rows_of(self.folder, status)

    def __iter__(self) -> Iterator[ItemJson]:
        """The same as `results()`."""
        return self.results()

    def __str__(self) -> str:
        """A line for a person."""
        words = self.state.replace("_", " ") + (f" ({self.reason})" if self.reason else "")
        left = f", {self.pending:,} pending" if self.pending else ""
        return f"{self.job}: {words}; {self.succeeded:,} of {self.total:,} succeeded, {self.failed:,} failed{left}"


def rows_of(folder: Path, status: str | None) -> Iterator[ItemJson]:
    """The rows of a saved job; see `Result.results`."""
    check_status(status)
    return _rows(folder, status)


def _rows(folder: Path, status: str | None) -> Iterator[ItemJson]:
    reader = Reader.open(folder)
    try:
        for row in rows(reader):
            if status is None or row["status"] == status:
                yield row
    finally:
        reader.close()
