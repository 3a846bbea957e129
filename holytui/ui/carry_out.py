"""A text carried out of the screen: to a file, or to a pager."""

import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from holytui.core.display import safe_block

PAGER = "less"
LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def save_text(folder: Path, name: str, text: str) -> Path:
    """Write a text exactly as it is into a new file; an existing one is never touched.

    Args:
        folder: where to.
        name: what it is; made safe for a file name.
        text: to write, as UTF-8, lone surrogates as they are stored.

    Raises:
        OSError: it cannot be written.
    """
    stem = _UNSAFE.sub("-", name).strip("-.")[:LONGEST_NAME] or "text"
    for number in range(1, 1000):
        path = folder / (f"{stem}.txt" if number == 1 else f"{stem}-{number}.txt")
        try:
            with path.open("xb") as file:
                file.write(text.encode("utf-8", "surrogatepass"))
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"{folder / stem}.txt and 998 more are there already")


def page_text(text: str) -> None:
    """Show a text in $PAGER, made safe for a terminal; returns when it was closed.

    Raises:
        OSError: there is no pager.
    """
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt", delete=False) as file:
        file.write("\n".join(safe_block(text)))
    try:
        command = shlex.split(os.environ.get("PAGER") or PAGER)
        subprocess.run([*command, file.name], check=False)  # noqa: S603  # the user's own pager
    finally:
        Path(file.name).unlink(missing_ok=True)
