"""The writer's thread: takes what is queued, commits it in one transaction, then tells who waits for it."""

import contextlib
import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from holytui.core.progress import Counters
from holytui.core.work import AttemptEvent, Notice, Outcome, Pardon
from holytui.store.checkpoint import identity_of, write_meta
from holytui.store.recording import Recorder
from holytui.store.tally import Tally
from holytui.store.trouble import CheckpointError, explain, gone

T = TypeVar("T")
CLOSE_S = 30.0
MOST_AT_ONCE = 2_000


@dataclass(slots=True)
class _Job:
    """Something to be done on the writer's thread, in its turn."""

    call: Callable[[], Any]
    future: "Future[Any]"
    barrier: bool = False


class _Close:
    """The last thing in the queue."""


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told what, on the writer's thread.

    Attributes:
        settled: which items' closing outcomes are committed.
        saved: how many answers a commit made safe.
        failure: once, when nothing more can be recorded.
    """

    settled: Callable[[Sequence[int]], None]
    saved: Callable[[int], None]
    failure: Callable[[CheckpointError], None]


class Commits:
    """A queue and the thread that empties it; the only user of the connection once it is started."""

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        recorder: Recorder,
        tally: Tally,
        told: Told,
        *,
        barrier_every: int,
        barrier_s: float,
        clock: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._connection = connection
        self._file = identity_of(folder)
        self._recorder = recorder
        self._tally = tally
        self._told = told
        self._barrier_every = barrier_every
        self._barrier_s = barrier_s
        self._clock = clock
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._door = threading.Lock()
        self._ended = False
        self.unsynced = 0
        """Results that a power cut would cost now."""
        self._unsynced_since: float | None = None
        self._closed_items: list[int] = []
        self._broken: CheckpointError | None = None
        self.last: Counters = tally.freeze()
        """As of the last commit; safe from any thread."""
        self.saved_at: float | None = None
        """When results were last committed, Unix seconds."""
        self._thread = threading.Thread(target=self._work, name="holytui-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, entry: AttemptEvent | Outcome | Pardon | Notice) -> None:
        """Record this in its turn; returns at once."""
        self._queue.put(entry)

    def close(self) -> None:
        """Commit everything with a barrier, end the thread; harmless when repeated, bounded by `CLOSE_S`."""
        self._queue.put(_Close())
        self._thread.join(CLOSE_S)

    def submit(self, call: Callable[[], T], *, barrier: bool = False) -> "Future[T]":
        """Do this on the thread in its turn, inside a transaction; the future is done when it is committed."""
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
            told = self._told.failure
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
            self._recorder.look_up(entry.index for entry in batch if isinstance(entry, AttemptEvent | Outcome | Pardon))
            for entry in batch:
                self._apply(entry, results)
            self._recorder.write_behind()
            counters = self._tally.freeze()
            if counters != self.last:
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
            self._told.saved(answers)

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
        if self.unsynced + outcomes >= self._barrier_every:
            return True
        due = self._until_barrier()
        return due is not None and due <= 0

    def _committed(
        self, counters: Counters, results: Sequence[tuple[_Job, Any]], outcomes: int, *, barrier: bool
    ) -> None:
        self.last = counters
        if barrier:
            self.unsynced, self._unsynced_since = 0, None
        elif outcomes:
            self.unsynced += outcomes
            if self._unsynced_since is None:
                self._unsynced_since = time.monotonic()
        if outcomes:
            self.saved_at = self._clock()
        for job, result in results:
            job.future.set_result(result)
        closed, self._closed_items = self._closed_items, []
        if closed:
            self._told.settled(closed)


def _turn_down(job: _Job, error: CheckpointError) -> None:
    """Tell whoever waits for it, unless they have gone."""
    future = job.future
    if not future.done() and (future.running() or future.set_running_or_notify_cancel()):
        future.set_exception(error)
