"""Who runs a job now: a lock that frees itself at death, and a note beside it that says who."""

import contextlib
import fcntl
import getpass
import json
import os
import socket
import stat
import time
from pathlib import Path

from filelock import FileLock, Timeout

from holytui.core.progress import Owner
from holytui.store import commands
from holytui.store.trouble import explain, not_there

LOCK = "owner.lock"
NOTE = "owner.json"
PROBED_S = 0.25
POLL_S = 0.02


class OwnedElsewhere(Exception):
    """Another process runs the job.

    Attributes:
        owner: who, as far as its note says.
    """

    def __init__(self, folder: Path, owner: Owner | None) -> None:
        who = "another process" if owner is None else f"pid {owner.pid} on {owner.host}"
        super().__init__(
            f"{folder.name} is run by {who}. Look: holytui status {folder.name}   Stop: holytui stop {folder.name}"
        )
        self.owner = owner


class OwnerLock:
    """`owner.lock` of a job, held with `flock`: the kernel frees it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(str(folder / LOCK), thread_local=False)
        self._since = 0.0

    def acquire(self, timeout: float = PROBED_S) -> Owner:
        """Take the lock, or find that it is taken.

        Args:
            timeout: seconds; long enough for a viewer's look at the lock to pass.

        Raises:
            OwnedElsewhere: somebody else holds it.
            CheckpointError: the folder cannot be written.
        """
        before = _identity(self._folder)
        if before is None:
            raise not_there(self._folder)  # FileLock would make it
        try:
            self._lock.acquire(timeout=timeout, poll_interval=POLL_S)
        except Timeout:
            raise OwnedElsewhere(self._folder, _read_note(self._folder)) from None
        except (OSError, NotImplementedError) as error:
            raise explain(error, self._folder) from error
        if _identity(self._folder) != before:
            # Renamed or deleted in between: what is held is the lock of a folder that is elsewhere now.
            self._lock.release()
            raise not_there(self._folder)
        # What was left for an owner that is gone is for nobody: yesterday's stop must not end today's run.
        commands.discard(self._folder)
        self._since = time.time()
        return self.heartbeat()

    def heartbeat(self) -> Owner:
        """Write who holds the lock, and that it lives; only information, so a full disk is no error here."""
        owner = Owner(os.getpid(), socket.gethostname(), self._since, time.time(), _user())
        data = {
            "pid": owner.pid,
            "host": owner.host,
            "since": owner.since,
            "heartbeat_at": owner.heartbeat_at,
            "user": owner.user,
        }
        with contextlib.suppress(OSError):
            fresh = self._folder / f"{NOTE}.new"
            fresh.write_text(json.dumps(data), "utf-8")
            fresh.replace(self._folder / NOTE)
        return owner

    def release(self) -> None:
        """Free the lock; harmless when it is not held."""
        if not self._lock.is_locked:
            return
        with contextlib.suppress(OSError):
            (self._folder / NOTE).unlink(missing_ok=True)
        self._lock.release()


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder a path leads to, None when to none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def read_owner(folder: Path) -> Owner | None:
    """The process that holds the lock now, None when nobody does.

    Asks the lock, not the note: a note outlives a kill. A moment between lock and note reads as an owner
    without a name.
    """
    try:
        probe = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        # Shared, so that two viewers who look at once do not take each other for the owner; freed by the close.
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return _read_note(folder) or Owner(0, socket.gethostname(), time.time(), time.time())
    except OSError:
        return None
    finally:
        os.close(probe)
    return None


def _read_note(folder: Path) -> Owner | None:
    try:
        return Owner(**json.loads((folder / NOTE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
