"""Completions of what is typed: paths, as a shell gives them."""

import os
from functools import partial
from itertools import islice
from pathlib import Path

from textual.suggester import Suggester

from holytui.offload import offload

LOOKED_AT = 5_000
"""Names of a folder that are looked through."""


class PathSuggester(Suggester):
    """The first path that goes on as it was begun; a folder ends in a slash."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Looks into the folder in a thread that nobody waits for: it may be on a disk that hangs."""
        return await offload(partial(complete_path, value), "holytui-complete")


def complete_path(begun: str) -> str | None:
    """A path that is there and begins like this, or None."""
    folder, _, name = begun.rpartition("/")
    start = f"{folder}/" if "/" in begun else ""
    try:
        with os.scandir(Path(start or ".").expanduser()) as entries:
            found = sorted(
                (entry.name, entry.is_dir())
                for entry in islice(entries, LOOKED_AT)
                if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith("."))
            )
    except (OSError, RuntimeError, ValueError):
        return None
    if not begun or not found or not found[0][0].isprintable():
        return None
    first, is_folder = found[0]
    return f"{start}{first}{'/' if is_folder else ''}"
