"""Saved jobs by their ids; light, for commands that only look."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from holytui.core.unknown_prompt import UNKNOWN_PROMPT


class PrepareError(Exception):
    """The job cannot be run as asked; the message says why and the way out (exit 2)."""


class NoSuchJob(PrepareError):
    """Neither a job file nor a saved job."""


def check_prompts(name: str, prompts: Iterable[str]) -> None:
    """A job that was imported without its prompt can be looked at only.

    Raises:
        PrepareError: nobody knows what to send.
    """
    if UNKNOWN_PROMPT in prompts:
        raise PrepareError(
            f"{name} was imported without its prompt and model: it can be looked at and exported, not run. To run it, "
            f"import its file again with --prompt TEXT --model M --id NEW."
        )


def find_saved(checkpoints: Path, job_id: str) -> Path:
    """The folder of a saved job.

    Raises:
        NoSuchJob: there is none of that id.
    """
    folder = checkpoints / job_id
    if job_id and "/" not in job_id and not job_id.startswith(".") and folder.is_dir():
        return folder
    from holytui.store.shelf import renamed

    if now := renamed(checkpoints, job_id):
        raise NoSuchJob(f"{job_id}: was renamed, it is called {now[0].name} now.")
    known = sorted(entry.name for entry in checkpoints.iterdir()) if checkpoints.is_dir() else []
    jobs = [name for name in known if not name.startswith(".")]
    near = difflib.get_close_matches(job_id, jobs, n=3)
    shown = f"Nearest: {', '.join(near)}." if near else f"Jobs there: {', '.join(jobs[:10]) or 'none'}."
    raise NoSuchJob(
        f"{job_id}: no such job file, and no such job in {checkpoints}. {shown} Another folder: --checkpoints DIR"
    )
