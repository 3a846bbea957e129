"""The handle of a job that another process runs, or that rests: read from its folder."""

import time
from collections.abc import Sequence
from pathlib import Path

from holytui.core.command import Command
from holytui.core.progress import LIVE_STATES, InFlight, Snapshot
from holytui.store import commands, live
from holytui.store.catalog import snapshot_of

FRESH_S = 0.4
"""A snapshot is read anew after this many seconds; the owner writes four a second."""


class RemoteHandle:
    """A viewer: sees what the owner writes, and leaves commands for it."""

    def __init__(self, folder: Path) -> None:
        """View a job.

        Raises:
            CheckpointError: it cannot be read.
        """
        self._folder = folder
        self._snapshot = snapshot_of(folder)
        self._in_flight: tuple[InFlight, ...] = ()
        self._read_at = 0.0

    @property
    def job_id(self) -> str:
        return self._folder.name

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def owned_here(self) -> bool:
        return False

    def snapshot(self) -> Snapshot:
        self._refresh()
        return self._snapshot

    def in_flight(self) -> Sequence[InFlight]:
        self._refresh()
        return self._in_flight

    def send(self, command: Command) -> None:
        """Leave a command for the owner; it acts within half a second."""
        commands.send(self._folder, command)

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._read_at < FRESH_S:
            return
        self._read_at = now
        self._snapshot = snapshot_of(self._folder)
        picture = live.read_live(self._folder) if self._snapshot.state in LIVE_STATES else None
        self._in_flight = picture[1] if picture is not None else ()
