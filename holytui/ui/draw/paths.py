"""Paths as a person would write them from here."""

from pathlib import Path


def near(path: Path | str) -> str:
    """A path from the working folder (`./`) or the home folder (`~/`), where it lies under one of them."""
    for start, mark in ((Path.cwd(), "."), (Path.home(), "~")):
        try:
            return f"{mark}/{Path(path).absolute().relative_to(start).as_posix()}"
        except ValueError:
            continue
    return str(path)
