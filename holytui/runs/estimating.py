"""What a job would do and cost: every prompt rendered, nothing sent."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holytui.core import other_models
from holytui.core.estimate import Estimate, StepEstimate
from holytui.core.forecast import StepForecast, StepNeeds, duration, forecast
from holytui.core.identity import step_hashes
from holytui.core.job import Job, Step
from holytui.core.job_file import LoadedJob
from holytui.core.pricing import PriceBook
from holytui.core.template import Template, TemplateError
from holytui.core.tokens import Answered
from holytui.core.work import Item, Record
from holytui.inputs.source import read_job
from holytui.store.reader import Reader

SHOWN_PROMPTS = 3
SHOWN_PROBLEMS = 50

Told = Callable[[int, int], None]
"""Is told how many items were read, and how many of them have no prompt; from the thread that reads."""


def nobody(items: int, unusable: int) -> None:
    """Is told, and does nothing."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a job's checkpoint tells an estimate.

    Attributes:
        settled: whether an item has its result already, so that a run would not send it again.
        answered: what answers to its steps came to.
    """

    settled: Callable[[Item], bool] = lambda item: False
    answered: tuple[Answered, ...] = ()


NO_PAST = Past()


@contextmanager
def past_of(folder: Path, job: Job) -> Iterator[Past]:
    """The past of a job as its file is now; nothing where there is no folder.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    if not folder.is_dir():
        yield NO_PAST
        return
    reader = Reader.open(folder)
    try:
        yield Past(lambda item: reader.settled(item.item_id, item.input_hash), tuple(reader.answered(step_hashes(job))))
    finally:
        reader.close()


def answers_so_far(folder: Path, loaded: LoadedJob) -> Past:
    """What answers of a job file's job came to, with every item counted as still to be sent.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    if not folder.is_dir():
        return NO_PAST
    reader = Reader.open(folder)
    try:
        mine = reader.meta().job_path == str(loaded.path.resolve())
        return Past(answered=tuple(reader.answered(step_hashes(loaded.job)))) if mine else NO_PAST
    finally:
        reader.close()


@dataclass(slots=True)
class _Tally:
    """One step while the input is read."""

    step: Step
    prompt: Template
    system: Template | None
    uses: Mapping[str, int]
    unanswered: Mapping[str, str]
    shown: Mapping[str, str]
    requests: int = 0
    chars: int = 0
    size: int = 0

    @classmethod
    def of(cls, step: Step) -> "_Tally":
        texts = f"{step.system or ''}{step.prompt}"
        return cls(
            step,
            Template.parse(step.prompt),
            Template.parse(step.system) if step.system else None,
            {name: texts.count(f"{{steps.{name}}}") for name in step.uses},
            dict.fromkeys(step.uses, ""),
            {name: f"[the answer of {name}]" for name in step.uses},
        )

    def measure(self, record: Record) -> tuple[int, int]:
        """Characters and bytes of an item's messages, earlier answers left empty.

        Raises:
            TemplateError: the record has no such field.
        """
        system = self.system.render(record, self.unanswered) if self.system is not None else ""
        prompt = self.prompt.render(record, self.unanswered)
        return len(system) + len(prompt), _size(system) + _size(prompt)

    def add(self, chars: int, size: int) -> None:
        self.requests += 1
        self.chars += chars
        self.size += size

    def needs(self) -> StepNeeds:
        step = self.step
        return StepNeeds(step.name, step.model, step.max_tokens, self.requests, self.chars, self.size, self.uses)


def estimate_job(
    job: Job, base_dir: Path, prices: PriceBook, *, simulated: bool, past: Past = NO_PAST, told: Told = nobody
) -> Estimate:
    """Read the whole input, render every prompt, add up; blocking.

    Args:
        job: what would run.
        base_dir: what the input's paths are relative to.
        prices: for its models.
        simulated: it would run against the simulator.
        past: what it did already.
        told: how far the reading is.

    Raises:
        InputProblem: the source cannot be read at all.
        CheckpointError: its past cannot be read any more.
    """
    tallies = [_Tally.of(step) for step in job.step_order()]
    items = readable = pending = 0
    problems, prompts = list[tuple[str, str]](), list[tuple[str, str, str]]()
    for item in read_job(job, base_dir):
        told(items, items - readable)
        items += 1
        if past.settled(item):
            readable += item.record.problem is None
            continue
        pending += 1
        problem = _count(item.record, tallies)
        readable += problem is None
        if problem is not None:
            problems.append((item.item_id, problem))
            del problems[SHOWN_PROBLEMS:]
        elif len(prompts) < SHOWN_PROMPTS * len(tallies):
            prompts += [
                (item.item_id, tally.step.name, tally.prompt.render(item.record, tally.shown)) for tally in tallies
            ]
    forecasts = forecast([tally.needs() for tally in tallies], past.answered)
    steps = tuple(_step_estimate(step, prices) for step in forecasts)
    return Estimate(
        name=job.name,
        items=items,
        readable=readable,
        pending=pending,
        problems=tuple(problems),
        steps=steps,
        seconds=duration(forecasts, job.run.concurrency),
        concurrency=job.run.concurrency,
        budget_usd=job.run.budget_usd,
        prompts=tuple(prompts),
        simulated=simulated,
        other_models=other_models.before_running(steps, prices),
    )


def _count(record: Record, tallies: list[_Tally]) -> str | None:
    """Count the prompts of an item; why it has none, if so. A step that cannot be rendered spoils all of them."""
    if record.problem is not None:
        return record.problem
    try:
        measured = [tally.measure(record) for tally in tallies]
    except TemplateError as error:
        return str(error)
    for tally, (chars, size) in zip(tallies, measured, strict=True):
        tally.add(chars, size)
    return None


def _step_estimate(step: StepForecast, prices: PriceBook) -> StepEstimate:
    needs = step.needs
    return StepEstimate(
        needs.step,
        needs.model,
        needs.requests,
        step.input,
        step.output,
        prices.price(needs.model),
        step.cached_share,
        step.answers,
    )


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
