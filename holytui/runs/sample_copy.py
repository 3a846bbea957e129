"""A sample of one's own: its job file and the data it names, copied into a folder."""

import re
import tomllib
from pathlib import Path

from holytui.inputs.reading import InputProblem
from holytui.runs.job_paths import copy_data
from holytui.runs.writing import create_file

_NAME = re.compile(r"^name\s*=.*$", re.MULTILINE)
MOST = 1_000


def copy_sample(path: Path, folder: Path) -> Path:
    """Copy a sample's job file with its data; nothing that is there is touched.

    The copy has a name of its own: two job files of one name cannot be run beside each other.

    Raises:
        InputProblem: it cannot be read or written.
    """
    try:
        text = path.read_text("utf-8")
        renamed = copy_data(tomllib.loads(text), path.parent, folder)
    except (OSError, ValueError) as error:
        raise InputProblem(f"{path} cannot be copied: {error}.") from error
    for old, new in renamed.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    for number in range(1, MOST):
        name = f"my-{path.stem}" if number == 1 else f"my-{path.stem}-{number}"
        copy = folder / f"{name}.toml"
        try:
            create_file(copy, _NAME.sub(f'name = "{name}"', text, count=1))
        except FileExistsError:
            continue
        return copy
    raise InputProblem(f"{folder}: my-{path.stem}.toml and many more are there already.")
