"""What a job would do and cost: every prompt rendered, nothing sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from holytui.core.estimate import Estimate, StepEstimate
from holytui.core.job import Job, Step
from holytui.core.pricing import PriceBook, Usage
from holytui.core.template import Template, TemplateError
from holytui.core.work import Item, Record
from holytui.inputs.source import read

CHARS_PER_TOKEN = 4.0
"""English prose in common vocabularies; code and other scripts differ, so the money is a range."""

INPUT_SPREAD = 0.15
DEFAULT_OUTPUT_TOKENS = (100, 400)
"""What a step without `max_tokens` answers, at least and at most, in tokens: a guess until it runs."""

OUTPUT_SHARE = (0.3, 1.0)
"""What part of `max_tokens` answers take, at least and at most."""

SECONDS_PER_REQUEST = (2.0, 20.0)
"""A guess until it runs."""

SHOWN_PROMPTS = 3
SHOWN_PROBLEMS = 50


@dataclass(slots=True)
class _Tally:
    """One step while the input is read."""

    step: Step
    prompt: Template
    system: Template | None
    requests: int = 0
    chars: int = 0

    def rendered(self, record: Record, stand_in: Mapping[str, str]) -> str:
        system = self.system.render(record, stand_in) if self.system is not None else ""
        prompt = self.prompt.render(record, stand_in)
        self.requests += 1
        self.chars += len(system) + len(prompt)
        return prompt


def output_tokens(step: Step) -> tuple[int, int]:
    """Tokens a step's answer takes: at least, at most."""
    if step.max_tokens is None:
        return DEFAULT_OUTPUT_TOKENS
    return int(step.max_tokens * OUTPUT_SHARE[0]), int(step.max_tokens * OUTPUT_SHARE[1])


def estimate_job(
    job: Job,
    base_dir: Path,
    prices: PriceBook,
    *,
    simulated: bool,
    settled: Callable[[Item], bool] = lambda item: False,
) -> Estimate:
    """Read the whole input, render every prompt, add up; blocking.

    Args:
        job: what would run.
        base_dir: what the input's paths are relative to.
        prices: for its models.
        simulated: it would run against the simulator.
        settled: whether an item has its result already, so that a run would not send it again.

    Raises:
        InputProblem: the source cannot be read at all.
    """
    tallies = [_tally(step) for step in job.step_order()]
    items = readable = pending = 0
    problems, prompts = list[tuple[str, str]](), list[tuple[str, str, str]]()
    stand_in = {step.name: "x" * int(sum(output_tokens(step)) / 2 * CHARS_PER_TOKEN) for step in job.steps}
    for item in read(job.input, base_dir):
        items += 1
        problem = item.record.problem
        if settled(item):
            readable += problem is None
            continue
        pending += 1
        if problem is None:
            try:
                texts = [(tally.step.name, tally.rendered(item.record, stand_in)) for tally in tallies]
            except TemplateError as error:
                problem = str(error)
            else:
                readable += 1
                if len(prompts) < SHOWN_PROMPTS * len(tallies):
                    prompts.extend((item.item_id, name, text) for name, text in texts)
        if problem is not None and len(problems) < SHOWN_PROBLEMS:
            problems.append((item.item_id, problem))
    steps = tuple(_step_estimate(tally, prices) for tally in tallies)
    waves = sum(step.requests for step in steps) / max(1, job.run.concurrency)
    return Estimate(
        name=job.name,
        items=items,
        readable=readable,
        pending=pending,
        problems=tuple(problems),
        steps=steps,
        low_s=waves * SECONDS_PER_REQUEST[0],
        high_s=waves * SECONDS_PER_REQUEST[1],
        concurrency=job.run.concurrency,
        budget_usd=job.run.budget_usd,
        prompts=tuple(prompts),
        simulated=simulated,
    )


def _tally(step: Step) -> _Tally:
    system = Template.parse(step.system) if step.system else None
    return _Tally(step, Template.parse(step.prompt), system)


def _step_estimate(tally: _Tally, prices: PriceBook) -> StepEstimate:
    step, price = tally.step, prices.price(tally.step.model)
    requests = tally.requests
    tokens_in = round(tally.chars / CHARS_PER_TOKEN)
    low, high = (requests * tokens for tokens in output_tokens(step))
    low_usd = high_usd = None
    if price is not None:
        low_usd = price.cost(Usage(round(tokens_in * (1 - INPUT_SPREAD)), low))
        high_usd = price.cost(Usage(round(tokens_in * (1 + INPUT_SPREAD)), high))
    return StepEstimate(step.name, step.model, requests, tokens_in, (low + high) // 2, low_usd, high_usd, price)
