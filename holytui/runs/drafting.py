"""A job file to begin with: made from what is there, without questions, and good as it stands."""

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holytui.core.job import parse_job
from holytui.core.job_checks import SOURCES
from holytui.core.job_text import job_text
from holytui.inputs.guessing import guess_input, path_from
from holytui.inputs.reading import InputProblem
from holytui.provider.presets import PRESETS

PROVIDER, MODEL = "holysheep", "deepseek-v3.2"
BUDGET_USD = 5.0
MAX_TOKENS = 300
TEMPLATE_ITEMS = 20
PATH_SOURCES = tuple(source for source in SOURCES if source != "count")
LONGEST_NAME = 50
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")

NOTES = {
    "input.id": "the field that tells items apart",
    "input.max_chars": "of each text; what is longer is cut",
    "run.concurrency": "requests in flight, at most",
    "run.budget_usd": "never exceeded",
    "steps.prompt": "{item} is the item, {item.field} a field of it, {steps.name} the answer of another step",
    "steps.max_tokens": "of an answer; a budget needs it",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A job file that is not written yet.

    Attributes:
        data: as TOML would give it, without a name of its own where the file's is to be taken.
        name: what it may be called.
        base_dir: what its paths are relative to.
        what: the input is, for a person; empty where nobody looked.
        notes: comments by dotted key.
    """

    data: Mapping[str, Any]
    name: str
    base_dir: Path
    what: str = ""
    notes: Mapping[str, str] = field(default_factory=lambda: NOTES)

    def text(self, name: str, file: str) -> str:
        """The job file called like this, under this file name."""
        head = (
            "A job file, made by holytui. All its keys: holytui schema",
            "",
            f"  holytui estimate {file}",
            f"  holytui run {file}",
        )
        return job_text({"name": name, **{k: v for k, v in self.data.items() if k != "name"}}, self.notes, head)


def draft_of(path: Path | None, base_dir: Path) -> Draft:
    """A draft over a folder or a file, or without either one that runs on the simulator.

    Args:
        path: to read, None: nothing yet.
        base_dir: where the job file will stand.

    Raises:
        InputProblem: there is nothing to read there.
    """
    if path is None:
        return _template(base_dir)
    guess = guess_input(path, base_dir)
    kind = next(iter(guess.source))
    shape = "document" if kind == "glob" else "text"
    data = {
        "input": dict(guess.source),
        "provider": {"name": PROVIDER},
        "run": {"concurrency": 16, "budget_usd": BUDGET_USD},
        "steps": [_step(f"Sum up this {shape} in three sentences.\n\n{guess.slot}")],
    }
    notes = NOTES | {
        f"input.{kind}": f"{guess.what}; relative to this file",
        "provider.name": f"its key is read from {PRESETS[PROVIDER].api_key_env}",
    }
    return Draft(data, _plain(guess.name), base_dir, guess.what, notes)


def _template(base_dir: Path) -> Draft:
    data = {
        "input": {"count": TEMPLATE_ITEMS},
        "provider": {"name": "simulator"},
        "run": {"concurrency": 8},
        "steps": [_step("Sum up {item} in one sentence.")],
    }
    notes = NOTES | {
        "input.count": 'doc_0.pdf and so on; or glob = "texts/**/*.txt", jsonl, csv, lines',
        "provider.name": f"no key, no cost; or {', '.join(name for name in PRESETS if name != 'simulator')}",
    }
    return Draft(data, "new-job", base_dir, f"{TEMPLATE_ITEMS} names of documents that are not there", notes)


def _step(prompt: str) -> dict[str, Any]:
    return {"name": "answer", "model": MODEL, "prompt": prompt, "max_tokens": MAX_TOKENS}


def _plain(name: str) -> str:
    return _UNSAFE.sub("-", name).strip("-.")[:LONGEST_NAME].strip("-.") or "new-job"


def write_new(draft: Draft, folder: Path) -> Path:
    """Write a draft into a new file that is called like its job; an existing file is never touched.

    Raises:
        InputProblem: it cannot be written.
        JobFileError: what was made is no good job file.
    """
    for number in range(1, 1000):
        name = draft.name if number == 1 else f"{draft.name}-{number}"
        path = folder / f"{name}.toml"
        text = draft.text(name, path.name)
        parse_job(text, path)
        try:
            create_file(path, text)
        except FileExistsError:
            continue
        return path
    raise InputProblem(f"{folder / draft.name}.toml and 998 more are there already.")


def create_file(path: Path, text: str) -> None:
    """Write a new file, whole or not at all.

    Raises:
        FileExistsError: it is there already.
        InputProblem: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise
    except OSError as error:
        raise InputProblem(f"{path} cannot be written: {error.strerror or error}.") from error


def moved(data: Mapping[str, Any], base_dir: Path, folder: Path) -> dict[str, Any]:
    """The same job for a file in another folder: its relative paths lead to the same files.

    Raises:
        InputProblem: a path cannot stand in a job file.
    """
    told = deepcopy(dict(data))
    for table, key in path_places(told):
        table[key] = _moved(table[key], base_dir, folder)
    return told


def path_places(data: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Where a job file names files: (table, key) of its input and its schemas."""
    source, steps = data.get("input"), data.get("steps")
    tables = [(source, key) for key in PATH_SOURCES] if isinstance(source, dict) else []
    if isinstance(steps, list):
        tables += [(step, "schema") for step in steps if isinstance(step, dict)]
    return [(table, key) for table, key in tables if isinstance(table.get(key), str)]


def _moved(path: str, base_dir: Path, folder: Path) -> str:
    if path.startswith(("~", "${")) or os.path.isabs(path) or base_dir.resolve() == folder.resolve():  # noqa: PTH117  # a text
        return path
    return path_from(base_dir / path, folder)
