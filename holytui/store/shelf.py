"""Jobs as folders: renamed, made again from their definition, put into the trash and taken out of it.

Each is one rename of a folder, under the job's lock: a kill leaves it where it was or where it went.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from holytui.core.given import GIVEN_FILE
from holytui.core.progress import JobState
from holytui.store.checkpoint import FILE, create, sync_folder
from holytui.store.lock import NOTE as OWNER_NOTE
from holytui.store.lock import OwnerLock
from holytui.store.reader import Reader
from holytui.store.trouble import explain, not_there

TRASH = ".trash"
NOTE = "renamed.json"
"""In a renamed job's folder: the id it was made under, by which its job file looks for it."""
STAMP = "%Y%m%d-%H%M%S-%f"


class NameTaken(Exception):
    """There is something of this name already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder.name}: there is one of this name already in {folder.parent}. Take another name.")


@dataclass(frozen=True, slots=True)
class Trashed:
    """A job in the trash.

    Attributes:
        job_id: that it had, and has again when it is taken out.
        place: the folder it is in now.
        at: when it was put there, Unix seconds.
    """

    job_id: str
    place: Path
    at: float


def rename(folder: Path, job_id: str) -> Path:
    """Give a job at rest another id; the new folder.

    Raises:
        NameTaken: another job has it.
        OwnedElsewhere: somebody runs it.
        CheckpointError: it is not there, or its folder cannot be written.
    """
    target = folder.parent / job_id
    with _explained(folder), _held(folder):
        if target.exists():
            raise NameTaken(target)
        # Before the move, and with both names: whichever of them a kill leaves, the note holds for it.
        note = {"made_as": made_as(folder), "names": [folder.name, job_id]}
        fresh = folder / f"{NOTE}.new"
        fresh.write_text(json.dumps(note), "utf-8")
        fresh.replace(folder / NOTE)
        _move(folder, target)
    return target


def made_as(folder: Path) -> str:
    """The id that a job was made under; a copy of a renamed job, made by hand, has only its own name."""
    try:
        note = json.loads((folder / NOTE).read_text("utf-8"))
        return str(note["made_as"]) if folder.name in note["names"] else folder.name
    except (OSError, ValueError, LookupError, TypeError):
        return folder.name


def renamed(checkpoints: Path, job_id: str) -> list[Path]:
    """The jobs that were made under this id and have another one now; by name."""
    try:
        folders = sorted(note.parent for note in checkpoints.glob(f"[!.]*/{NOTE}"))
    except OSError:
        return []
    return [folder for folder in folders if folder.name != job_id and made_as(folder) == job_id]


def duplicate(folder: Path, job_id: str) -> Path:
    """Make a new job from the definition of a saved one: nothing done, no answers, nothing spent; its folder.

    Its input is read when it is run first.

    Raises:
        NameTaken: another job has that id.
        CheckpointError: the definition cannot be read, or the new job not be written.
    """
    target = folder.parent / job_id
    with _explained(target):
        if target.exists():
            raise NameTaken(target)
    reader = Reader.open(folder)
    try:
        meta = reader.meta()
    finally:
        reader.close()
    fresh = replace(
        meta,
        job_id=job_id,
        created_at=time.time(),
        state=JobState.READY,
        reason="",
        wake_at=None,
        message="",
        syncing=True,
        executor="local",
        read_up_to="",
    )
    try:
        with contextlib.ExitStack() as opened:
            files = {}
            if meta.has_own_items:
                files[GIVEN_FILE] = opened.enter_context((folder / GIVEN_FILE).open("rb"))
            create(target, fresh, files)
    except OSError as error:
        raise explain(error, folder / GIVEN_FILE) from error
    return target


def trash(folder: Path) -> Trashed:
    """Put a job at rest into the trash folder of its checkpoint folder; nothing ever empties that.

    Raises:
        OwnedElsewhere: somebody runs it.
        CheckpointError: it is not there, or cannot be moved.
    """
    with _explained(folder), _held(folder):
        bin_ = folder.parent / TRASH
        bin_.mkdir(exist_ok=True)
        now = datetime.now(UTC)
        place = bin_ / f"{folder.name}.{now.strftime(STAMP)}"
        _move(folder, place)
        sync_folder(bin_)
    return Trashed(folder.name, place, now.timestamp())


def in_trash(checkpoints: Path) -> list[Trashed]:
    """What is in the trash, the newest last."""
    with _explained(checkpoints):
        try:
            found = [_trashed(place) for place in (checkpoints / TRASH).iterdir()]
        except FileNotFoundError:
            return []
    return sorted((one for one in found if one is not None), key=lambda one: one.at)


def restore(trashed: Trashed) -> Path:
    """Take a job out of the trash; its folder.

    Raises:
        NameTaken: another job has its name meanwhile.
        CheckpointError: it is not in the trash any more, or cannot be moved.
    """
    target = trashed.place.parent.parent / trashed.job_id
    with _explained(trashed.place):
        if target.exists():
            raise NameTaken(target)
        _move(trashed.place, target)
    return target


def _trashed(place: Path) -> Trashed | None:
    name, _, stamp = place.name.rpartition(".")
    try:
        at = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None  # put there by somebody else
    return Trashed(name, place, at.timestamp()) if name and (place / FILE).exists() else None


def _move(folder: Path, target: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / OWNER_NOTE).unlink(missing_ok=True)  # the lock's release would look for it at the old place
    folder.rename(target)
    sync_folder(target.parent)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Under the lock of a job that nobody runs."""
    if not (folder / FILE).exists():
        raise not_there(folder)
    lock = OwnerLock(folder)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error
