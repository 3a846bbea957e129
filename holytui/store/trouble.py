"""What can be wrong with a checkpoint, as a sentence that names the path and the way out."""

import errno
import shutil
import sqlite3
from pathlib import Path

OTHER_FOLDER = "Another folder: --checkpoints DIR"
WAL_INDEX_BYTES = 32_768

_FULL = "the disk is full. Everything recorded is safe; free some space, then run it again."
_DAMAGED = "damaged. It is left as it is; restore it from a backup, or run the job under another name with --id NEW."
_LOCKED = "locked by another program. Close what has it open, then run it again."
_UNWRITABLE = f"cannot be written. Everything recorded is safe; check its permissions. {OTHER_FOLDER}"
_UNREADABLE = f"cannot be opened. Check that it is there, and its permissions. {OTHER_FOLDER}"
_FAULTY = "the disk reports an error. Everything recorded is left as it is; check the disk, then run it again."
_GONE = f"not there (any more). {OTHER_FOLDER}"

_IN_THE_WAY = f"something else of this name is in the way. {OTHER_FOLDER}"

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_ERROR: _DAMAGED,  # our statements are fixed: only a table or column that is missing fails so
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _UNREADABLE,
    sqlite3.SQLITE_IOERR: _FAULTY,
}

_BY_ERRNO = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: _UNWRITABLE,
    errno.EACCES: _UNWRITABLE,
    errno.EPERM: _UNWRITABLE,
    errno.ENOENT: _GONE,
    errno.ENOTDIR: _GONE,
    errno.EEXIST: _IN_THE_WAY,
    errno.EIO: _FAULTY,
}


class CheckpointError(Exception):
    """A checkpoint cannot be read or written; the message names the path and the way out."""


class AlreadyThere(CheckpointError):
    """The folder in which a job was to be made is there, made by somebody else meanwhile or not by holytui."""


def explain(error: Exception, path: Path) -> CheckpointError:
    """An error of the system, of SQLite or of what a checkpoint holds, as a sentence with a way out.

    By its code, never by its words: those may hold a path that says anything.
    """
    return CheckpointError(f"{path}: {_way_out(error, path)}")


def _way_out(error: Exception, path: Path) -> str:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)  # absent where Python itself refused the call
        known = _BY_SQLITE_CODE.get(code & 0xFF) if code is not None else None  # the low byte is the family
        if known == _FAULTY and _is_full(path):
            known = _FULL
    elif isinstance(error, OSError):
        known = _BY_ERRNO.get(error.errno or 0)
    elif isinstance(error, AttributeError | LookupError | TypeError | ValueError):
        known = _DAMAGED
    else:
        known = None
    detail = type(error).__name__ if not str(error) else str(error)
    return known or f"cannot be used ({detail}). Everything recorded is safe."


def _is_full(path: Path) -> bool:
    """SQLite reports a full disk as a faulty one where it is the WAL's index that found no room."""
    try:
        return shutil.disk_usage(path).free < WAL_INDEX_BYTES
    except OSError:
        return False


def not_there(folder: Path) -> CheckpointError:
    """There is no checkpoint in this folder."""
    return CheckpointError(f"{folder}: no checkpoint there. {OTHER_FOLDER}")


def gone(folder: Path) -> CheckpointError:
    """The folder was deleted or replaced under a running job."""
    return CheckpointError(
        f"{folder}: deleted or replaced while the job ran. The run has stopped; what was recorded before is "
        f"where the folder went. Put it back, or run the job file again."
    )


def already_there(folder: Path) -> AlreadyThere:
    """The folder is there, but a job cannot be made in it."""
    return AlreadyThere(
        f"{folder}: already there, made this moment by somebody else or not by holytui. Run it again, or save the "
        f"job under another name with --id NEW."
    )
