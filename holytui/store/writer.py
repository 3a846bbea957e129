"""The owner's one writer thread: takes what is queued, commits once, then counts."""

import contextlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from holytui.core.command import Selection
from holytui.core.progress import Counters, JobState
from holytui.core.work import AttemptEvent, Item, Notice, Outcome, Overrides, Pardon
from holytui.store import sessions
from holytui.store.checkpoint import identity_of, open_for_writing, read_counters, read_meta, write_meta
from holytui.store.recording import Recorder
from holytui.store.rounds import reopen
from holytui.store.syncing import Sync, SyncReport
from holytui.store.tally import Tally
from holytui.store.trouble import CheckpointError, explain, gone

T = TypeVar("T")
CLOSE_S = 30.0
MOST_AT_ONCE = 2_000

__all__ = ["SyncReport", "Writer"]


@dataclass(slots=True)
class _Job:
    """Something to be done on the writer's thread, in its turn."""

    call: Callable[[], Any]
    future: "Future[Any]"
    barrier: bool = False


class _Close:
    """The last thing in the queue."""


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
        self._folder = folder
        self._connection = connection
        self._file = identity_of(folder)
        self._barrier_every = barrier_every
        self._barrier_s = barrier_s
        self._clock = clock
        self._on_settled = on_settled
        self._on_saved = on_saved
        self._on_failure = on_failure
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._ended = False
        self._tally = Tally(read_counters(connection))
        self._recorder = Recorder(connection, self._tally, read_meta(connection).step_hashes, 0)
        self._sync: Sync | None = None
        self._unsynced = 0
        self._unsynced_since: float | None = None
        self._closed_items: list[int] = []
        self._broken: CheckpointError | None = None
        self._last: Counters = self._tally.freeze()
        self._saved_at: float | None = None
        self._thread = threading.Thread(target=self._work, name="holytui-writer", daemon=True)

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
        writer._thread.start()
        return writer

    @property
    def counters(self) -> Counters:
        """As of the last commit; safe from any thread."""
        return self._last

    @property
    def saved_at(self) -> float | None:
        """When results were last committed, Unix seconds."""
        return self._saved_at

    def attempt(self, event: AttemptEvent) -> None:
        """Record a request that ended; returns at once."""
        self._queue.put(event)

    def pardon(self, pardon: Pardon) -> None:
        """Record that an attempt does not count; returns at once."""
        self._queue.put(pardon)

    def outcome(self, outcome: Outcome) -> None:
        """Record what a step ended in; returns at once."""
        self._queue.put(outcome)

    def notice(self, notice: Notice) -> None:
        """Record a line of the log; returns at once."""
        self._queue.put(notice)

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
        return self._submit(lambda: write_meta(self._connection, rows), barrier=True)

    def begin_session(self, pid: int, host: str) -> "Future[int]":
        """Record that a session begins; its number."""

        def begin() -> int:
            number = sessions.begin(self._connection, self._tally, pid, host, self._clock())
            self._recorder.session = number
            return number

        return self._submit(begin)

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

        return self._submit(end)

    def reserve(self, usd: float) -> "Future[None]":
        """Record that requests of up to so many USD may be in flight: what a killed session is taken to have spent."""
        return self._submit(lambda: write_meta(self._connection, {sessions.RESERVED: repr(usd)}), barrier=True)

    def retry(self, selection: Selection, changes: Overrides) -> "Future[int]":
        """Return failed items to pending; how many."""
        return self._submit(lambda: reopen(self._connection, self._tally, selection, changes), barrier=True)

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

        return self._submit(begin)

    def add_items(self, items: Sequence[Item]) -> "Future[None]":
        """Take a batch of the input over, in order."""

        def add() -> None:
            assert self._sync is not None, "add_items outside of a sync"
            self._sync.add(items)

        return self._submit(add)

    def end_sync(self) -> "Future[SyncReport]":
        """The input was read to its end."""

        def end() -> SyncReport:
            assert self._sync is not None, "end_sync outside of a sync"
            report = self._sync.end()
            self._sync = None
            return report

        return self._submit(end, barrier=True)

    def flush(self, *, barrier: bool = False) -> "Future[None]":
        """Done when everything queued before is committed; with a barrier also safe from a power cut."""
        return self._submit(lambda: None, barrier=barrier)

    def close(self) -> None:
        """Commit everything with a barrier, end the thread; harmless when repeated, bounded by `CLOSE_S`."""
        self._queue.put(_Close())
        self._thread.join(CLOSE_S)

    def _submit(self, call: Callable[[], T], *, barrier: bool = False) -> "Future[T]":
        job = _Job(call, Future(), barrier)
        with self._door:
            if self._ended:
                _turn_down(job, self._broken or CheckpointError(f"{self._folder}: its writer has ended"))
            else:
                self._queue.put(job)
        return job.future

    def _work(self) -> None:
        """The thread: one transaction for all that is queued, until told to close."""
        closing = False
        try:
            while not closing:
                batch = self._take()
                closing = isinstance(batch[-1], _Close)
                self._commit_or_fail(batch[:-1] if closing else batch, closing=closing)
        finally:
            self._end()

    def _end(self) -> None:
        """Nobody is left waiting: what comes from now on, or came behind the close, is turned down."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        with self._door:
            self._ended = True
        while not self._queue.empty():
            entry = self._queue.get_nowait()
            if isinstance(entry, _Job):
                _turn_down(entry, self._broken or CheckpointError(f"{self._folder}: its writer has ended"))

    def _commit_or_fail(self, batch: Sequence[Any], *, closing: bool) -> None:
        """Commit a batch, or find that nothing can be recorded any more; what was committed stays as it is."""
        if self._broken is None:
            try:
                self._commit(batch, closing=closing)
            except CheckpointError as error:
                self._broken = error
            except (sqlite3.Error, OSError) as error:
                self._broken = explain(error, self._folder)
            except Exception as error:  # noqa: BLE001  # a dead writer would leave everyone waiting
                self._broken = CheckpointError(f"{self._folder}: a defect in holytui's writer: {error!r}")
            else:
                return
            told = self._on_failure
        else:
            told = None
        for entry in batch:
            if isinstance(entry, _Job):
                _turn_down(entry, self._broken)
        if told is not None:
            told(self._broken)

    def _take(self) -> list[Any]:
        """Everything queued, at least one thing; a barrier that is due comes as an empty job."""
        try:
            batch = [self._queue.get(timeout=self._until_barrier())]
        except queue.Empty:
            return [_Job(lambda: None, Future(), barrier=True)]
        while len(batch) < MOST_AT_ONCE and not isinstance(batch[-1], _Close):
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _until_barrier(self) -> float | None:
        if self._unsynced_since is None:
            return None
        return max(0.0, self._unsynced_since + self._barrier_s - time.monotonic())

    def _commit(self, batch: Sequence[Any], *, closing: bool) -> None:
        if identity_of(self._folder) != self._file:
            raise gone(self._folder)
        results: list[tuple[_Job, Any]] = []
        outcomes = sum(isinstance(entry, Outcome) for entry in batch)
        barrier = closing or self._barrier_due(outcomes)
        barrier = barrier or any(isinstance(entry, _Job) and entry.barrier for entry in batch)
        self._connection.execute(f"PRAGMA synchronous={'FULL' if barrier else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for entry in batch:
                self._apply(entry, results)
            self._recorder.write_behind()
            counters = self._tally.freeze()
            if counters != self._last:
                write_meta(self._connection, {"counters": json.dumps(counters.to_json())})
            elif barrier:
                # A commit that changes nothing writes nothing, and would not reach the disk either.
                write_meta(self._connection, {"barrier_at": repr(self._clock())})
            self._connection.execute("COMMIT")
        except BaseException:
            self._recorder.forget()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._committed(counters, results, outcomes, barrier=barrier)
        answers = sum(isinstance(entry, Outcome) and entry.kind is None for entry in batch)
        if answers:
            self._on_saved(answers)

    def _apply(self, entry: Any, results: list[tuple[_Job, Any]]) -> None:
        match entry:
            case AttemptEvent():
                self._recorder.attempt(entry)
            case Pardon():
                self._recorder.pardon(entry)
            case Outcome():
                self._recorder.outcome(entry)
                # Also what was not recorded (another came first) is settled: nobody waits for it.
                if entry.closes is not None:
                    self._closed_items.append(entry.index)
            case Notice():
                self._recorder.notice(entry)
            case _Job():
                self._do(entry, results)

    def _do(self, job: _Job, results: list[tuple[_Job, Any]]) -> None:
        """A job in its turn; one that is a mistake fails alone, the answers beside it are committed."""
        if not job.future.set_running_or_notify_cancel():
            return
        self._recorder.write_behind()
        before = self._tally.freeze()
        self._connection.execute("SAVEPOINT job")
        try:
            results.append((job, job.call()))
        except Exception as error:
            if isinstance(error, sqlite3.Error | OSError) and not isinstance(error, sqlite3.IntegrityError):
                raise
            self._connection.execute("ROLLBACK TO job")
            self._tally.restore(before)
            job.future.set_exception(error)
        self._connection.execute("RELEASE job")

    def _barrier_due(self, outcomes: int) -> bool:
        if self._unsynced + outcomes >= self._barrier_every:
            return True
        due = self._until_barrier()
        return due is not None and due <= 0

    def _committed(
        self, counters: Counters, results: Sequence[tuple[_Job, Any]], outcomes: int, *, barrier: bool
    ) -> None:
        self._last = counters
        if barrier:
            self._unsynced, self._unsynced_since = 0, None
        elif outcomes:
            self._unsynced += outcomes
            if self._unsynced_since is None:
                self._unsynced_since = time.monotonic()
        if outcomes:
            self._saved_at = self._clock()
        for job, result in results:
            job.future.set_result(result)
        closed, self._closed_items = self._closed_items, []
        if closed:
            self._on_settled(closed)


def _turn_down(job: _Job, error: CheckpointError) -> None:
    """Tell whoever waits for it, unless they have gone."""
    future = job.future
    if not future.done() and (future.running() or future.set_running_or_notify_cancel()):
        future.set_exception(error)
