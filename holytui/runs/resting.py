"""The handle of a job that nobody runs: what is sent to it starts it here."""

from pathlib import Path
from typing import Protocol

from holytui.core.command import Command, Verb
from holytui.core.progress import Snapshot
from holytui.runs.comparing import comparison
from holytui.runs.handle import RunHandle
from holytui.runs.launch import Tables
from holytui.runs.remote import RemoteHandle
from holytui.store.lock import read_owner


class Starter(Protocol):
    """Who starts a resting job."""

    @property
    def tables(self) -> Tables:
        """What jobs are priced and timed with."""

    def start(self, source: Path | str) -> RunHandle:
        """Run a job in this process."""

    def retry(self, job_id: str, command: Command) -> RunHandle:
        """Return failed items of a job to pending, and run it in this process."""


class RestingHandle(RemoteHandle):
    """A job that nobody runs: what is sent to it starts it here."""

    def __init__(self, folder: Path, desk: Starter) -> None:
        """View a job.

        Raises:
            CheckpointError: it cannot be read.
        """
        super().__init__(folder)
        self._desk = desk
        self._compared = comparison(folder, desk.tables)

    def snapshot(self) -> Snapshot:
        return self._compared(super().snapshot())

    def send(self, command: Command) -> None:
        """Resume and retry start the job in this process; pause and stop find it resting already.

        Raises:
            DeskError: it cannot be started.
        """
        if read_owner(self.folder) is not None:
            super().send(command)
        elif command.verb is Verb.RESUME:
            self._desk.start(self.job_id)
        elif command.verb is Verb.RETRY:
            self._desk.retry(self.job_id, command)
