"""A checkpoint file of the old kind as a job: its answers kept, its failures known, the rest ready to run."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from holytui.core.failures import FailureKind
from holytui.core.given import BESIDE, GIVEN_FILE, GivenItem, lines_of
from holytui.core.identity import job_id_of, step_hashes
from holytui.core.job import Job, Provider
from holytui.core.pricing import UNKNOWN, Usage
from holytui.core.progress import Counters, JobState
from holytui.core.prompt_job import STEP
from holytui.core.template import Template
from holytui.core.told_failures import guess_kind
from holytui.core.unknown_prompt import UNKNOWN_MODEL, without_prompt
from holytui.core.work import IMPORTED, AttemptEvent, ItemState, Notice, Outcome
from holytui.inputs.seed import SeedFile, SeedResult, read_seed
from holytui.inputs.source import read_job
from holytui.inputs.whole_input import read_whole
from holytui.runs.endpoint import resolve_target
from holytui.runs.import_plan import ImportPlan, plan_import
from holytui.runs.import_words import BY_INDEX, cost_words, example, notes_of
from holytui.runs.saved import PrepareError
from holytui.runs.sync import batches
from holytui.store.checkpoint import JobMeta, create
from holytui.store.writer import Writer

AT_ONCE = 2_000
"""Results on their way to the writer: what is queued there is in memory once more."""

LONGEST_NAME = 200

Match = Literal["item", "index"]
"""By what the items are, or by their indices alone."""


@dataclass(frozen=True, slots=True)
class ImportWishes:
    """What the file does not say.

    Attributes:
        items: a file with the whole input.
        prompt, model: of the answers, and of the requests to come.
        provider: its name; base_url: where requests go.
        job_id: to save under, else one from the file's task id.
        match: how results find their items in the input; None: by what the items are, unless too many answers were lost
            by that.
    """

    items: Path | None = None
    prompt: str | None = None
    model: str | None = None
    provider: str | None = None
    base_url: str | None = None
    job_id: str | None = None
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A job that was made of such a file.

    Attributes:
        folder: of the job.
        counters: of it: answers, failures, items to go.
        unknown_items: of the whole input, which nobody has seen.
        can_run: prompt and model are known.
        notes: sentences about what was not as it should be.
    """

    folder: Path
    counters: Counters
    unknown_items: int
    can_run: bool
    notes: tuple[str, ...]


def import_seed(checkpoints: Path, path: Path, wishes: ImportWishes) -> Imported:
    """Make a job of the file; whole or not at all. Nothing is sent.

    Raises:
        InputProblem: the file, or that of the items, cannot be read, or is something else.
        JobRefused, PrepareError, EndpointError: it cannot be a job as asked, or was imported already.
        CheckpointError: the checkpoint folder cannot be read or written.
    """
    seed = read_seed(path)
    name = _name(seed, path)
    folder = checkpoints / (wishes.job_id or job_id_of(name))
    if folder.exists():
        raise PrepareError(
            f"{folder.name}: there is a job of this name already in {checkpoints}; was the file imported before? "
            f"Look: holytui status {folder.name}. To import it once more: --id NEW"
        )
    prompt = wishes.prompt or _usable_prompt(seed)
    model = wishes.model or seed.model
    _refuse_what_cannot_run(wishes, prompt, model)
    whole = None if wishes.items is None else read_whole(wishes.items)
    plan = plan_import(seed.results, whole, total=seed.total, by_index=wishes.match == "index")
    _refuse_empty(path, wishes, seed, plan)
    if wishes.items is not None and wishes.match is None:
        _refuse_stranded(path, wishes.items, plan)
    job = _job(plan.items[: plan.wanted], name, prompt, model, wishes)
    at = seed.updated_at or path.stat().st_mtime
    meta = _meta(job, folder.name, seed.started_at or at)
    known, own = prompt is not None, wishes.prompt is None and prompt is not None
    notes = notes_of(path, wishes.items, seed, plan, prompt_from_file=own, prompt_known=known)
    recorded = list[Counters]()

    def fill(building: Path) -> None:
        writer = Writer.open(building, barrier_every=AT_ONCE)
        try:
            _sync(writer, job, plan.items)
            _record(writer, plan, model or "", at)
            if plan.wanted < len(plan.items):
                _sync(writer, job, plan.items[: plan.wanted])
            for note in (*notes, f"imported from {path.resolve()}; {cost_words(plan)}"):
                writer.notice(Notice("import", note, time.time()))
            writer.set_state(_state(writer)).result()
            recorded.append(writer.counters)
        finally:
            writer.close()

    create(folder, meta, {GIVEN_FILE: lines_of(plan.items[: plan.wanted])}, fill)
    unknown = 0 if whole is not None or seed.total is None else max(0, seed.total - plan.wanted)
    return Imported(folder, recorded[0], unknown, prompt is not None and model is not None, notes)


def _name(seed: SeedFile, path: Path) -> str:
    name = seed.task_id.strip() or path.stem
    return name[:LONGEST_NAME]


def _usable_prompt(seed: SeedFile) -> str | None:
    """The file's own prompt, where it can only mean one thing: doubled braces mean another to every formatter."""
    prompt = seed.prompt
    if prompt is None or "{{" in prompt or "}}" in prompt:
        return None
    template = Template.parse(prompt)
    return prompt if "{item}" in prompt or template.fields else None


