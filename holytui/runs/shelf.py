"""The jobs of a checkpoint folder renamed, made again, thrown away; and the last of these taken back."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from holytui.runs.desk import DeskError, Shelved
from holytui.runs.saved import NoSuchJob, find_saved
from holytui.store import shelf
from holytui.store.lock import OwnedElsewhere
from holytui.store.trouble import CheckpointError


class LocalShelf:
    """Implements `runs.desk.Shelf`. Deletes are remembered by the trash itself, renames until this process ends."""

    def __init__(self, checkpoints: Path, on_renamed: Callable[[str, str], None]) -> None:
        """Stand at a shelf.

        Args:
            checkpoints: the checkpoint folder.
            on_renamed: told the old and the new id of each renamed job.
        """
        self._checkpoints = checkpoints
        self._on_renamed = on_renamed
        self._renamed: list[tuple[float, str, str]] = []
        """When, from which id, to which."""

    def rename(self, job_id: str, new_id: str) -> Shelved:
        """Give a job at rest another id.

        Raises:
            DeskError: somebody runs it, the id is taken, or the folder cannot be written.
        """
        self._rename(job_id, new_id)
        self._renamed.append((time.time(), job_id, new_id))
        return Shelved(new_id, f"{job_id} is {new_id} now   u undoes", job_id, renamed=True)

    def duplicate(self, job_id: str, new_id: str) -> Shelved:
        """Make a new job of the same definition, with nothing done.

        Raises:
            DeskError: the id is taken, the definition cannot be read, or the folder not be written.
        """
        with _told():
            shelf.duplicate(find_saved(self._checkpoints, job_id), new_id)
        return Shelved(new_id, f"{new_id} is ready: as {job_id}, with nothing done", job_id)

    def delete(self, job_id: str) -> Shelved:
        """Move a job at rest into the trash.

        Raises:
            DeskError: somebody runs it, or it cannot be moved.
        """
        with _told():
            shelf.trash(find_saved(self._checkpoints, job_id))
        return Shelved(job_id, f"{job_id} is in {shelf.TRASH}   u undoes")

    def undo(self) -> Shelved:
        """Take back the newest delete, by whichever holytui, or rename, by this one.

        Raises:
            DeskError: there is none, its name is taken meanwhile, or somebody runs the renamed job.
        """
        with _told():
            trashed = shelf.in_trash(self._checkpoints)
        deleted_at = trashed[-1].at if trashed else 0.0
        while self._renamed and self._renamed[-1][0] > deleted_at:
            _, before, after = self._renamed[-1]
            if not (self._checkpoints / after).is_dir():
                self._renamed.pop()  # gone by other hands: nothing to take back any more
                continue
            self._rename(after, before)
            self._renamed.pop()
            return Shelved(before, f"{after} is {before} again", after, renamed=True)
        if not trashed:
            raise DeskError(f"nothing to undo: no job is in {self._checkpoints / shelf.TRASH}")
        with _told():
            shelf.restore(trashed[-1])
        return Shelved(trashed[-1].job_id, f"{trashed[-1].job_id} is back")

    def _rename(self, job_id: str, new_id: str) -> None:
        with _told():
            shelf.rename(find_saved(self._checkpoints, job_id), new_id)
        self._on_renamed(job_id, new_id)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (NoSuchJob, OwnedElsewhere, CheckpointError, shelf.NameTaken) as error:
        raise DeskError(str(error)) from error
