"""A job's folder and its one SQLite file: created whole or not at all, opened only when it is ours."""

import errno
import json
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from holytui.core.given import BESIDE
from holytui.core.progress import Counters, JobState
from holytui.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA, VERSION
from holytui.store.trouble import CheckpointError, already_there, explain, not_there

FILE = "checkpoint.sqlite"
BUILDING = ".new-"
ABANDONED_S = 3600.0
"""A folder that was begun this long ago and never renamed was left by a kill."""
BUSY_MS = 5_000
READ_UP_TO = "read_up_to"
"""The key in `meta` of `JobMeta.read_up_to`."""


@dataclass(frozen=True, slots=True)
class JobMeta:
    """What the checkpoint knows of the job itself.

    Attributes:
        job_json: the job file's model, as JSON; job_path: the job file, absolute, None if unknown.
        base_dir: what the input's paths are relative to: absolute, or `.` for the job's own folder.
        created_at, wake_at: Unix seconds.
        step_hashes: by step name; what recorded answers are compared with.
        run_json: the `[run]` part of the last session.
        syncing: reading the input was cut off; it has to be done again.
        executor: that ran the last session: answers of it may still be on their way there.
        read_up_to: the place up to which what its workers say is recorded; empty: there is none.
    """

    job_id: str
    name: str
    job_json: str
    job_path: str | None
    base_dir: str
    created_at: float
    state: JobState
    reason: str
    wake_at: float | None
    message: str
    step_hashes: Mapping[str, str]
    run_json: str
    syncing: bool = False
    executor: str = "local"
    read_up_to: str = ""

    @property
    def has_own_items(self) -> bool:
        """Its items lie in its folder: they came with the job, not from an input."""
        return self.base_dir == BESIDE


