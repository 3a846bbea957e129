"""What a program asks for, as a launch: its arguments checked, the user's settings read as the command line does."""

import contextlib
import os
import re
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, TypedDict

from pydantic import BaseModel, ConfigDict, ValidationError

from holytui.config import Settings, load_settings
from holytui.core.job import AtLeastOne, AtOnce, Job, Usd
from holytui.core.job_problems import Problem, from_pydantic
from holytui.distributed.reach import workers_at
from holytui.resources import model_factors, price_table
from holytui.runs.launch import Launch, Tables
from holytui.runs.origin import Origin
from holytui.runs.prepare import Wishes, find, folder_of, prepare
from holytui.runs.sound import sound
from holytui.store import shelf
from holytui.store.trouble import AlreadyThere

TRIES = 10
"""At a job whose folder others make at the same moment; where each begins one of its own, one of them gets it."""

_SECRET = frozenset({"api_key"})


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


class _Asked(BaseModel):
    """Those options that are values of a kind and range, which are those of a job file where it has them too."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    limit: AtLeastOne | None = None
    concurrency: AtOnce | None = None
    budget_usd: Usd | None = None
    base_url: str | None = None
    api_key: str | None = None
    drift: Literal["run", "keep"] | None = None
    trust: bool = False
    executor: str | None = None


def wishes_of(options: Options) -> Wishes:
    """The options, checked.

    Raises:
        TypeError: there is no such option.
        ValueError: some are of a wrong kind, or out of their range; the message says of each what was expected.
    """
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"{', '.join(sorted(unknown))}: no such option; known are resume, {known}")
    given = {name: value for name, value in options.items() if name in _Asked.model_fields}
    try:
        asked = _Asked.model_validate(given)
    except ValidationError as error:
        # Not from it: its own words are about a model that nobody has heard of.
        raise ValueError("; ".join(_told(problem, given) for problem in from_pydantic(error, _Asked))) from None
    return Wishes(
        base_url=asked.base_url,
        concurrency=asked.concurrency,
        budget_usd=asked.budget_usd,
        limit=asked.limit,
        drift=asked.drift,
        api_key=asked.api_key,
        confirm=_confirm(trust=asked.trust),
        executor=asked.executor,
    )


def _told(problem: Problem, given: Mapping[str, object]) -> str:
    value = given[problem.key]
    got = type(value).__name__ if problem.key in _SECRET else shown(value)
    return f"{problem.key}: {problem.message.removesuffix(' in quotes')}, got {got}"


def shown(value: object) -> str:
    """A value that somebody gave, short enough for a sentence."""
    try:
        return reprlib.repr(value)
    except ValueError:  # a number of more digits than Python writes
        return type(value).__name__


def _confirm(*, trust: bool) -> Callable[[str, str], bool]:
    return lambda host, variable: trust


def checkpoint_folder(asked: Path | str | None, settings: Settings) -> Path:
    """The checkpoint folder, absolute: a program may change its working folder while a job runs.

    Raises:
        ValueError: it is no path.
    """
    if asked is None:
        return settings.checkpoints.expanduser().absolute()
    given: object = asked
    path = os.fspath(given) if isinstance(given, str | os.PathLike) else None
    if not isinstance(path, str):
        raise ValueError(f"checkpoints: expected a path, got {shown(asked)}")  # as for all options
    return Path(path).expanduser().absolute()


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
    for _ in range(TRIES):
        with contextlib.suppress(AlreadyThere):  # another thread or process has just made it: it is found now
            return _launch(job, options, resume=resume)
    return _launch(job, options, resume=resume)


def _launch(job: Job | Path | str, options: Options, *, resume: bool) -> tuple[Launch, str | None]:
    """As `launch_of`, once.

    Raises:
        AlreadyThere: somebody made the job's folder meanwhile.
    """
    wishes = wishes_of(options)
    settings = settings_here()
    checkpoints, tables = checkpoint_folder(options.get("checkpoints"), settings), tables_of(settings)
    beside = None
    if not resume:
        home, wishes = _home(checkpoints, job), replace(wishes, fresh=True)
        if home.exists():
            beside, new_id = home.name, _free(checkpoints, home.name)
            wishes = replace(wishes, job_id=new_id)
            if not isinstance(job, Job) and not Path(job).is_file():
                job = shelf.duplicate(home, new_id).name
                wishes = replace(wishes, job_id=None, fresh=False)
    return prepare(checkpoints, job, wishes, tables), beside


def _home(checkpoints: Path, job: Job | Path | str) -> Path:
    """Where the job would go on."""
    if not isinstance(job, Job):
        return find(checkpoints, job)[1]
    checked = sound(job)
    return folder_of(checkpoints, checked.slug, Origin.of_program(checked))


def _free(checkpoints: Path, job_id: str) -> str:
    """`name-2`, `name-3`, …: the first that no job has."""
    stem = re.sub(r"-\d+$", "", job_id)
    return next(name for number in count(2) if not (checkpoints / (name := f"{stem}-{number}")).exists())
