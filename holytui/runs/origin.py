"""What a job was made from, so that two of one name are never taken for the same."""

from dataclasses import dataclass
from pathlib import Path

from holytui.core.job import Job
from holytui.core.job_file import LoadedJob
from holytui.store.checkpoint import JobMeta


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job comes from.

    Attributes:
        path: its job file, absolute; None: it has none, or nobody knows it any more.
        given: its items came with it, from a program.
    """

    path: str | None
    given: bool = False

    @classmethod
    def of_file(cls, loaded: LoadedJob) -> "Origin":
        """Of a job that is read from its file."""
        return cls(str(loaded.path.resolve()))

    @classmethod
    def of_program(cls, job: Job) -> "Origin":
        """Of a job that a program hands over."""
        return cls(None, job.given_items is not None)

    @classmethod
    def of_saved(cls, meta: JobMeta) -> "Origin":
        """Of a saved job."""
        return cls(meta.job_path, meta.has_own_items)

    def may_continue(self, saved: "Origin") -> bool:
        """Whether a job from here may be the saved one."""
        return self.given == saved.given and saved.path in {None, self.path}

    @property
    def drift_words(self) -> str:
        """How to say what becomes of answers to steps that have changed since."""
        if self.path is None:
            return 'drift="run" asks them again, drift="keep" keeps their answers.'
        return (
            f"holytui estimate {self.path} tells how much. "
            f"--drift run asks them again, --drift keep keeps their answers."
        )

    def told_apart(self, saved: "Origin", name: str, folder: Path) -> str:
        """Why a job from here is not the saved one of the same name, and the way out."""
        if self.path is not None and saved.path is not None:
            return (
                f'Two job files are named "{name}": {self.path} and {saved.path}, whose job is saved in {folder}. '
                f"To keep both apart: --id NEW"
            )
        if self.path is not None:
            return (
                f'"{name}" is the name of {self.path}, and of a job that a program made, which is saved in {folder}. '
                f"To keep both apart: --id NEW"
            )
        other = "another that has its items elsewhere" if saved.path is None else f"the job file {saved.path}"
        return (
            f'"{name}" is the name of this job, which a program made, and of {other}, whose job is saved in {folder}. '
            f"To keep both apart give this one another name."
        )
