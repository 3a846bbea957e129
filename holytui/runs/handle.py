"""One face for a run, whether this process owns it or another does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from holytui.core.command import Command
from holytui.core.progress import InFlight, Snapshot


class RunHandle(Protocol):
    """What a front end sees of a run. Every call returns at once and may come from any thread."""

    @property
    def job_id(self) -> str:
        """The job's id, which is its folder's name."""

    @property
    def folder(self) -> Path:
        """The job's folder in the checkpoint folder."""

    @property
    def owned_here(self) -> bool:
        """Whether this process is the owner; False for a viewer."""

    def snapshot(self) -> Snapshot:
        """The newest picture."""

    def in_flight(self) -> Sequence[InFlight]:
        """What is in hand, oldest first."""

    def send(self, command: Command) -> None:
        """Ask the owner for something; what comes of it shows in the snapshot and the log."""
