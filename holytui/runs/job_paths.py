"""The files that a job file names: found from another folder, or copied along."""

import os
import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from holytui.core.display import safe
from holytui.core.job_checks import SOURCES
from holytui.inputs.guessing import path_from

PATH_SOURCES = tuple(source for source in SOURCES if source != "count")
MOST = 1_000


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


def copy_data(
    data: Mapping[str, Any], source: Path, folder: Path, made: Callable[[Path], object] = lambda path: None
) -> dict[str, str]:
    """Copy the files that a job file names from its own folder; new names by old ones, where they had to change.

    Args:
        data: of the job file.
        source: its folder.
        folder: to copy into; a file that is there with the same content is taken as the copy.
        made: told each file that is new.

    Raises:
        OSError: they cannot be read or written.
    """
    renamed = {}
    for table, key in path_places(data):
        name = table[key]
        if (source / name).is_file():
            copy = _copy(source / name, folder, made)
            if copy.name != name:
                renamed[name] = copy.name
    return renamed


def _copy(file: Path, folder: Path, made: Callable[[Path], object]) -> Path:
    content = file.read_bytes()
    for number in range(1, MOST):
        copy = folder / (file.name if number == 1 else f"{file.stem}-{number}{file.suffix}")
        try:
            with copy.open("xb") as out:
                out.write(content)
        except FileExistsError:
            if copy.is_file() and copy.read_bytes() == content:
                return copy
            continue
        made(copy)
        shutil.copymode(file, copy)
        return copy
    raise FileExistsError(f"{safe(file.name)} and many more are there already")
