"""From a job file or a job id to a launch: find or create the job, notice drift, keep files apart."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holytui.core.display import usd
from holytui.core.identity import step_hashes
from holytui.core.job import Job, LoadedJob, load_job
from holytui.core.progress import Counters, JobState, Spend
from holytui.inputs.source import read
from holytui.runs.elsewhere import Elsewhere, ElsewhereError
from holytui.runs.endpoint import resolve_endpoint, resolve_target
from holytui.runs.launch import LOCAL, Launch, Tables
from holytui.runs.saved import PrepareError, find_saved
from holytui.store.checkpoint import JobMeta, create
from holytui.store.reader import Reader
from holytui.store.shelf import renamed


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line or the screens ask for beside the job file.

    Attributes:
        drift: `run` or `keep` when changed steps are accepted, else None.
        job_id: the id to save under, `--id`.
        confirm: asked about a host and variable that are no known pair.
        api_key: for this session only.
        stays: a long wait for the provider is sat out in the session.
        executor: where items are to run, by name; None: where they ran last, in this process at first.
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
        return loaded, folder_of(checkpoints, job_id or loaded.job.slug, loaded)
    saved = find_saved(checkpoints, str(source))
    return None, saved if job_id is None else checkpoints / job_id


def folder_of(checkpoints: Path, job_id: str, loaded: LoadedJob) -> Path:
    """Where the job of a job file is saved, or will be: under its id, or under the one it was renamed to since.

    Raises:
        CheckpointError: a job that may be the file's cannot be read.
    """
    home = checkpoints / job_id
    others = renamed(checkpoints, job_id)
    if not others or (home.is_dir() and _is_of(home, loaded)):
        return home
    return next((folder for folder in others if _is_of(folder, loaded)), home)


def _is_of(folder: Path, loaded: LoadedJob) -> bool:
    return saved_job(folder)[1].job_path in {None, str(loaded.path.resolve())}


def saved_job(folder: Path) -> tuple[Job, JobMeta]:
    """The job as its checkpoint keeps it.

    Raises:
        CheckpointError: it cannot be read.
    """
    reader = Reader.open(folder)
    try:
        meta = reader.meta()
    finally:
        reader.close()
    return Job.model_validate_json(meta.job_json, strict=False), meta


def prepare(
    checkpoints: Path,
    source: str | Path,
    wishes: Wishes,
    tables: Tables,
    env: Mapping[str, str] | None = None,
) -> Launch:
    """Everything up to the lock; creates the job's folder when it is new.

    Raises:
        JobFileError, PrepareError, EndpointError, ElsewhereError, InputProblem: exit 2, with the way out.
        CheckpointError: the checkpoint folder cannot be read or written (exit 7).
    """
    loaded, folder = find(checkpoints, source, wishes.job_id)
    last = LOCAL
    if loaded is None:
        job, meta = saved_job(folder)
        last = meta.executor
        base_dir, sync = Path(meta.base_dir), meta.syncing
        job_path = None if meta.job_path is None else Path(meta.job_path)
    else:
        job, base_dir, job_path, sync = loaded.job, loaded.base_dir, loaded.path.resolve(), True
    job = with_wishes(job, wishes)
    if loaded is not None and folder.exists():
        last = saved_job(folder)[1].executor
    elsewhere = elsewhere_for(wishes.executor or last, tables)
    prices = tables.book(job)
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
            api_key=wishes.api_key,
            key_here=elsewhere is None,
        )
    if loaded is not None and folder.exists():
        check_saved(folder, loaded, wishes)
    elif loaded is not None:
        next(read(loaded.job.input, loaded.base_dir), None)  # an input that is not there makes no job
        create(folder, _new_meta(folder.name, loaded, step_hashes(loaded.job)))
    return Launch(
        folder=folder,
        job=job,
        base_dir=base_dir,
        job_path=job_path,
        sync=sync,
        target=target,
        endpoint=endpoint,
        prices=prices,
        factors=tables.factors,
        limit=wishes.limit,
        keep_answers=wishes.drift == "keep",
        stays=wishes.stays,
        elsewhere=elsewhere,
    )


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
    """The job as it is to be run now."""
    changes: dict[str, object] = {}
    if wishes.concurrency is not None:
        changes["concurrency"] = wishes.concurrency
    if wishes.budget_usd is not None:
        changes["budget_usd"] = wishes.budget_usd
    if not changes:
        return job
    return job.model_copy(update={"run": job.run.model_copy(update=changes)})


def check_saved(folder: Path, loaded: LoadedJob, wishes: Wishes) -> None:
    """A saved job goes on only with its own file, and not unasked when the file's steps have changed.

    Raises:
        PrepareError: it is another file's job, or its steps have changed and the wishes do not say what then.
        CheckpointError: it cannot be read.
    """
    hashes = step_hashes(loaded.job)
    reader = Reader.open(folder)
    try:
        meta = reader.meta()
        drift = reader.drift(hashes)
        counters = reader.counters()
    finally:
        reader.close()
    mine, theirs = str(loaded.path.resolve()), meta.job_path
    if theirs is not None and theirs != mine:
        raise PrepareError(
            f'Two job files are named "{loaded.job.name}": {mine} and {theirs}, whose job is saved in {folder}. '
            f"To keep both apart: --id NEW"
        )
    if drift.changed_steps and drift.answered_items and wishes.drift is None:
        steps = ", ".join(drift.changed_steps)
        raise PrepareError(
            f"Changed since the job ran: {steps}. {drift.answered_items:,} items have answers to the old text, "
            f"bought for {_paid(counters, drift.changed_steps)}; "
            f"running them again pays for them again (holytui estimate {loaded.path} tells how much). "
            f"--drift run asks them again, --drift keep keeps their answers."
        )


def _paid(counters: Counters, steps: Iterable[str]) -> str:
    """What the recorded answers to these steps cost; steps that the job had not yet cost nothing so far."""
    spend = Spend()
    for step in steps:
        spend = spend.add(counters.by_step.get(step, Spend()).money)
    return "an unknown sum" if spend.money.usd is None else usd(spend.money)


def _new_meta(job_id: str, loaded: LoadedJob, hashes: Mapping[str, str]) -> JobMeta:
    return JobMeta(
        job_id=job_id,
        name=loaded.job.name,
        job_json=loaded.job.model_dump_json(),
        job_path=str(loaded.path.resolve()),
        base_dir=str(loaded.base_dir),
        created_at=time.time(),
        state=JobState.READY,
        reason="",
        wake_at=None,
        message="",
        step_hashes=hashes,
        run_json=loaded.job.run.model_dump_json(),
    )
