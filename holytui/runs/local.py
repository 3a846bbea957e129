"""The handle of a run that this process owns."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from holytui.core.command import Command
from holytui.core.progress import InFlight, Snapshot
from holytui.engine.admission.breaker import Halt
from holytui.inputs.source import InputProblem
from holytui.runs.elsewhere import ElsewhereError
from holytui.runs.owner import OwnedRun
from holytui.store.trouble import CheckpointError


class LocalHandle:
    """Reads the run's newest snapshot; commands cross to the worker thread's loop."""

    def __init__(self, run: OwnedRun, loop: asyncio.AbstractEventLoop) -> None:
        self._run = run
        self._loop = loop

    @property
    def job_id(self) -> str:
        return self._run.launch.job_id

    @property
    def folder(self) -> Path:
        return self._run.launch.folder

    @property
    def owned_here(self) -> bool:
        """Whether the session still runs; afterwards the job rests."""
        return not self._run.done.is_set()

    @property
    def problem(self) -> CheckpointError | InputProblem | ElsewhereError | None:
        """Why checkpoint, input or workers could not be reached, or nothing be recorded, if that ended the session."""
        return self._run.problem or self._run.input_problem

    def snapshot(self) -> Snapshot:
        return self._run.latest

    def started(self) -> Snapshot | None:
        """What the job was when the session began to run, None before that."""
        return self._run.started

    def in_flight(self) -> Sequence[InFlight]:
        return self._run.in_flight if self.owned_here else ()

    def send(self, command: Command) -> None:
        self._call(lambda: self._run.command(command))

    def decide(self, command: Command, timeout: float) -> str:
        """Do what a person decided about failures or money; what came of it. Blocks.

        Raises:
            CheckpointError, PrepareError: it cannot be done.
            TimeoutError: not within so many seconds.
        """
        future = asyncio.run_coroutine_threadsafe(self._run.decide(command), self._loop)
        return future.result(timeout)

    def note(self, text: str) -> None:
        """A line of the job's log."""
        self._call(lambda: self._run.note(text))

    def stop(self, halt: Halt) -> None:
        """End the session at once."""
        self._call(lambda: self._run.stop(halt))

    def wind_down(self, halt: Halt, seconds: float) -> None:
        """End the session within this time, letting what is in flight finish first."""
        self._call(lambda: self._run.wind_down(halt, seconds))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end of the session; False when it still runs after `timeout` seconds."""
        return self._run.done.wait(timeout)

    def _call(self, call: Callable[[], None]) -> None:
        if self.owned_here:
            with contextlib.suppress(RuntimeError):  # the loop ended between the check and the call
                self._loop.call_soon_threadsafe(call)
