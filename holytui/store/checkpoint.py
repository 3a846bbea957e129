"""A job's folder and its one SQLite file: created whole or not at all, opened only when it is ours."""

import json
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from holytui.core.progress import Counters, JobState
from holytui.store.schema import APPLICATION_ID, MIGRATIONS, SCHEMA, VERSION

FILE = "checkpoint.sqlite"
BUILDING = ".new-"
BUSY_MS = 5_000


class CheckpointError(Exception):
    """A checkpoint cannot be read or written; the message names the path and the way out."""


@dataclass(frozen=True, slots=True)
class JobMeta:
    """What the checkpoint knows of the job itself.

    Attributes:
        job_json: the job file's model, as JSON; job_path: the job file, absolute, None if unknown.
        base_dir: what the input's paths are relative to.
        created_at, wake_at: Unix seconds.
        step_hashes: by step name; what recorded answers are compared with.
        run_json: the `[run]` part of the last session.
        syncing: reading the input was cut off; it has to be done again.
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


def create(folder: Path, meta: JobMeta) -> None:
    """Make a job's folder with an empty checkpoint in it.

    It is built beside and renamed: a kill leaves the whole folder or none.

    Raises:
        CheckpointError: the checkpoint folder cannot be written, or the job is there already.
    """
    building = folder.parent / f"{BUILDING}{uuid.uuid4().hex}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        building.mkdir()
        connection = sqlite3.connect(building / FILE, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(SCHEMA)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={VERSION}")
            write_meta(connection, meta_rows(meta))
            write_meta(connection, {"counters": json.dumps(Counters().to_json())})
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        building.rename(folder)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(building, ignore_errors=True)
        raise explain(error, folder) from error


def _sweep(checkpoints: Path) -> None:
    """Remove what a kill during a creation left; another process may be creating right now, so only old ones."""
    for left in checkpoints.glob(f"{BUILDING}*"):
        try:
            old = left.stat().st_mtime < time.time() - 3600
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
            raise CheckpointError(f"{path}: no checkpoint there. {_other_folder()}")
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
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


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Ask SQLite, not the file: opening it by hand would drop this process's locks on it."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
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
    (version,) = connection.execute("PRAGMA user_version").fetchone()
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
            connection.execute("ROLLBACK")
            raise


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A read-only connection that never checkpoints the WAL.

    Raises:
        CheckpointError: missing, damaged, foreign or newer.
        sqlite3.Error: it cannot be opened where it is; see `Reader`.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA query_only=1")
        _check(connection, path)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def same_file(folder: Path, inode: int) -> bool:
    """Whether the path still leads to the file that was opened: SQLite writes on into a deleted one."""
    try:
        return os.stat(folder / FILE).st_ino == inode  # noqa: PTH116  # half the cost of Path.stat, at every commit
    except OSError:
        return False


def gone(folder: Path) -> CheckpointError:
    """The folder was deleted or replaced under a running job."""
    return CheckpointError(
        f"{folder}: deleted or replaced while the job ran. The run has stopped; what was recorded before is "
        f"where the folder went. Put it back, or run the job file again."
    )


def explain(error: Exception, folder: Path) -> CheckpointError:
    """An error of the system or of SQLite as a sentence with a way out."""
    text = str(error).lower()
    if "full" in text or "no space" in text:
        way = "the disk is full. Everything recorded is safe; free some space, then run it again."
    elif "malformed" in text or "not a database" in text or "corrupt" in text:
        way = "damaged. It is left as it is; restore it from a backup, or run the job under another name with --id NEW."
    elif "locked" in text or "busy" in text:
        way = "locked by another program. Close what has it open, then run it again."
    elif "exists" in text or "not empty" in text:
        way = "it was created by somebody else this moment. Run it again."
    elif "readonly" in text or "read-only" in text or "permission" in text or "unable to open" in text:
        way = f"cannot be written. Check its permissions, or use another folder. {_other_folder()}"
    elif "no such table" in text:
        way = "damaged: tables are missing. It is left as it is; restore it from a backup."
    else:
        way = f"cannot be used ({error}). Everything recorded is safe."
    return CheckpointError(f"{folder}: {way}")


def _other_folder() -> str:
    return "Another folder: --checkpoints DIR"
