"""The worker thread: one asyncio loop that hosts all runs of this process."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import uvloop

from holytui.core.progress import JobState
from holytui.core.work import Outcome
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.upstream import Upstreams
from holytui.engine.work_clock import BEAT_S, WorkClock
from holytui.runs.launch import Launch
from holytui.runs.local import LocalHandle
from holytui.runs.owner import OwnedRun
from holytui.store.lock import OwnerLock

SHUTDOWN_S = 2.0


class RunThread:
    """A plain daemon thread that owns its loop; the same with a terminal UI and without."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._clock = WorkClock(self._loop.time)
        self._handles: dict[Path, LocalHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._upstreams = Upstreams(self._clock.now)
        self._thread = threading.Thread(target=self._host, name="holytui-runs", daemon=True)
        self._thread.start()

    def start(self, launch: Launch, on_item: Callable[[Outcome], None] = lambda outcome: None) -> LocalHandle:
        """Take the job's lock and run it; `on_item` is told each committed closing outcome.

        Raises:
            OwnedElsewhere: another process runs it.
        """
        lock = OwnerLock(launch.folder)
        lock.acquire()
        run = OwnedRun(launch, lock, self._clock, self._upstreams, on_item)
        handle = LocalHandle(run, self._loop)
        self._handles[launch.folder] = handle
        self._loop.call_soon_threadsafe(self._spawn, run)
        return handle

    def handle(self, folder: Path) -> LocalHandle | None:
        """The newest run of this job in this process, ended or not."""
        return self._handles.get(folder)

    def forget(self, folder: Path) -> None:
        """The run of this job that ended here is not the end of it: another process has it now."""
        self._handles.pop(folder, None)

    def running(self) -> list[LocalHandle]:
        """Runs that have not ended."""
        # Copied first, in one step: a signal's handler asks while another thread starts a run.
        return [handle for handle in list(self._handles.values()) if handle.owned_here]

    def all(self) -> list[LocalHandle]:
        """The newest run of each job that ran in this process."""
        return list(self._handles.values())

    def shutdown(self, halt: Halt | None = None) -> None:
        """End all runs at once and the thread after them; bounded, and harmless when repeated."""
        halt = halt or Halt(JobState.INTERRUPTED, "hangup", "holytui was closed")
        running = self.running()
        for handle in running:
            handle.stop(halt)
        for handle in running:
            handle.wait(SHUTDOWN_S)
        with contextlib.suppress(RuntimeError):  # already closed
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SHUTDOWN_S)

    def _spawn(self, run: OwnedRun) -> None:
        task = self._loop.create_task(run.main())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _beat(self) -> None:
        """Tell the clock that the loop turns."""
        self._clock.now()
        self._loop.call_later(BEAT_S, self._beat)

    def _host(self) -> None:
        """Not `asyncio.run`: that would wait for its default executor, which nothing here may use."""
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(self._beat)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
