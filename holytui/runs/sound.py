"""Jobs that their model accepts: no other is run, and no other is written to a checkpoint."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from holytui.core.display import safe
from holytui.core.job import Job, RunOptions
from holytui.core.job_checks import meaning
from holytui.core.job_problems import JobRefused, Problem, from_pydantic
from holytui.runs.saved import PrepareError
from holytui.store.checkpoint import JobMeta
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError


def saved_meta(folder: Path) -> JobMeta:
    """What a checkpoint knows of its job; the job itself may be none that can be run.

    Raises:
        CheckpointError: it cannot be read.
    """
    reader = Reader.open(folder)
    try:
        return reader.meta()
    finally:
        reader.close()


def saved_job(folder: Path) -> tuple[Job, JobMeta]:
    """The job as its checkpoint keeps it.

    Raises:
        CheckpointError: it cannot be read, or holds what no job may be.
    """
    meta = saved_meta(folder)
    return job_of_meta(folder, meta), meta


def job_of_meta(folder: Path, meta: JobMeta) -> Job:
    """The job that a checkpoint's meta describes.

    Args:
        folder: of the job, for the sentence.
        meta: of that checkpoint.

    Raises:
        CheckpointError: it is none; the message says why and the way out.
    """
    try:
        return Job.model_validate_json(meta.job_json, strict=False)
    except ValidationError as error:
        raise CheckpointError(
            f"{folder}: the job in it cannot be used: {_words(error, Job)}. Everything recorded is safe and can be "
            f"exported; running its job file, or the program that made it, again puts the job right."
        ) from error


def with_run(job: Job, changes: Mapping[str, Any]) -> Job:
    """A job that is run in another way.

    Args:
        job: the job.
        changes: values of its `[run]`, by key.

    Raises:
        PrepareError: one of them is of a wrong kind, or out of its range.
    """
    try:
        run = RunOptions.model_validate({**job.run.model_dump(), **changes})
    except ValidationError as error:
        raise PrepareError(f"This cannot be asked for: {_words(error, RunOptions)}.") from error
    return job.model_copy(update={"run": run})


def sound(job: Job) -> Job:
    """A job of a program as a checkpoint would give it back; copies that were made with changes are not checked.

    Raises:
        PrepareError: it would be none any more.
    """
    try:
        text = job.model_dump_json(warnings=False)
        checked = Job.model_validate_json(text, context={"checked": True})
        unsound = "; ".join(map(str, meaning(json.loads(text))))
    except ValidationError as error:
        unsound = _words(error, Job)
    except PydanticSerializationError as error:
        unsound = safe(str(error))
    if unsound:
        raise PrepareError(f"{safe(str(job.name))} cannot be used: {unsound}.")
    return checked.with_items(job.given_items)


def _words(error: ValidationError, root: type[Job] | type[RunOptions]) -> str:
    """What a model found, in the words of job files."""
    found = from_pydantic(error, root)
    return str(JobRefused(tuple(found or (Problem("", str(error.errors()[0]["msg"])),))))
