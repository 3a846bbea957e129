"""Opens a checkpoint for reading: where it is, or, where SQLite cannot, as a copy."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from holytui.store.checkpoint import FILE, open_for_reading, open_for_writing, version_of
from holytui.store.schema import VERSION
from holytui.store.trouble import explain, not_there

COPY_TRIES = 5
_FILES = (FILE, f"{FILE}-wal")
_CANNOT_OPEN_HERE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR})


@dataclass(frozen=True, slots=True)
class View:
    """A read-only connection, and the temporary folder of the copy that it reads, if it does."""

    connection: sqlite3.Connection
    copied: Path | None

    def close(self) -> None:
        """Close the connection, remove the copy."""
        self.connection.close()
        if self.copied is not None:
            shutil.rmtree(self.copied, ignore_errors=True)


def open_view(folder: Path) -> View:
    """Open a job's checkpoint for reading.

    SQLite needs to write a file beside the WAL: it cannot open one in a read-only folder or on a full disk.
    An older format cannot be read before it is migrated. Then a copy is, in a temporary folder.

    Raises:
        CheckpointError: missing, damaged, foreign, newer, or not readable.
    """
    path = folder / FILE
    with _explained(folder):
        if not path.exists():
            raise not_there(folder)
        try:
            connection = open_for_reading(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _CANNOT_OPEN_HERE:
                raise
            return _view_of_copy(lambda copied: _copy_files(folder, copied))
        if version_of(connection) == VERSION:
            return View(connection, None)
        try:
            return _view_of_copy(lambda copied: _back_up(connection, copied / FILE))
        finally:
            connection.close()


def _view_of_copy(copy: Callable[[Path], None]) -> View:
    copied = Path(tempfile.mkdtemp(prefix="holytui-"))
    try:
        copy(copied)
        open_for_writing(copied).close()  # takes the WAL in, and migrates
        return View(open_for_reading(copied / FILE), copied)
    except BaseException:
        shutil.rmtree(copied, ignore_errors=True)
        raise


def _back_up(connection: sqlite3.Connection, copy: Path) -> None:
    target = sqlite3.connect(copy)
    try:
        connection.backup(target)
    finally:
        target.close()


def _copy_files(folder: Path, copied: Path) -> None:
    """Copy database and WAL as one: again, should somebody have written between the two."""
    for _ in range(COPY_TRIES):
        before = _stamps(folder)
        for name in _FILES:
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(folder / name, copied / name)
        if _stamps(folder) == before:
            return
    raise sqlite3.OperationalError("written to all the time")


def _stamps(folder: Path) -> list[tuple[int, int] | None]:
    stamps: list[tuple[int, int] | None] = []
    for name in _FILES:
        try:
            found = (folder / name).stat()
            stamps.append((found.st_size, found.st_mtime_ns))
        except FileNotFoundError:
            stamps.append(None)
    return stamps


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise explain(error, folder) from error
