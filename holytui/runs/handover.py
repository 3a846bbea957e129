"""A run given to a process in the background: what was asked for it goes along, what is secret in its environment."""

from collections.abc import Mapping

from holytui.core.job import Job
from holytui.runs.background import run_in_background, told
from holytui.runs.endpoint import resolve_target
from holytui.runs.prepare import Wishes, elsewhere_for
from holytui.runs.previewing import Asked
from holytui.runs.sound import saved_job


def hand_over(asked: Asked, job_id: str) -> str:
    """Let a job that nobody runs be run apart from this terminal; what to tell the user. Blocks.

    Args:
        asked: what was asked for the job, with the key for this session, if one was given.
        job_id: the job.

    Raises:
        CheckpointError, EndpointError, ElsewhereError, BackgroundFailed: it rests, nothing is lost.
    """
    job, meta = saved_job(asked.checkpoints / job_id)
    environment = _environment(asked, job, asked.wishes.executor or meta.executor)
    owner = run_in_background(asked.checkpoints, job_id, arguments_of(asked.wishes), env=environment)
    return told(job_id, owner)


def arguments_of(wishes: Wishes) -> list[str]:
    """The wishes as options of `run`."""
    options = {
        "limit": wishes.limit,
        "concurrency": wishes.concurrency,
        "budget": wishes.budget_usd,
        "base-url": wishes.base_url,
        "executor": wishes.executor,
    }
    return [f"--{name}={value}" for name, value in options.items() if value is not None]


def _environment(asked: Asked, job: Job, executor: str) -> Mapping[str, str]:
    """What everyone on the machine could read among the arguments: a key, the address of Redis."""
    variable, key = resolve_target(job.provider, asked.wishes.base_url).variable, asked.wishes.api_key
    elsewhere = elsewhere_for(executor, asked.tables)
    return {**({variable: key} if key and variable else {}), **({} if elsewhere is None else elsewhere.environment)}
