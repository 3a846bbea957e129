"""Runs one session without a terminal UI: signals, progress lines or JSON lines, exit code."""

import json
import queue
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Protocol

from holytui import plain
from holytui.cli import interpreter
from holytui.cli.output import tell
from holytui.core.item_json import item_event
from holytui.core.progress import JobState, Snapshot
from holytui.core.work import Outcome
from holytui.engine.admission.breaker import Halt
from holytui.runs.exits import Exit, code_after
from holytui.runs.idle import is_idle
from holytui.runs.launch import Launch
from holytui.runs.local import LocalHandle
from holytui.runs.thread import RunThread
from holytui.store.catalog import snapshot_of

INTERRUPT_S = 10.0
TERMINATE_S = 5.0
POLL_S = 0.1
LINE_EVERY_S = 5.0
JSON_EVERY_S = 1.0


class Ends(Protocol):
    """A run of this process, or all of them."""

    def wind_down(self, halt: Halt, seconds: float) -> None:
        """End within this time, letting what is in flight finish first."""

    def stop(self, halt: Halt) -> None:
        """End at once."""


class Signals:
    """Turns signals into an orderly end: the first says how the session ends, another one ends it at once."""

    def __init__(self, handle: Ends) -> None:
        self._handle = handle
        self._halt: Halt | None = None
        self.code: Exit | None = None

    def install(self) -> None:
        signal.signal(signal.SIGINT, self._interrupt)
        signal.signal(signal.SIGTERM, self._terminate)
        # Under nohup SIGHUP is ignored, and must stay so: the job is meant to outlive the link.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._hangup)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # signal's signature
        self._end(Exit.INTERRUPT, Halt(JobState.PAUSED, "user", ""), INTERRUPT_S)

    def _terminate(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # signal's signature
        self._end(Exit.TERMINATED, Halt(JobState.INTERRUPTED, "terminated", "the system ended holytui"), TERMINATE_S)

    def _hangup(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # signal's signature
        self._end(Exit.HANGUP, Halt(JobState.INTERRUPTED, "hangup", "the connection was lost"), 0.0)

    def _end(self, code: Exit, halt: Halt, seconds: float) -> None:
        """What is in flight may finish within this time; a second signal, or none, waits for nothing."""
        if self._halt is None and seconds:
            self._handle.wind_down(halt, seconds)
        else:
            self._handle.stop(self._halt or halt)
        self._halt = self._halt or halt
        self.code = self.code or code


def run_headless(launch: Launch, *, as_json: bool) -> Exit:
    """Run a session to its end.

    Args:
        launch: what to run.
        as_json: JSON lines on stdout instead of a person's lines.

    Raises:
        OwnedElsewhere: another process runs the job.
        CheckpointError: it ended because the checkpoint cannot be read or written.
        InputProblem: it ended because the input cannot be read.
    """
    before = snapshot_of(launch.folder)
    printer: _Printer = _JsonLines() if as_json else _Lines()
    if is_idle(launch, before):
        printer.started(before)
        printer.finished(before)
        return code_after(before, before.counters.failed)
    interpreter.set_up()
    thread = RunThread()
    items: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    try:
        handle = thread.start(launch, items.put)
        signals = Signals(handle)
        signals.install()
        _watch(handle, items, printer)
    finally:
        thread.shutdown()
    final = handle.snapshot()
    printer.finished(final)
    if handle.problem is not None:
        raise handle.problem
    if signals.code is not None and final.state in {JobState.PAUSED, JobState.INTERRUPTED}:
        return signals.code
    return code_after(final, before.counters.failed)


class _Printer:
    """How a session is told; this one says nothing."""

    every_s = LINE_EVERY_S

    def started(self, snapshot: Snapshot) -> None:
        """The session begins."""

    def state(self, snapshot: Snapshot) -> None:
        """The job's state changed."""

    def progress(self, snapshot: Snapshot) -> None:
        """Time for a line."""

    def item(self, outcome: Outcome) -> None:
        """An item's result is in the checkpoint."""

    def finished(self, snapshot: Snapshot) -> None:
        """The session is over."""


class _Lines(_Printer):
    def started(self, snapshot: Snapshot) -> None:
        _say(plain.started_line(snapshot) if snapshot.counters.pending else plain.nothing_to_do(snapshot))

    def state(self, snapshot: Snapshot) -> None:
        _say(plain.progress_line(snapshot))

    def progress(self, snapshot: Snapshot) -> None:
        _say(plain.progress_line(snapshot))

    def finished(self, snapshot: Snapshot) -> None:
        tell("\n".join(plain.summary(snapshot)))


class _JsonLines(_Printer):
    every_s = JSON_EVERY_S

    def started(self, snapshot: Snapshot) -> None:
        _emit("started", snapshot.to_json())

    def state(self, snapshot: Snapshot) -> None:
        _emit("state", snapshot.to_json())

    def progress(self, snapshot: Snapshot) -> None:
        _emit("progress", snapshot.to_json())

    def item(self, outcome: Outcome) -> None:
        _emit(
            "item",
            item_event(outcome),
        )

    def finished(self, snapshot: Snapshot) -> None:
        _emit("finished", snapshot.to_json())


def _watch(handle: LocalHandle, items: "queue.SimpleQueue[Outcome]", printer: _Printer) -> None:
    """Poll the run until it ends; what it was when it started is told before anything else."""
    shown: tuple[JobState, str] | None = None
    due = 0.0
    ended = False
    while not ended:
        ended = handle.wait(POLL_S)
        snapshot = handle.snapshot()
        if shown is None:
            first = handle.started() or (snapshot if ended else None)
            if first is None:
                continue
            printer.started(first)
            shown = (first.state, first.reason)
        _drain(items, printer.item)
        state = (snapshot.state, snapshot.reason)
        if state != shown:
            printer.state(snapshot)
        shown = state
        if time.monotonic() >= due:
            due = time.monotonic() + printer.every_s
            printer.progress(snapshot)


def _drain(items: "queue.SimpleQueue[Outcome]", tell: Callable[[Outcome], None]) -> None:
    while True:
        try:
            tell(items.get_nowait())
        except queue.Empty:
            return


def _emit(event: str, data: Mapping[str, object]) -> None:
    tell(json.dumps({"event": event, **data}))


def _say(line: str) -> None:
    tell(line, err=True)
