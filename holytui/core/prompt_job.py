"""A job of one prompt over items that the caller gives: for programs, which have no job file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from holytui.core.answer_schema import SchemaProblem, given_schema
from holytui.core.given import GIVEN_FILE, check_items, field_problems
from holytui.core.identity import step_hashes
from holytui.core.job import Job, Provider, RunOptions
from holytui.core.job_checks import forbidden, meaning
from holytui.core.job_problems import JobRefused, Problem, arrange, from_pydantic

STEP = "answer"
DIGITS = 8
_ARGUMENTS = {"input.id": "id", "steps": "prompt"}


def job_from_prompt(
    items: object,
    step: Mapping[str, Any],
    *,
    name: str | None,
    id_field: str | None,
    schema: object,
    provider: Provider | None,
    run: RunOptions | None,
) -> Job:
    """The job of one step over these items.

    Args:
        items: texts, or mappings of names to JSON values.
        step: as a job file has it, None for what is left out.
        name: None: one that follows from the step, so that the same call finds its job again.
        id_field: that identifies an item.
        schema: a JSON Schema as Python's values, or None.
        provider: None for the default.
        run: None for the defaults.

    Raises:
        JobRefused: it cannot be used; all that is wrong with it.
    """
    given, wrong = check_items(items)
    wrong += [*_not_a(Provider, "provider", provider), *_not_a(RunOptions, "run", run)]
    data: dict[str, Any] = {
        "name": name if name is not None else "prompt",
        "input": _without_none({"jsonl": GIVEN_FILE, "id": id_field}),
        "provider": _data(provider),
        "run": _data(run),
        "steps": [_without_none({"name": STEP, **step})],
    }
    refused, remaining = forbidden(data)
    found = meaning(remaining)
    if schema is not None:
        try:
            remaining["steps"][0]["schema"] = given_schema(schema)
        except SchemaProblem as problem:
            found.append(Problem("schema", str(problem).removeprefix("schema: ")))
        remaining["steps"][0]["response_format"] = "json"
    if not wrong:
        found += field_problems(given, {key: step.get(key) for key in ("prompt", "system")}, id_field)
    job = None
    try:
        job = Job.model_validate(remaining, context={"checked": True})
    except ValidationError as error:
        found += from_pydantic(error, Job)
    problems = _as_arguments((*wrong, *arrange(refused, found)))
    if job is None or problems:
        raise JobRefused(problems)
    if name is None:
        job = job.model_copy(update={"name": f"prompt-{step_hashes(job)[STEP][:DIGITS]}"})
    return job.with_items(given)


def _not_a(kind: type[BaseModel], argument: str, part: object) -> Iterator[Problem]:
    if part is not None and not isinstance(part, kind):
        yield Problem(argument, f"expected a holytui.{kind.__name__}, got {type(part).__name__}")


def _data(part: object) -> dict[str, Any]:
    """What a part of a job says; one that is none was told already."""
    return part.model_dump(exclude_none=True) if isinstance(part, BaseModel) else {}


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _as_arguments(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by the argument they are about, where a job file would have a place of its own."""
    return tuple(Problem(_argument(problem.key), problem.message) for problem in problems)


def _argument(key: str) -> str:
    key = key.removeprefix("steps[0].")
    return _ARGUMENTS.get(key, key)
