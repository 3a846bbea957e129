"""A saved job as a program holds it: looked at, resumed, retried, paused and stopped."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from holytui.core.command import Verb
from holytui.core.item_json import ItemJson
from holytui.library.asking import Options, checkpoint_folder, settings_here, shown
from holytui.library.choosing import retry_of
from holytui.library.figures import Progress, Result, rows_of
from holytui.library.running import run
from holytui.library.session import OnProgress
from holytui.runs.errands import rest, retry_at_rest, send_to_owner
from holytui.runs.saved import find_saved
from holytui.store.catalog import snapshot_of


def open_job(job_id: str, *, checkpoints: Path | str | None = None) -> "SavedJob":
    """A saved job, whoever made it and whoever runs it.

    Args:
        job_id: the name of its folder, as in `Result.job` and `holytui jobs`.
        checkpoints: the checkpoint folder. Default: HOLYTUI_CHECKPOINTS, then config.toml, then `./checkpoints`.

    Raises:
        TypeError, ValueError: an argument is none that can be used.
        NoSuchJob: there is none of that id.
        ConfigError: config.toml cannot be used.
    """
    if not isinstance(job_id, str):
        raise TypeError(f"job_id: expected the id of a saved job, got {shown(job_id)}")
    folder = checkpoint_folder(checkpoints, settings_here())
    return SavedJob(find_saved(folder, job_id))


@dataclass(frozen=True, slots=True)
class SavedJob:
    """A handle on a saved job; it holds nothing open and may be kept.

    Every call raises CheckpointError where the checkpoint cannot be read or written.

    Attributes:
        folder: of the job, absolute.
    """

    folder: Path

    @property
    def id(self) -> str:
        """The job's id."""
        return self.folder.name

    def progress(self) -> Progress:
        """How far it is now, also while another process runs it."""
        return Progress(snapshot_of(self.folder))

    def results(self, status: str | None = None) -> Iterator[ItemJson]:
        """Every item once, in input order; see `Result.results`.

        Args:
            status: only items of this one: `succeeded`, `failed`, `pending`.

        Raises:
            ValueError: there is no such status.
        """
        return rows_of(self.folder, status)

    @property
    def failures(self) -> Mapping[str, int]:
        """Failed items by kind."""
        return self.progress().failures

    def resume(self, *, on_progress: OnProgress | None = None, **options: Unpack[Options]) -> Result:
        """Run what is pending, to its end; as `holytui.run` with this job's id.

        Args:
            on_progress: as for `run`.
            **options: as for `run`; `checkpoints` is this job's.

        Raises:
            Exception: as `run` does.
        """
        options["checkpoints"] = self.folder.parent
        return run(self.id, on_progress=on_progress, **options)

    def retry(
        self,
        *,
        kinds: Sequence[str] = (),
        items: Sequence[str] = (),
        everything: bool = False,
        model: str | None = None,
    ) -> int | None:
        """Return failed items to pending; they are asked when the job runs, by `resume`. Nothing is sent here.

        Kinds that would fail the same way again, such as `bad_request`, go back only when they are named, with
        `everything` or with another model.

        Args:
            kinds: only these; `timeout` means all `timeout.*`.
            items: only these, by id.
            everything: of all kinds.
            model: ask this one instead.

        Returns:
            How many went back; None where somebody runs the job: then its owner was told, and asks them now.

        Raises:
            ValueError: there is no such kind of failure or item, or an argument is none that can be used.
            OwnedElsewhere, OwnerSilent: somebody has it and cannot be told.
        """
        command = retry_of(self.folder, kinds, items, everything=everything, model=model)
        if send_to_owner(self.folder.parent, self.id, command):
            return None
        return retry_at_rest(self.folder.parent, self.id, command)

    def pause(self) -> str:
        """Send nothing new; what is in flight finishes. Whoever runs it keeps it until it is told to go on.

        Returns:
            What came of it, a sentence.

        Raises:
            OwnerSilent: its owner does not answer; the command waits for it.
        """
        return rest(self.folder.parent, self.id, Verb.PAUSE)

    def stop(self) -> str:
        """End the session at once; what is in flight returns to pending.

        Returns:
            What came of it, a sentence.

        Raises:
            OwnerSilent: its owner does not answer; the command waits for it.
        """
        return rest(self.folder.parent, self.id, Verb.STOP)
