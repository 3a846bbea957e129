"""A job file to begin with: made from what is there, without questions, and good as it stands."""

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holytui.core.job_file import parse_job
from holytui.core.job_text import job_text
from holytui.inputs.guessing import guess_input
from holytui.inputs.reading import InputProblem
from holytui.provider.presets import PRESETS
from holytui.runs.job_paths import copy_data, moved, path_places
from holytui.runs.writing import create_file

PROVIDER, MODEL = "holysheep", "deepseek-v3.2"
BUDGET_USD = 5.0
MAX_TOKENS = 300
TEMPLATE_ITEMS = 20
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
        sample: its data lies beside a sample and has to come along.
    """

    data: Mapping[str, Any]
    name: str
    base_dir: Path
    what: str = ""
    notes: Mapping[str, str] = field(default_factory=lambda: NOTES)
    sample: bool = False

    def text(self, name: str, file: str) -> str:
        """The job file called like this, under this file name."""
        return self.text_of({**self.data, "name": name}, file)

    def text_of(self, data: Mapping[str, Any], file: str = "job.toml") -> str:
        """The job file with other data."""
        head = (
            "A job file, made by holytui. All its keys: holytui schema",
            "",
            f"  holytui estimate {file}",
            f"  holytui run {file}",
        )
        return job_text(data, self.notes, head)


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


def draft_of_sample(path: Path) -> Draft:
    """A draft that says what a sample says.

    Raises:
        InputProblem: the sample cannot be read.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputProblem(f"{path} cannot be read: {error}.") from error
    return Draft(data, f"my-{path.stem}", path.parent, f"from the sample {path.stem}", sample=True)


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


def file_name(name: str, folder: Path) -> str:
    """A name for the file of a new job that is not taken in a folder."""
    stem = _plain(name)
    taken = (number for number in range(2, 1000) if not (folder / f"{stem}-{number}.toml").exists())
    return f"{stem}.toml" if not (folder / f"{stem}.toml").exists() else f"{stem}-{next(taken, 1000)}.toml"


def save_draft(draft: Draft, data: Mapping[str, Any], path: Path) -> None:
    """Write a draft with other data into a new file; its paths lead to the same files from there.

    Raises:
        FileExistsError: the file is there already.
        InputProblem: it cannot be written.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already.")
    if draft.sample:
        data = _with_data_of_sample(data, draft.base_dir, path.parent)
    else:
        data = moved(data, draft.base_dir, path.parent)
    create_file(path, draft.text_of(data, path.name))


def _with_data_of_sample(data: Mapping[str, Any], source: Path, folder: Path) -> dict[str, Any]:
    told = deepcopy(dict(data))
    try:
        renamed = copy_data(told, source, folder)
    except OSError as error:
        raise InputProblem(f"The data of the sample cannot be copied: {error}.") from error
    for table, key in path_places(told):
        table[key] = renamed.get(table[key], table[key])
    return told
