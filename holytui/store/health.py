"""Whether a folder can hold checkpoints: tried out, not guessed from its permissions."""

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from holytui.store.checkpoint import BUILDING
from holytui.store.trouble import OTHER_FOLDER, explain


@dataclass(frozen=True, slots=True)
class FolderHealth:
    """What a trial brought.

    Attributes:
        exists: the folder is there; it is made with the first job.
        free_bytes: on its disk, None when that cannot be told.
        problem: why no job could be saved there, as a sentence; empty when it could.
    """

    exists: bool
    free_bytes: int | None
    problem: str


def sqlite_version() -> str:
    """The version of the SQLite library that this Python uses."""
    return sqlite3.sqlite_version


def try_folder(checkpoints: Path) -> FolderHealth:
    """Save and lock something in a checkpoint folder, and take it away again.

    Where there is no such folder yet, it is tried whether its nearest parent takes one.
    """
    exists = checkpoints.is_dir()
    place = next((path for path in (checkpoints, *checkpoints.absolute().parents) if path.exists()), checkpoints)
    problem = _trial(checkpoints) if exists else _makeable(checkpoints, place)
    try:
        free = shutil.disk_usage(place).free
    except OSError:
        free = None
    return FolderHealth(exists, free, problem)


def _makeable(checkpoints: Path, parent: Path) -> str:
    if not parent.is_dir():
        return f"{checkpoints}: {parent} is a file, not a folder. {OTHER_FOLDER}"
    try:
        tempfile.TemporaryDirectory(prefix=BUILDING, dir=parent).cleanup()
    except OSError as error:  # to root everything looks writable, /proc too
        return f"{checkpoints} cannot be made: {error.strerror}. {OTHER_FOLDER}"
    return ""


def _trial(checkpoints: Path) -> str:
    """Some network disks take files, but neither locks nor a write-ahead log."""
    try:
        with tempfile.TemporaryDirectory(prefix=BUILDING, dir=checkpoints) as name:
            connection = sqlite3.connect(Path(name) / "trial.sqlite", isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("CREATE TABLE trial(n)")
            finally:
                connection.close()
            with FileLock(Path(name) / "trial.lock", timeout=0):
                pass
    except (OSError, sqlite3.Error) as error:
        return str(explain(error, checkpoints))
    except (NotImplementedError, Timeout):
        return f"{checkpoints}: its disk knows no locks (flock). Another folder: --checkpoints DIR"
    return ""