def _refuse_what_cannot_run(wishes: ImportWishes, prompt: str | None, model: str | None) -> None:
    missing = [option for option, value in (("--prompt TEXT", prompt), ("--model M", model)) if value is None]
    if missing and (wishes.prompt is not None or wishes.model is not None):
        raise PrepareError(
            f"To ask the rest holytui has to know with what, and the file does not say it: "
            f"give {' and '.join(missing)}."
        )


def _refuse_empty(path: Path, wishes: ImportWishes, seed: SeedFile, plan: ImportPlan) -> None:
    if not plan.results:
        torn = " It breaks off before the first one." if seed.torn else ""
        raise PrepareError(f"{path} holds no complete result: there is nothing to keep.{torn}")
    if wishes.items is not None and min(plan.results) >= plan.wanted:
        raise PrepareError(
            f"{_none_of(len(plan.results))} in {path} is about an item of {wishes.items}: "
            f"is that the input of this file? {example(plan, wishes.items)} {BY_INDEX}"
        )


def _refuse_stranded(path: Path, items: Path, plan: ImportPlan) -> None:
    """Not to pay for most of the answers once more, only because their items are written in a way nobody foresaw."""
    again = min(len(plan.stranded), plan.wanted - plan.kept)
    if again * 2 <= plan.answered:
        return
    raise PrepareError(
        f"{len(plan.stranded):,} of the {plan.answered:,} answers in {path} are about items that {items} does not "
        f"have: up to {again:,} of them might be asked and paid for again. {example(plan, items)} {BY_INDEX} "
        f"If they are others: --match item keeps the answers aside."
    )


def _none_of(results: int) -> str:
    return "Not the one result" if results == 1 else f"None of the {results:,} results"


def _job(items: tuple[GivenItem, ...], name: str, prompt: str | None, model: str | None, wishes: ImportWishes) -> Job:
    try:
        given = {"name": wishes.provider, "base_url": wishes.base_url}
        provider = Provider.model_validate({key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        raise PrepareError(f"--base-url: {error.errors()[0]['msg']}.") from None
    resolve_target(provider)
    if prompt is None or model is None:
        known = Job.from_prompt(
            items=items, prompt="{item}", model=model or UNKNOWN_MODEL, name=name, provider=provider
        )
        return without_prompt(known)
    return Job.from_prompt(items=items, prompt=prompt, model=model, name=name, provider=provider)


def _meta(job: Job, job_id: str, created_at: float) -> JobMeta:
    return JobMeta(
        job_id=job_id,
        name=job.name,
        job_json=job.model_dump_json(),
        job_path=None,
        base_dir=BESIDE,
        created_at=created_at,
        state=JobState.READY,
        reason="",
        wake_at=None,
        message="",
        step_hashes=step_hashes(job),
        run_json=job.run.model_dump_json(),
    )


def _sync(writer: Writer, job: Job, items: tuple[GivenItem, ...]) -> None:
    writer.begin_sync(
        step_hashes(job),
        job_json=job.model_dump_json(),
        run_json=job.run.model_dump_json(),
        job_path=None,
        base_dir=BESIDE,
    ).result()
    for batch in batches(read_job(job.with_items(items), Path())):
        writer.add_items(batch).result()
    writer.end_sync().result()


def _record(writer: Writer, plan: ImportPlan, model: str, at: float) -> None:
    """Tell the writer of every result as if it had come just now, from a request whose cost nobody knows."""
    results: Iterator[tuple[int, SeedResult]] = iter(plan.results.items())
    while page := list(islice(results, AT_ONCE)):
        for place, result in page:
            outcome = _outcome(place, result, model, at)
            writer.attempt(_attempt(outcome))
            writer.outcome(outcome)
        writer.flush().result()


def _outcome(place: int, result: SeedResult, model: str, at: float) -> Outcome:
    when = at if result.at is None else result.at
    if result.answer is not None and result.answer.strip():
        return Outcome(place, STEP, 1, when, answer=result.answer, model=model, closes=ItemState.SUCCEEDED)
    if result.answer is not None:
        kind, status, message = FailureKind.EMPTY_ANSWER, None, "the answer was empty"
    else:
        kind, status = guess_kind(result.error)
        message = result.error or "the file does not say why"
    return Outcome(
        place, STEP, 1, when, kind=kind, message=message, http_status=status, model=model, closes=ItemState.FAILED
    )


def _attempt(outcome: Outcome) -> AttemptEvent:
    return AttemptEvent(
        outcome.index,
        STEP,
        1,
        1,
        counted=False,
        started_at=outcome.at,
        ended_s=0.0,
        kind=outcome.kind,
        message=outcome.message if outcome.kind is not None else IMPORTED,
        http_status=outcome.http_status,
        model=outcome.model,
        usage=Usage(exact=False),
        cost=UNKNOWN,
        wasted=outcome.kind is not None,
    )


def _state(writer: Writer) -> JobState:
    counters = writer.counters
    if counters.pending:
        return JobState.READY
    return JobState.COMPLETED_WITH_FAILURES if counters.failed else JobState.COMPLETED
