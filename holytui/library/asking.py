"""What a program asks for, as a launch: its arguments checked, the user's settings read as the command line does."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, TypedDict

from holytui.config import Settings, load_settings
from holytui.core.job import Job
from holytui.distributed.reach import workers_at
from holytui.resources import model_factors, price_table
from holytui.runs.launch import Launch, Tables
from holytui.runs.prepare import Wishes, find, prepare
from holytui.store import shelf

MOST_CONCURRENCY = 4096


class Options(TypedDict, total=False):
    """What a run may be told beside its job.

    Attributes:
        checkpoints: the checkpoint folder. Default: HOLYTUI_CHECKPOINTS, then config.toml, then `./checkpoints`.
        limit: end the session after so many results.
        concurrency: requests in flight at most.
        budget_usd: USD, for the whole job.
        base_url: send requests there instead.
        api_key: for this call only, in place of the environment variable; it goes to no file.
        drift: what becomes of answers whose prompt has changed: `run` asks again, `keep` keeps them.
        trust: True sends the key to a host that is not its provider's own.
        executor: where items are to run: `local` or `celery`, on workers; None: where they ran last.
    """

    checkpoints: Path | str | None
    limit: int | None
    concurrency: int | None
    budget_usd: float | None
    base_url: str | None
    api_key: str | None
    drift: Literal["run", "keep"] | None
    trust: bool
    executor: str | None


def wishes_of(options: Options) -> Wishes:
    """The options, checked.

    Raises:
        TypeError: there is no such option.
        ValueError: one is out of its range.
    """
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))}: no such option; known are resume, {known}")
    limit, concurrency = options.get("limit"), options.get("concurrency")
    budget_usd, drift = options.get("budget_usd"), options.get("drift")
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected 1 or more, got {limit}")
    if concurrency is not None and not 1 <= concurrency <= MOST_CONCURRENCY:
        raise ValueError(f"concurrency: expected 1 to {MOST_CONCURRENCY}, got {concurrency}")
    if budget_usd is not None and not 0 < budget_usd < float("inf"):
        raise ValueError(f"budget_usd: expected an amount above 0, got {budget_usd}")
    if drift not in {None, "run", "keep"}:
        raise ValueError(f'drift: expected "run" or "keep", got {drift!r}')
    return Wishes(
        base_url=options.get("base_url"),
        concurrency=concurrency,
        budget_usd=budget_usd,
        limit=limit,
        drift=drift,
        api_key=options.get("api_key"),
        confirm=_confirm(trust=options.get("trust", False)),
        executor=options.get("executor"),
    )


def _confirm(*, trust: bool) -> Callable[[str, str], bool]:
    return lambda host, variable: trust


def checkpoint_folder(asked: Path | str | None, settings: Settings) -> Path:
    """The checkpoint folder, absolute: a program may change its working folder while a job runs."""
    return (settings.checkpoints if asked is None else Path(asked)).expanduser().absolute()


def settings_here() -> Settings:
    """The user's settings, as config.toml and HOLYTUI_* have them.

    Raises:
        ConfigError: they cannot be used.
    """
    return load_settings(os.environ)


def tables_of(settings: Settings) -> Tables:
    """Prices, clock factors and trusted hosts, as the command line has them."""
    return Tables(
        price_table(),
        settings.prices,
        model_factors(),
        frozenset(settings.trusted),
        elsewhere=partial(workers_at, settings.redis),
    )


def launch_of(job: Job | Path | str, options: Options, *, resume: bool) -> tuple[Launch, str | None]:
    """The session to be, and where it is a new job beside another one the id of that.

    Args:
        job: as `running.run` takes it.
        options: likewise.
        resume: False: begin a new job where there is one already.

    Raises:
        TypeError, ValueError: an argument is none that can be used.
        JobFileError, PrepareError, EndpointError, InputProblem, CheckpointError, ConfigError: it cannot be started.
    """
    if not isinstance(job, Job | Path | str):
        raise TypeError(
            f"job: expected a Job, the path of a job file or the id of a saved job, got {type(job).__name__}"
        )
    wishes = wishes_of(options)
    settings = settings_here()
    checkpoints, tables = checkpoint_folder(options.get("checkpoints"), settings), tables_of(settings)
    beside = None
    if not resume:
        home = checkpoints / job.slug if isinstance(job, Job) else find(checkpoints, job)[1]
        if home.exists():
            beside, new_id = home.name, _free(checkpoints, home.name)
            wishes = replace(wishes, job_id=new_id)
            if not isinstance(job, Job) and not Path(job).is_file():
                job = shelf.duplicate(home, new_id).name
                wishes = replace(wishes, job_id=None)
    return prepare(checkpoints, job, wishes, tables), beside


def _free(checkpoints: Path, job_id: str) -> str:
    """`name-2`, `name-3`, …: the first that no job has."""
    stem = re.sub(r"-\d+$", "", job_id)
    return next(name for number in count(2) if not (checkpoints / (name := f"{stem}-{number}")).exists())
