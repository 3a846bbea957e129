"""Job files on disk: new ones that overwrite nothing, and changed ones that are whole at any moment."""

import os
import shutil
from pathlib import Path

from holytui.inputs.reading import InputProblem


def create_file(path: Path, text: str) -> None:
    """Write a new file, whole or not at all.

    Raises:
        FileExistsError: it is there already.
        InputProblem: it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise
    except OSError as error:
        raise InputProblem(f"{path} cannot be written: {error.strerror or error}.") from error


def replace_file(path: Path, text: str) -> None:
    """Write an existing file anew, whole or not at all; what it is allowed stays as it was.

    Raises:
        InputProblem: it cannot be written.
    """
    real = path.resolve()
    beside = real.with_name(f".{real.name}.{os.getpid()}.new")
    try:
        try:
            with beside.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
            shutil.copymode(real, beside)
            beside.replace(real)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputProblem(f"{path} cannot be written: {reason}.") from error
