"""A job before it is started: what it would do and cost, what its provider says, what wishes change of that."""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from holytui.core.estimate import Estimate
from holytui.core.identity import step_hashes
from holytui.core.job import Job
from holytui.core.progress import Counters
from holytui.core.spread import Range
from holytui.core.workers import LOCAL
from holytui.provider.presets import Endpoint
from holytui.runs.checking import SIMULATED, check_provider, key_note_of
from holytui.runs.desk import Changed, JobSource, KeyCheck, KeyNote, Preview
from holytui.runs.elsewhere import ElsewhereError
from holytui.runs.endpoint import Target, resolve_endpoint, resolve_target
from holytui.runs.estimating import Past, Told, estimate_job, nobody, past_of
from holytui.runs.launch import Tables
from holytui.runs.prepare import Wishes, check_budget, elsewhere_for, find, with_wishes
from holytui.runs.saved import PrepareError, check_prompts
from holytui.runs.sound import saved_job, saved_meta
from holytui.store.health import try_folder
from holytui.store.reader import Drift, Reader


@dataclass(frozen=True, slots=True)
class Asked:
    """A job as it was asked for.

    Attributes:
        checkpoints: the folder where jobs are saved.
        source: a job file, or the id of a saved job.
        wishes: beside the job file; with the key for this session, if one was given.
        tables: prices, clock factors and trusted hosts.
    """

    checkpoints: Path
    source: JobSource
    wishes: Wishes
    tables: Tables


@dataclass(frozen=True, slots=True)
class _Found:
    """The job with the wishes in it, where it is from, and the name of what is to run its items."""

    job: Job
    base_dir: Path
    origin: str
    folder: Path
    target: Target
    executor: str

    @property
    def on_workers(self) -> bool:
        return self.executor != LOCAL


def _find(asked: Asked) -> _Found:
    loaded, folder = find(asked.checkpoints, asked.source, asked.wishes.job_id)
    if loaded is None:
        job, meta = saved_job(folder)
        base_dir, origin, last = folder / meta.base_dir, str(folder), meta.executor
    else:
        job, base_dir, origin = loaded.job, loaded.base_dir, str(loaded.path)
        last = saved_meta(folder).executor if folder.is_dir() else LOCAL
    target = resolve_target(job.provider, asked.wishes.base_url)
    executor = asked.wishes.executor or last
    return _Found(with_wishes(job, asked.wishes), base_dir, origin, folder, target, executor)


def preview_of(asked: Asked, told: Told = nobody) -> Preview:
    """What starting a job would do and cost; blocks while it reads the whole input.

    Args:
        asked: which.
        told: how far the reading is.

    Raises:
        JobFileError, PrepareError, EndpointError, InputProblem, CheckpointError: it cannot be started at all.
    """
    found = _find(asked)
    job, folder, target = found.job, found.folder, found.target
    book = asked.tables.book(job)
    read = partial(estimate_job, job, found.base_dir, book, simulated=target.simulated, told=told)
    with past_of(folder, job) as past:
        estimate = read(past=past)
        answered = past.answered
    counters, drift = _so_far(folder, job)
    changed = None
    if drift.changed_steps and drift.answered_items:
        again = _again(estimate, read(past=Past(answered=answered)), drift.changed_steps)
        changed = Changed(drift.changed_steps, drift.answered_items, again)
    key, where = _key_note(asked, found), _where(asked, found)
    problem = "" if folder.is_dir() else try_folder(asked.checkpoints).problem
    unsavable = (problem,) if problem else ()
    return Preview(
        job_id=folder.name,
        name=job.name,
        source=found.origin,
        estimate=estimate,
        key_note=key.words,
        key_ok=key.ok,
        saved_in=folder,
        existing=folder.is_dir(),
        blockers=(*where.blockers, *_blockers(asked, job), *unsavable),
        unsavable=unsavable,
        variable=target.variable,
        key_missing=key.missing,
        spent=counters.spend.money,
        failed=counters.failed,
        changed=changed,
        on_workers=found.on_workers,
        place=where.place,
    )


