"""One run of a program, watched: told on as it goes, ended safely whatever happens to who watches."""

import contextlib
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from holytui.core.job import Job
from holytui.core.progress import JobState, Snapshot
from holytui.core.work import Notice
from holytui.engine.admission.breaker import Halt
from holytui.library.asking import Options, launch_of, shown
from holytui.library.figures import Progress, Result
from holytui.library.hosting import shared_thread
from holytui.runs.errands import at_rest
from holytui.runs.exits import code_after
from holytui.runs.idle import is_idle
from holytui.runs.launch import Launch
from holytui.runs.local import LocalHandle
from holytui.store.catalog import snapshot_of
from holytui.store.lock import OwnedElsewhere
from holytui.store.trouble import CheckpointError

POLL_S = 0.05
TELL_EVERY_S = 0.25
FINISH_S = 10.0
"""What is in flight when somebody interrupts may finish within this time: it is paid for."""

OnProgress = Callable[[Progress], object]

_INTERRUPTED = Halt(JobState.PAUSED, "user", "")


class Session:
    """A run from its start to its result. `start` blocks; the others return at once."""

    def __init__(
        self, job: Job | Path | str, options: Options, *, resume: bool, on_progress: OnProgress | None
    ) -> None:
        """Watch a run to be; the arguments are those of `running.run`.

        Raises:
            TypeError: who is to be told cannot be called.
        """
        if on_progress is not None and not callable(on_progress):
            raise TypeError(f"on_progress: expected a function that takes a Progress, got {shown(on_progress)}")
        self._job = job
        self._options = options
        self._resume = resume
        self._on_progress = on_progress
        self._door = threading.Lock()
        self._abandoned = False
        self._start_over = threading.Event()
        self._launch: Launch | None = None
        self._handle: LocalHandle | None = None
        self._before: Snapshot | None = None
        self._beside: str | None = None
        self._told: Snapshot | None = None
        self._due = 0.0
        self._grumbled = False

    def start(self) -> None:
        """Create or resume the job and begin to run it; nothing is begun where nothing is left to do.

        Raises:
            TypeError, ValueError, JobFileError, PrepareError, EndpointError, InputProblem, OwnedElsewhere,
            CheckpointError, ConfigError: it cannot be started.
        """
        try:
            launch, self._beside = launch_of(self._job, self._options, resume=self._resume)
            self._launch = launch
            self._before = snapshot_of(launch.folder)
            if is_idle(launch, self._before):
                return
            with self._door:
                if not self._abandoned:
                    self._handle = shared_thread().start(launch)
        finally:
            self._start_over.set()

    def abandon(self) -> None:
        """Nobody waits for the start any more: what it has not begun it will not begin."""
        with self._door:
            self._abandoned = True

    @property
    def starts(self) -> bool:
        """Whether `start` has not come to its end: until then the job's folder may still be made."""
        return not self._start_over.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether the run has ended, after so many seconds at most."""
        return self._handle is None or self._handle.wait(seconds)

    def tell(self) -> None:
        """Tell who watches how far it is, where there is something new and it is time."""
        if self._handle is None or self._handle.started() is None or time.monotonic() < self._due:
            return
        snapshot = self._handle.snapshot()
        if snapshot is not self._told:
            self._due = time.monotonic() + TELL_EVERY_S
            self._tell(snapshot)

    def wind_down(self) -> None:
        """End it, letting what is in flight finish for some seconds."""
        if self._handle is not None:
            self._handle.wind_down(_INTERRUPTED, FINISH_S)

    def stop(self) -> None:
        """End it at once: what is in flight returns to pending."""
        if self._handle is not None:
            self._handle.stop(_INTERRUPTED)

    def result(self) -> Result:
        """What became of it, once it has ended; who watches is told a last time before.

        Raises:
            CheckpointError, InputProblem: the session ended because of it.
        """
        assert self._launch is not None
        assert self._before is not None
        folder = self._launch.folder
        if self._handle is None:
            final, problem = self._before, None
        else:
            final, problem = self._handle.snapshot(), self._handle.problem
            if shared_thread().handle(folder) is self._handle:
                shared_thread().forget(folder)
        self._tell(final)
        if problem is not None:
            raise problem
        return Result(final, folder, int(code_after(final, self._before.counters.failed)), self._beside)

    def _tell(self, snapshot: Snapshot) -> None:
        self._told = snapshot
        if self._on_progress is None:
            return
        try:
            self._on_progress(Progress(snapshot))
        except Exception as error:  # noqa: BLE001  # whatever a callback does, it is no reason to lose a run
            self._grumble(error)

    def _grumble(self, error: Exception) -> None:
        """Say once that a callback failed: as a warning, and in the job's log."""
        if self._grumbled:
            return
        self._grumbled = True
        words = f"on_progress raised {type(error).__name__}: {error}"
        if self._handle is not None and self._handle.owned_here:
            self._handle.note(words)
        elif self._launch is not None:
            with contextlib.suppress(OwnedElsewhere, CheckpointError), at_rest(self._launch.folder) as writer:
                writer.notice(Notice("session", words, time.time()))
        # A filter may make an error of a warning; the run is to go on even then.
        with contextlib.suppress(RuntimeWarning):
            warnings.warn(f"{words}; the run goes on without minding it", RuntimeWarning, stacklevel=2)
