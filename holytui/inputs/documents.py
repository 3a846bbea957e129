"""Text files that match a pattern, an item each."""

import glob
import stat
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from holytui.core.work import Record
from holytui.inputs.reading import InputProblem, Reading, unusable

STDLIB = "${stdlib}"
_SNIFFED = 8192
"""Bytes at the start of a file; a NUL among them marks it as binary."""


def read_documents(pattern: str, base_dir: Path, id_field: str | None, max_chars: int | None) -> Iterator[Reading]:
    """Every file that matches, in the order of their paths; hidden ones and folders are left out.

    Args:
        pattern: relative to `base_dir`; `**` matches folders at any depth, `${stdlib}` at
            the start is the folder of Python's own library.
        base_dir: the job file's folder.
        id_field: `path` (relative to the pattern's fixed beginning), `name` or `text`; `path` when None.
        max_chars: of the text that are kept; None keeps all.

    Raises:
        InputProblem: nothing matches.
    """
    root, rest = _split(pattern, base_dir)
    found = False
    for relative in sorted(glob.glob(rest, root_dir=root, recursive=True)):  # noqa: PTH207  # Path.glob takes hidden files
        path = root / relative
        if path.is_dir():
            continue
        found = True
        name = Path(relative).as_posix()
        record = _read(path, name, max_chars)
        yield Reading(record.fields.get(id_field or "path", name), record)
    if not found:
        raise InputProblem(f"No file matches {root / rest}.")


def _split(pattern: str, base_dir: Path) -> tuple[Path, str]:
    """The fixed beginning of a pattern as a folder, and the rest."""
    if pattern.startswith(STDLIB):
        base_dir = Path(sysconfig.get_path("stdlib"))
        pattern = pattern.removeprefix(STDLIB).lstrip("/")
    parts = Path(pattern).expanduser().parts
    fixed = 0
    while fixed < len(parts) - 1 and not glob.has_magic(parts[fixed]):
        fixed += 1
    return base_dir.joinpath(*parts[:fixed]), str(Path(*parts[fixed:]))


def _read(path: Path, name: str, max_chars: int | None) -> Record:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return unusable("it is not a regular file", name)  # reading a pipe could hang
        with path.open("rb") as file:
            start = file.read(_SNIFFED)
        if start.startswith(b"%PDF-"):
            return unusable("it is a PDF; this version reads text files only", name)
        if b"\0" in start:
            return unusable("it is a binary file; expected text", name)
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read() if max_chars is None else file.read(max_chars)
    except UnicodeDecodeError:
        return unusable("it is not UTF-8 text", name)
    except OSError as error:
        return unusable(f"it cannot be read: {error.strerror or error}", name)
    if not text.strip():
        return unusable("it has no text", name)
    return Record(text, {"text": text, "path": name, "name": path.name}, raw=name)
