"""A look at a job file while it is written: what is wrong with it, and the first prompts it makes."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from holytui.core.job import Job, JobFileError, LoadedJob, Problem, parse_job
from holytui.core.template import Template, TemplateError
from holytui.core.work import Record
from holytui.inputs.source import InputProblem, read
from holytui.runs.desk import Glance
from holytui.runs.endpoint import EndpointError, resolve_target
from holytui.runs.launch import Tables
from holytui.runs.prepare import check_budget
from holytui.runs.saved import PrepareError

SHOWN_ITEMS = 3
LOOKED_AT = 50
"""Items that are read to find some that have a prompt."""

SHOWN_CHARS = 4_000


def glance(text: str, path: Path, tables: Tables, *, prompts: bool = True) -> Glance:
    """Look at a job file's text; blocks while it reads the beginning of the input, sends nothing.

    Args:
        text: TOML.
        path: of the file, which need not be there; its folder is what paths are relative to.
        tables: prices.
        prompts: whether the input is to be read at all.
    """
    try:
        loaded = parse_job(text, path)
    except JobFileError as error:
        return Glance(error.problems)
    problems = list(_beyond_the_file(loaded.job, tables))
    if not prompts:
        return Glance(tuple(problems))
    shown, more = _first_prompts(loaded)
    return Glance((*problems, *more), shown)


def _beyond_the_file(job: Job, tables: Tables) -> Iterator[Problem]:
    """What a good job file may still lack to be started."""
    try:
        resolve_target(job.provider)
    except EndpointError as error:
        yield Problem("provider.name", str(error))
    try:
        check_budget(job, tables.book(job).price)
    except PrepareError as error:
        yield Problem("run.budget_usd", str(error))


def _first_prompts(loaded: LoadedJob) -> tuple[tuple[tuple[str, str, str], ...], list[Problem]]:
    """(item id, step, prompt) of the first items that have one; foreign text."""
    job, shown, problems = loaded.job, list[tuple[str, str, str]](), list[Problem]()
    place = f"input.{job.input.source}"
    try:
        for item in islice(read(job.input, loaded.base_dir), LOOKED_AT):
            if item.record.problem is not None:
                problems.append(Problem(place, f"{item.item_id}: {item.record.problem}"))
                continue
            shown += [(item.item_id, *part) for part in _rendered(job, item.record)]
            if len(shown) >= SHOWN_ITEMS * len(job.steps):
                break
    except InputProblem as error:
        return (), [Problem(place, str(error))]
    except TemplateError as error:
        return tuple(shown), [Problem("steps[0].prompt", str(error))]
    return tuple(shown), problems[:1] if not shown else []


def _rendered(job: Job, record: Record) -> Iterator[tuple[str, str]]:
    for step in job.step_order():
        answers = {name: f"[the answer of {name}]" for name in step.uses}
        yield step.name, Template.parse(step.prompt).render(record, answers)[:SHOWN_CHARS]
