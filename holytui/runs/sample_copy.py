"""A sample of one's own: its job file and the data it names, copied into a folder."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from holytui.inputs.reading import InputProblem
from holytui.runs.job_paths import copy_data
from holytui.runs.writing import create_file

_NAME = re.compile(r"^name\s*=.*$", re.MULTILINE)
MOST = 1_000


@dataclass(frozen=True, slots=True)
class SampleCopy:
    """A sample of one's own.

    Attributes:
        path: of its job file.
        made: all files that are new, the job file among them.
    """

    path: Path
    made: tuple[Path, ...]

    def remove(self) -> None:
        """Take the files away again: nothing came of them."""
        for path in self.made:
            path.unlink(missing_ok=True)


def copy_sample(path: Path, folder: Path) -> SampleCopy:
    """Copy a sample's job file with its data; nothing that is there is touched.

    The copy has a name of its own: two job files of one name cannot be run beside each other.

    Raises:
        InputProblem: it cannot be read or written.
    """
    made: list[Path] = []
    try:
        text = path.read_text("utf-8")
        renamed = copy_data(tomllib.loads(text), path.parent, folder, made.append)
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
        return SampleCopy(copy, (copy, *made))
    raise InputProblem(f"{folder}: my-{path.stem}.toml and many more are there already.")
