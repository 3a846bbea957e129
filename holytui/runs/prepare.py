"""From a job file or a job id to a launch: find or create the job, notice drift, keep files apart."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holytui.core.display import usd
from holytui.core.given import BESIDE, GIVEN_FILE, lines_of
from holytui.core.identity import step_hashes
from holytui.core.job import Job
from holytui.core.job_file import LoadedJob, load_job
from holytui.core.progress import Counters, JobState, Spend
from holytui.inputs.source import read_job
from holytui.runs.elsewhere import Elsewhere, ElsewhereError
from holytui.runs.endpoint import resolve_endpoint, resolve_target
from holytui.runs.launch import LOCAL, Launch, Tables
from holytui.runs.origin import Origin
from holytui.runs.saved import PrepareError, check_prompts, find_saved
from holytui.runs.sound import saved_job, saved_meta, sound, with_run
from holytui.store.checkpoint import JobMeta, create
from holytui.store.reader import Reader
from holytui.store.shelf import renamed
from holytui.store.trouble import already_there


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line or the screens ask for beside the job file.

    Attributes:
        drift: `run` or `keep` when changed steps are accepted, else None.
        job_id: the id to save under, `--id`.
        confirm: asked about a host and variable that are no known pair.
        api_key: for this session only; of no use to workers, who have their own.
        stays: a long wait for the provider is sat out in the session.
        executor: where items are to run, by name; None: where they ran last, in this process at first.
        fresh: it has to be a new job.
    """

    base_url: str | None = None
    concurrency: int | None = None
    budget_usd: float | None = None
    limit: int | None = None
    drift: str | None = None
    job_id: str | None = None
    api_key: str | None = None
    confirm: Callable[[str, str], bool] = field(default=lambda host, variable: False)
    stays: bool = False
    executor: str | None = None
    fresh: bool = False


def find(checkpoints: Path, source: str | Path, job_id: str | None = None) -> tuple[LoadedJob | None, Path]:
    """The job file, if the source is one, and the job's folder, which may not exist yet.

    Args:
        checkpoints: the checkpoint folder.
        source: a job file, or the id of a saved job.
        job_id: the id to save under, `--id`.

    Raises:
        JobFileError: it is a file, but not a good job file.
        NoSuchJob: it is neither.
        CheckpointError: a job that may be the file's cannot be read.
    """
    path = Path(source)
    if path.is_file():
        loaded = load_job(path)
        return loaded, folder_of(checkpoints, job_id or loaded.job.slug, Origin.of_file(loaded))
    saved = find_saved(checkpoints, str(source))
    return None, saved if job_id is None else checkpoints / job_id


def folder_of(checkpoints: Path, job_id: str, origin: Origin) -> Path:
    """Where a job is saved, or will be: under its id, or under the one it was renamed to since.

    Raises:
        CheckpointError: a job that may be this one cannot be read.
    """
    home = checkpoints / job_id
    others = renamed(checkpoints, job_id)
    if not others or (home.is_dir() and _is_of(home, origin)):
        return home
    return next((folder for folder in others if _is_of(folder, origin)), home)


