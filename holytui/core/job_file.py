"""Reading a job file: from its text to a job, with all that is wrong with it; and its JSON Schema for editors."""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from holytui.core.answer_schema import AnswerSchema, SchemaProblem, read_schema
from holytui.core.job import Job
from holytui.core.job_checks import SOURCES, forbidden, meaning
from holytui.core.job_problems import JobFileError, Problem, arrange, from_pydantic

JSON_SCHEMA_DIALECT = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """A job with the file it was read from; `base_dir` is what its paths are relative to."""

    job: Job
    path: Path
    base_dir: Path


def load_job(path: Path) -> LoadedJob:
    """Read a job file.

    Raises:
        JobFileError: it cannot be used; all its problems at once.
    """
    return parse_job(_text(path), path)


def parse_job(text: str, path: Path) -> LoadedJob:
    """A job from the text of its file, which need not be written yet.

    Args:
        text: TOML.
        path: where the file is or would be: its folder is what paths are relative to.

    Raises:
        JobFileError: it cannot be used; all its problems at once.
    """
    base_dir = path.resolve().parent
    job, problems = job_of(_parse(text, path), lambda name: _schema_in(name, base_dir))
    if job is None or problems:
        raise JobFileError(path, problems)
    return LoadedJob(job, path, base_dir)


def job_of(data: dict[str, Any], schema_of: Callable[[object], AnswerSchema]) -> tuple[Job | None, tuple[Problem, ...]]:
    """A job from what its file says, and all problems of it; None where it is none.

    Args:
        data: as TOML or JSON gives it; what is read from it is taken out of it.
        schema_of: the schema that a step's `schema` stands for; raises SchemaProblem.
    """
    unread = list(_read_schemas(data, schema_of))
    refused, remaining = forbidden(data)
    found = meaning(remaining)
    job = None
    try:
        job = Job.model_validate(remaining, context={"checked": True})
    except ValidationError as error:
        found += from_pydantic(error, Job)
    return job, arrange([*refused, *unread], found)


def _read_schemas(data: dict[str, Any], schema_of: Callable[[object], AnswerSchema]) -> Iterator[Problem]:
    """Put schemas where their files' names stand: a saved job has to go on without the files."""
    steps = data.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict) or "schema" not in step:
            continue
        try:
            step["schema"] = schema_of(step.pop("schema"))
        except SchemaProblem as problem:
            yield Problem(f"steps[{index}].schema", str(problem))


def _schema_in(name: object, base_dir: Path) -> AnswerSchema:
    if not (isinstance(name, str) and name.strip()):
        raise SchemaProblem("expected the path of a JSON Schema file, in quotes")
    return read_schema(name, base_dir)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problem = "there is no such file"
    except IsADirectoryError:
        problem = "it is a folder; expected a job file"
    except OSError as error:
        problem = f"it cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = f"line {line} is not UTF-8"
    raise JobFileError(path, (Problem("", problem),))


def _parse(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = f"it is not TOML: {error}"
    except ValueError:  # of TOML that is well formed Python refuses only such integers
        problem = "it is not TOML: a number in it has too many digits"
    except RecursionError:
        problem = "its values are nested too deeply"
    raise JobFileError(path, (Problem("", problem),))


def job_schema() -> dict[str, Any]:
    """The JSON Schema of job files, for editors."""
    schema: dict[str, Any] = _without_null(Job.model_json_schema())
    schema["$defs"]["Input"]["oneOf"] = [{"required": [source]} for source in SOURCES]
    return {"$schema": JSON_SCHEMA_DIALECT, **schema}


def _without_null(schema: Any) -> Any:
    """TOML has no null: what may be None may be left out instead."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        others = [option for option in options if option != {"type": "null"}]
        del kept["anyOf"]
        return {**kept, **others[0]} if len(others) == 1 else {**kept, "anyOf": others}
    return kept