def revised(asked: Asked, preview: Preview) -> Preview:
    """A preview with the wishes as they are now; the input is not read again.

    Raises:
        JobFileError, PrepareError, EndpointError, CheckpointError: the job cannot be found any more.
    """
    found = _find(asked)
    key, where = _key_note(asked, found), _where(asked, found)
    estimate = replace(preview.estimate, budget_usd=found.job.run.budget_usd)
    return replace(
        preview,
        estimate=estimate,
        key_note=key.words,
        key_ok=key.ok,
        key_missing=key.missing,
        blockers=(*where.blockers, *_blockers(asked, found.job), *preview.unsavable),
        on_workers=found.on_workers,
        place=where.place,
    )


def key_note(asked: Asked) -> KeyNote:
    """What is to be said about the key that a job would be sent with.

    Raises:
        JobFileError, PrepareError, EndpointError, CheckpointError: the job cannot be found.
    """
    return _key_note(asked, _find(asked))


def check_of(asked: Asked) -> KeyCheck:
    """What the provider says about a job's key and models; blocks for some seconds, sends no prompt.

    It is not asked for a job that runs on workers: the key here is none of theirs.

    Raises:
        JobFileError, PrepareError, EndpointError, CheckpointError: it cannot be asked; the preview tells it too.
    """
    found = _find(asked)
    if found.target.embedded:
        return KeyCheck(SIMULATED)
    if found.on_workers:
        return KeyCheck(_key_note(asked, found).words)
    endpoint = _endpoint(asked, found)
    models = [step.model for step in found.job.steps]
    return check_provider(endpoint, found.target.variable, models).for_preflight()


def _blockers(asked: Asked, job: Job) -> tuple[str, ...]:
    try:
        check_prompts(job.name, (step.prompt for step in job.steps))
        check_budget(job, asked.tables.book(job).price)
    except PrepareError as error:
        return (str(error),)
    return ()


@dataclass(frozen=True, slots=True)
class _Where:
    """Where items are to run, for a person, and why they cannot."""

    place: str = ""
    blockers: tuple[str, ...] = ()


def _where(asked: Asked, found: _Found) -> _Where:
    try:
        elsewhere = elsewhere_for(found.executor, asked.tables)
    except ElsewhereError as error:
        return _Where(blockers=(str(error),))
    return _Where() if elsewhere is None else _Where(elsewhere.place)


def _key_note(asked: Asked, found: _Found) -> KeyNote:
    return key_note_of(found.target, lambda: _endpoint(asked, found), on_workers=found.on_workers)


def _endpoint(asked: Asked, found: _Found) -> Endpoint:
    """Where a job's requests go, with the key; raises as `resolve_endpoint` does."""
    return resolve_endpoint(
        found.target,
        found.job.provider,
        env=os.environ,
        trusted=asked.tables.trusted,
        confirm=asked.wishes.confirm,
        api_key=None if found.on_workers else asked.wishes.api_key,
        key_here=not found.on_workers,
    )


def _so_far(folder: Path, job: Job) -> tuple[Counters, Drift]:
    """What a saved job has done, and what of that is answered to another text than the job's now."""
    if not folder.is_dir():
        return Counters(), Drift((), 0)
    reader = Reader.open(folder)
    try:
        return reader.counters(), reader.drift(step_hashes(job))
    finally:
        reader.close()


def _again(pending: Estimate, everything: Estimate, changed: Collection[str]) -> Range | None:
    """What it comes to when changed steps are asked of all items, and the others of those that are pending."""
    again = Range()
    for step in (
        *(step for step in everything.steps if step.step in changed),
        *(step for step in pending.steps if step.step not in changed),
    ):
        if step.cost is None:
            return None
        again += step.cost
    return again