def _is_of(folder: Path, origin: Origin) -> bool:
    return origin.may_continue(Origin.of_saved(saved_meta(folder)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job as it is to be now; `origin` and `base_dir` are those of its saved job where an id was given.

    Attributes:
        base_dir: what its paths are relative to.
        by_id: it was asked for as a saved job.
        again: its input is to be read before it runs.
        saved: as the checkpoint has it, None: it is to be made.
    """

    job: Job
    folder: Path
    origin: Origin
    base_dir: Path
    by_id: bool
    again: bool
    saved: JobMeta | None


def _ask(checkpoints: Path, source: str | Path | Job, job_id: str | None) -> _Asked:
    if isinstance(source, Job):
        job = sound(source)
        origin = Origin.of_program(job)
        folder = folder_of(checkpoints, job_id or job.slug, origin)
        base_dir = folder / BESIDE if origin.given else Path.cwd()
    else:
        loaded, folder = find(checkpoints, source, job_id)
        if loaded is None:
            job, meta = saved_job(folder)
            origin, base_dir = Origin.of_saved(meta), folder / meta.base_dir
            return _Asked(job, folder, origin, base_dir, by_id=True, again=meta.syncing, saved=meta)
        origin, job, base_dir = Origin.of_file(loaded), loaded.job, loaded.base_dir
    saved = saved_meta(folder) if folder.exists() else None
    return _Asked(job, folder, origin, base_dir, by_id=False, again=True, saved=saved)


def prepare(
    checkpoints: Path,
    source: str | Path | Job,
    wishes: Wishes,
    tables: Tables,
    env: Mapping[str, str] | None = None,
) -> Launch:
    """Everything up to the lock; creates the job's folder when it is new.

    Args:
        checkpoints: the checkpoint folder.
        source: a job file, the id of a saved job, or a job that a program made: with items of its own, or with an
            input whose paths are relative to the working folder.
        wishes: beside the job.
        tables: prices, clock factors and trusted hosts.
        env: where keys are read from; None: this process's environment.

    Raises:
        JobFileError, PrepareError, EndpointError, ElsewhereError, InputProblem: exit 2, with the way out.
        CheckpointError: the checkpoint folder cannot be read or written (exit 7).
        AlreadyThere: one of them: the job was made by somebody else meanwhile.
    """
    asked = _ask(checkpoints, source, wishes.job_id)
    if wishes.fresh and asked.saved is not None:
        raise already_there(asked.folder)
    job = with_wishes(asked.job, wishes)
    last = LOCAL if asked.saved is None else asked.saved.executor
    elsewhere = elsewhere_for(wishes.executor or last, tables)
    prices = tables.book(job)
    check_prompts(job.name, (step.prompt for step in job.steps))
    check_budget(job, prices.price)
    target = resolve_target(job.provider, wishes.base_url)
    endpoint = None
    if not target.embedded:
        endpoint = resolve_endpoint(
            target,
            job.provider,
            env=os.environ if env is None else env,
            trusted=tables.trusted,
            confirm=wishes.confirm,
            api_key=wishes.api_key if elsewhere is None else None,
            key_here=elsewhere is None,
        )
    if asked.saved is None:
        _make(asked)
    elif not asked.by_id:
        check_saved(asked.folder, asked.job, asked.origin, wishes)
    return Launch(
        folder=asked.folder,
        job=job,
        base_dir=asked.base_dir,
        job_path=None if asked.origin.path is None else Path(asked.origin.path),
        sync=asked.again,
        target=target,
        endpoint=endpoint,
        prices=prices,
        factors=tables.factors,
        limit=wishes.limit,
        keep_answers=wishes.drift == "keep",
        stays=wishes.stays,
        elsewhere=elsewhere,
        was_elsewhere=elsewhere_for(last, tables) if elsewhere is None else None,
    )


def _make(asked: _Asked) -> None:
    """Create the job's folder; an input that is not there makes no job."""
    next(read_job(asked.job, asked.base_dir), None)
    given = asked.job.given_items
    create(asked.folder, _new_meta(asked), {} if given is None else {GIVEN_FILE: lines_of(given)})


def elsewhere_for(executor: str, tables: Tables) -> Elsewhere | None:
    """The way to the machines that an executor's name stands for; None for this process.

    Raises:
        ElsewhereError: it is not installed, its address cannot be used, or nobody knows the name.
    """
    if executor == LOCAL:
        return None
    found = tables.elsewhere()
    if found is None or found.name != executor:
        raise ElsewhereError(f"No executor is called {executor}; local runs everything in this process.")
    return found


def check_budget(job: Job, price: Callable[[str], object | None]) -> None:
    """A budget can only be kept when every request has a bound.

    Raises:
        PrepareError: a step has no price, or no `max_tokens`.
    """
    if job.run.budget_usd is None:
        return
    for step in job.steps:
        if price(step.model) is None:
            raise PrepareError(
                f'No price known for "{step.model}": a budget cannot be kept. Set a price, or remove budget_usd.'
            )
        if step.max_tokens is None:
            raise PrepareError(
                f'Step "{step.name}" has no max_tokens: a budget cannot be kept. Set max_tokens, or remove budget_usd.'
            )


def with_wishes(job: Job, wishes: Wishes) -> Job:
    """The job as it is to be run now.

    Raises:
        PrepareError: a wish cannot be met by any job.
    """
    asked = {"concurrency": wishes.concurrency, "budget_usd": wishes.budget_usd}
    changes = {name: value for name, value in asked.items() if value is not None}
    return with_run(job, changes) if changes else job


def check_saved(folder: Path, job: Job, origin: Origin, wishes: Wishes) -> None:
    """A saved job goes on only with its own file or program, and not unasked when its steps have changed.

    Args:
        folder: of the saved job.
        job: as it is to be now.
        origin: of that.
        wishes: whether changed steps are accepted.

    Raises:
        PrepareError: it is another file's job, or its steps have changed and the wishes do not say what then.
        CheckpointError: it cannot be read.
    """
    hashes = step_hashes(job)
    reader = Reader.open(folder)
    try:
        saved = Origin.of_saved(reader.meta())
        drift = reader.drift(hashes)
        counters = reader.counters()
    finally:
        reader.close()
    if not origin.may_continue(saved):
        raise PrepareError(origin.told_apart(saved, job.name, folder))
    if drift.changed_steps and drift.answered_items and wishes.drift is None:
        steps = ", ".join(drift.changed_steps)
        raise PrepareError(
            f"Changed since the job ran: {steps}. {drift.answered_items:,} items have answers to the old text, "
            f"bought for {_paid(counters, drift.changed_steps)}; "
            f"running them again pays for them again. {origin.drift_words}"
        )


def _paid(counters: Counters, steps: Iterable[str]) -> str:
    """What the recorded answers to these steps cost; steps that the job had not yet cost nothing so far."""
    spend = Spend()
    for step in steps:
        spend = spend.add(counters.by_step.get(step, Spend()).money)
    return "an unknown sum" if spend.money.usd is None else usd(spend.money)


def _new_meta(asked: _Asked) -> JobMeta:
    return JobMeta(
        job_id=asked.folder.name,
        name=asked.job.name,
        job_json=asked.job.model_dump_json(),
        job_path=asked.origin.path,
        base_dir=BESIDE if asked.origin.given else str(asked.base_dir),
        created_at=time.time(),
        state=JobState.READY,
        reason="",
        wake_at=None,
        message="",
        step_hashes=step_hashes(asked.job),
        run_json=asked.job.run.model_dump_json(),
        syncing=True,  # until a session has read the input: a kill before that must not leave a job of no items
    )
