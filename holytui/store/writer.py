"""The owner's one writer thread: what can be asked of it."""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from holytui.core.command import Selection
from holytui.core.progress import Counters, JobState
from holytui.core.work import AttemptEvent, Item, Notice, Outcome, Overrides, Pardon
from holytui.store import sessions, triage
from holytui.store.checkpoint import READ_UP_TO, open_for_writing, read_counters, read_meta, write_meta
from holytui.store.commits import Commits, Told
from holytui.store.recording import Recorder
from holytui.store.rounds import reopen
from holytui.store.rows import Undone
from holytui.store.syncing import Sync, SyncReport
from holytui.store.tally import Tally
from holytui.store.trouble import CheckpointError, explain


class Writer:
    """Implements `core.work.Sink`; its thread holds the only connection that writes.

    A commit is a barrier (one fsync of the WAL, which covers all commits before it) every `barrier_every`
    results or `barrier_s` seconds: that is what a power cut can cost. A kill costs nothing that was committed.
    """

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        *,
        barrier_every: int,
        barrier_s: float,
        clock: Callable[[], float],
        on_settled: Callable[[Sequence[int]], None],
        on_saved: Callable[[int], None],
        on_failure: Callable[[CheckpointError], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._tally = Tally(read_counters(connection))
        self._recorder = Recorder(connection, self._tally, read_meta(connection).step_hashes, 0)
        self._sync: Sync | None = None
        self._commits = Commits(
            folder,
            connection,
            self._recorder,
            self._tally,
            Told(on_settled, on_saved, on_failure),
            barrier_every=barrier_every,
            barrier_s=barrier_s,
            clock=clock,
        )

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        barrier_every: int,
        barrier_s: float = 1.0,
        clock: Callable[[], float] = time.time,
        on_settled: Callable[[Sequence[int]], None] = lambda indices: None,
        on_saved: Callable[[int], None] = lambda answers: None,
        on_failure: Callable[[CheckpointError], None] = lambda error: None,
    ) -> "Writer":
        """Open a job's checkpoint for writing; the caller holds its `owner.lock`.

        Args:
            folder: of the job.
            barrier_every: results a power cut may cost at most.
            barrier_s: seconds of results it may cost at most.
            clock: Unix time in seconds.
            on_settled: told, on the writer's thread, which items' closing outcomes are committed.
            on_saved: told, on the writer's thread, how many answers a commit made safe.
            on_failure: told once, on the writer's thread, when nothing more can be recorded.

        Raises:
            CheckpointError: it cannot be opened or written.
        """
        connection = open_for_writing(folder)
        try:
            writer = cls(
                folder,
                connection,
                barrier_every=barrier_every,
                barrier_s=barrier_s,
                clock=clock,
                on_settled=on_settled,
                on_saved=on_saved,
                on_failure=on_failure,
            )
        except (OSError, sqlite3.Error, KeyError, TypeError, ValueError) as error:
            connection.close()
            raise explain(error, folder) from error
        writer._commits.start()
        return writer

    @property
    def counters(self) -> Counters:
        """As of the last commit; safe from any thread."""
        return self._commits.last

    @property
    def unsynced(self) -> int:
        """Results that a power cut would cost now."""
        return self._commits.unsynced

    @property
    def saved_at(self) -> float | None:
        """When results were last committed, Unix seconds."""
        return self._commits.saved_at

    def attempt(self, event: AttemptEvent) -> None:
        """Record a request that ended; returns at once."""
        self._commits.put(event)

    def pardon(self, pardon: Pardon) -> None:
        """Record that an attempt does not count; returns at once."""
        self._commits.put(pardon)

    def outcome(self, outcome: Outcome) -> None:
        """Record what a step ended in; returns at once."""
        self._commits.put(outcome)

    def notice(self, notice: Notice) -> None:
        """Record a line of the log; returns at once."""
        self._commits.put(notice)

    def set_state(
        self, state: JobState, *, reason: str = "", wake_at: float | None = None, message: str = ""
    ) -> "Future[None]":
        """Record what the job is now."""
        rows = {
            "state": state.value,
            "reason": reason,
            "wake_at": json.dumps(wake_at),
            "message": message,
        }
        return self._commits.submit(lambda: write_meta(self._connection, rows), barrier=True)

    def begin_session(self, pid: int, host: str, executor: str = "local") -> "Future[int]":
        """Record that a session begins, and what runs its items; its number."""

        def begin() -> int:
            number = sessions.begin(self._connection, self._tally, pid, host, self._clock())
            write_meta(self._connection, {"executor": executor})
            self._recorder.session = number
            return number

        return self._commits.submit(begin)

    def end_session(self, outcome: str, active_s: float) -> "Future[None]":
        """Record how the session ended, and how many seconds it was at work."""

        def end() -> None:
            sessions.end(
                self._connection,
                self._tally,
                self._recorder.session,
                outcome=outcome,
                active_s=active_s,
                now=self._clock(),
            )

        return self._commits.submit(end)

    def reserve(self, usd: float) -> "Future[None]":
        """Record that requests of up to so many USD may be in flight: what a killed session is taken to have spent."""
        return self._commits.submit(lambda: write_meta(self._connection, {sessions.RESERVED: repr(usd)}), barrier=True)

    def read_up_to(self, place: str) -> "Future[None]":
        """Record how far what workers say has been read, together with what of it was told before."""
        return self._commits.submit(lambda: write_meta(self._connection, {READ_UP_TO: place}))

    def retry(self, selection: Selection, changes: Overrides) -> "Future[int]":
        """Return failed items to pending; how many."""
        return self._commits.submit(lambda: reopen(self._connection, self._tally, selection, changes), barrier=True)

    def accept(self, selection: Selection) -> "Future[int]":
        """Take the partial answers of failed items as answers; how many had one."""

        def take() -> int:
            hashes = self._recorder.step_hashes
            return triage.accept(self._connection, self._tally, selection, hashes, self._clock())

        return self._commits.submit(take, barrier=True)

    def give_up(self, selection: Selection, reason: str) -> "Future[int]":
        """Put failed items aside; how many."""
        return self._commits.submit(
            lambda: triage.give_up(self._connection, self._tally, selection, reason), barrier=True
        )

    def undo(self, in_hand: Collection[int] = ()) -> "Future[Undone | None]":
        """Take the newest retry, accept or give up back, but for items in hand; None: there is none."""
        return self._commits.submit(lambda: triage.undo(self._connection, self._tally, in_hand), barrier=True)

    def set_budget(self, usd: float) -> "Future[None]":
        """Record another budget of the job, in USD over all its sessions."""

        def change() -> None:
            meta = read_meta(self._connection)
            rows = {}
            job = json.loads(meta.job_json)
            job["run"] = {**job.get("run", {}), "budget_usd": usd}
            rows["job_json"] = json.dumps(job)
            rows["run_json"] = json.dumps({**json.loads(meta.run_json), "budget_usd": usd})
            write_meta(self._connection, rows)

        return self._commits.submit(change, barrier=True)

    def begin_sync(
        self,
        step_hashes: Mapping[str, str],
        *,
        job_json: str,
        run_json: str,
        job_path: str | None,
        base_dir: str,
        keep_answers: bool = False,
    ) -> "Future[None]":
        """Begin to read the input anew; until `end_sync` the checkpoint says that it has to be done again."""
        rows = {
            "job_json": job_json,
            "run_json": run_json,
            "job_path": json.dumps(job_path),
            "base_dir": base_dir,
        }

        def begin() -> None:
            self._sync = Sync(self._connection, self._tally, step_hashes, rows, keep_answers=keep_answers)
            self._recorder.step_hashes = dict(step_hashes)

        return self._commits.submit(begin)

    def add_items(self, items: Sequence[Item]) -> "Future[None]":
        """Take a batch of the input over, in order."""

        def add() -> None:
            assert self._sync is not None, "add_items outside of a sync"
            self._sync.add(items)

        return self._commits.submit(add)

    def end_sync(self) -> "Future[SyncReport]":
        """The input was read to its end."""

        def end() -> SyncReport:
            assert self._sync is not None, "end_sync outside of a sync"
            report = self._sync.end()
            self._sync = None
            return report

        return self._commits.submit(end, barrier=True)

    def flush(self, *, barrier: bool = False) -> "Future[None]":
        """Done when everything queued before is committed; with a barrier also safe from a power cut."""
        return self._commits.submit(lambda: None, barrier=barrier)

    def close(self) -> None:
        """Commit everything with a barrier, end the thread; harmless when repeated, and bounded."""
        self._commits.close()