def create(
    folder: Path,
    meta: JobMeta,
    files: Mapping[str, Iterable[bytes]] = MappingProxyType({}),
    fill: Callable[[Path], None] = lambda building: None,
) -> None:
    """Make a job's folder with an empty checkpoint in it.

    It is built beside and renamed: a kill leaves the whole folder or none.

    Args:
        folder: of the job.
        meta: what the checkpoint is to know of it.
        files: what else lies in the folder, by name.
        fill: writes into the checkpoint in the folder that it is told, before that is moved to its place.

    Raises:
        CheckpointError: the checkpoint folder cannot be written, or the job is there already.
    """
    building = folder.parent / f"{BUILDING}{uuid.uuid4().hex}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building.mkdir()
        for name, content in files.items():
            write_through(building / name, content)
        _build(building / FILE, meta)
        fill(building)
        _move(building, folder)
        sync_folder(folder.parent)
    except (OSError, sqlite3.Error) as error:
        raise explain(error, folder) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _build(path: Path, meta: JobMeta) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(f"BEGIN; {SCHEMA}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        write_meta(connection, meta_rows(meta))
        write_meta(connection, {"counters": json.dumps(Counters().to_json())})
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _move(building: Path, folder: Path) -> None:
    try:
        building.rename(folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise already_there(folder) from error
        raise


def write_through(path: Path, content: Iterable[bytes]) -> None:
    """Write a file that outlives a power cut once its folder does.

    Raises:
        OSError: it cannot be written.
    """
    with path.open("wb") as file:
        file.writelines(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in this folder outlive a power cut: results are promised to, and lie beneath it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(checkpoints: Path) -> None:
    """Remove what a kill during a creation left; another process may be creating right now, so only old ones."""
    for left in checkpoints.glob(f"{BUILDING}*"):
        try:
            old = left.stat().st_mtime < time.time() - ABANDONED_S
        except OSError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)


def meta_rows(meta: JobMeta) -> dict[str, str]:
    """The meta table's rows for a job."""
    return {
        "job_id": meta.job_id,
        "name": meta.name,
        "job_json": meta.job_json,
        "job_path": json.dumps(meta.job_path),
        "base_dir": meta.base_dir,
        "created_at": repr(meta.created_at),
        "state": meta.state.value,
        "reason": meta.reason,
        "wake_at": json.dumps(meta.wake_at),
        "message": meta.message,
        "step_hashes": json.dumps(dict(meta.step_hashes)),
        "run_json": meta.run_json,
        "syncing": json.dumps(meta.syncing),
        "executor": meta.executor,
        READ_UP_TO: meta.read_up_to,
    }


def write_meta(connection: sqlite3.Connection, rows: Mapping[str, str]) -> None:
    """Store meta rows, as bytes: names and messages may hold lone surrogates."""
    connection.executemany(
        "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
        [(key, value.encode("utf-8", "surrogatepass")) for key, value in rows.items()],
    )


def read_meta(connection: sqlite3.Connection) -> JobMeta:
    """The job as the checkpoint knows it."""
    rows = {
        key: bytes(value).decode("utf-8", "surrogatepass")
        for key, value in connection.execute("SELECT key, value FROM meta")
    }
    return JobMeta(
        job_id=rows["job_id"],
        name=rows["name"],
        job_json=rows["job_json"],
        job_path=json.loads(rows["job_path"]),
        base_dir=rows["base_dir"],
        created_at=float(rows["created_at"]),
        state=JobState(rows["state"]),
        reason=rows["reason"],
        wake_at=json.loads(rows["wake_at"]),
        message=rows["message"],
        step_hashes=json.loads(rows["step_hashes"]),
        run_json=rows["run_json"],
        syncing=json.loads(rows["syncing"]),
        executor=rows.get("executor", "local"),
        read_up_to=rows.get(READ_UP_TO, ""),
    )


def read_counters(connection: sqlite3.Connection) -> Counters:
    """The counters that were committed with the last results."""
    (value,) = connection.execute("SELECT value FROM meta WHERE key = 'counters'").fetchone()
    return Counters.from_json(json.loads(value))


def open_for_writing(folder: Path) -> sqlite3.Connection:
    """The owner's connection; migrates an older checkpoint.

    Raises:
        CheckpointError: missing, damaged, foreign, newer, or not writable.
    """
    path = folder / FILE
    connection = None
    try:
        if not path.exists():
            raise not_there(folder)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _check(connection, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        migrate(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        if connection is not None:
            connection.close()
        raise explain(error, folder) from error
    except CheckpointError:
        if connection is not None:
            connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a checkpoint's format."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Ask SQLite, not the file: opening it by hand would drop this process's locks on it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    version = version_of(connection)
    if application != APPLICATION_ID:
        raise CheckpointError(
            f"{path}: not a holytui checkpoint. It is left as it is; move it away, or use another folder "
            f"with --checkpoints DIR."
        )
    if version > VERSION:
        raise CheckpointError(
            f"{path}: made by a newer holytui (format {version}, this one knows {VERSION}). It is left as it is; "
            f"update holytui to open it."
        )


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring an older checkpoint to this version, a version at a time, each in one transaction."""
    version = version_of(connection)
    while version < VERSION:
        step = MIGRATIONS.get(version)
        if step is None:
            raise CheckpointError(f"{path}: format {version} is too old to be opened. It is left as it is.")
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in step:
                connection.execute(statement)
            version += 1
            connection.execute(f"PRAGMA user_version={version}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection that never checkpoints the WAL; the format may be an older one.

    Raises:
        CheckpointError: foreign or newer.
        sqlite3.Error: it cannot be opened where it is; see `Reader`.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA query_only=1")
        _check(connection, path)
        connection.execute("SELECT 1 FROM meta LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def identity_of(folder: Path) -> tuple[int, int] | None:
    """Which file the path leads to, None when to none: SQLite writes on into a deleted one without an error."""
    try:
        found = os.stat(folder / FILE)  # noqa: PTH116  # half the cost of Path.stat, at every commit
    except OSError:
        return None
    return found.st_dev, found.st_ino
