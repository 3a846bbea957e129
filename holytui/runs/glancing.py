"""A look at a job file while it is written: what is wrong with it, and the first prompts it makes."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from holytui.core.job import Input, Job, Provider
from holytui.core.job_checks import SOURCES
from holytui.core.job_file import parse_job
from holytui.core.job_problems import JobFileError, Problem
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

Shown = tuple[str, str, str]


def glance(text: str, path: Path, tables: Tables, *, checkpoints: Path | None = None) -> Glance:
    """Look at a job file's text; blocks while it reads the beginning of the input, sends nothing.

    What is wrong in one part hides nothing of another: prompts are shown as soon as there are an input and a prompt.

    Args:
        text: TOML.
        path: of the file, which need not be there; its folder is what paths are relative to.
        tables: prices.
        checkpoints: of a new job: its first prompts are wanted, and a name that is not taken there.
    """
    problems = list[Problem]()
    try:
        job = parse_job(text, path).job
    except JobFileError as error:
        problems += error.problems
    else:
        problems += _beyond_the_file(job, tables)
        if checkpoints is not None and (checkpoints / job.slug).exists():
            problems.append(Problem("name", f'a job "{job.slug}" is saved here already; take another name'))
    if checkpoints is None:
        return Glance(tuple(problems))
    data = _parts(text)
    problems += _about_provider(data.get("provider"), problems)
    shown, more = _first_prompts(data, path.resolve().parent)
    told = {problem.key for problem in problems}
    return Glance((*problems, *(problem for problem in more if problem.key not in told)), shown)


def _parts(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _beyond_the_file(job: Job, tables: Tables) -> Iterator[Problem]:
    """What a good job file may still lack to be started."""
    try:
        check_budget(job, tables.book(job).price)
    except PrepareError as error:
        yield Problem("run.budget_usd", str(error))


def _about_provider(provider: object, known: Sequence[Problem]) -> Iterator[Problem]:
    if any(problem.key.startswith("provider") for problem in known):
        return
    try:
        resolve_target(Provider.model_validate(provider or {}))
    except ValidationError:
        return  # told with the job's other problems
    except EndpointError as error:
        yield Problem("provider.name", str(error))


def _first_prompts(data: Mapping[str, Any], base_dir: Path) -> tuple[tuple[Shown, ...], list[Problem]]:
    """(item id, step, prompt) of the first items that have one; foreign text."""
    try:
        source = Input.model_validate(data.get("input"))
        steps = [(str(step["name"]), Template.parse(step["prompt"])) for step in data["steps"]]
    except (ValidationError, LookupError, TypeError):
        return (), []  # told with the job's other problems
    shown, problems = list[Shown](), list[Problem]()
    place = f"input.{source.source}" if any(getattr(source, name) is not None for name in SOURCES) else ""
    if not place:
        return (), []
    try:
        for item in islice(read(source, base_dir), LOOKED_AT):
            if item.record.problem is not None:
                problems.append(Problem(place, f"{item.item_id}: {item.record.problem}"))
                continue
            shown += [(item.item_id, name, _rendered(prompt, item.record)) for name, prompt in steps]
            if len(shown) >= SHOWN_ITEMS * len(steps):
                break
    except InputProblem as error:
        return (), [Problem(place, str(error))]
    except TemplateError as error:
        return tuple(shown), [Problem("steps[0].prompt", str(error))]
    return tuple(shown), problems[:1] if not shown else []


def _rendered(prompt: Template, record: Record) -> str:
    return prompt.render(record, {name: f"[the answer of {name}]" for name in prompt.steps})[:SHOWN_CHARS]
