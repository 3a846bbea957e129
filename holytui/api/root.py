"""The folder below which a job that comes over HTTP may read files; without one it reads none."""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holytui.api.listening import ServeError
from holytui.core.answer_schema import AnswerSchema, SchemaProblem, given_schema, read_schema
from holytui.core.job_problems import Problem

FILES = ("jsonl", "csv", "lines")
NONE = "this server reads no files; send items, or start it with --root DIR"


class NotBelow(Exception):
    """A path is not below the root; the message says why, and names nothing that is there."""


class Root:
    """Looks at a path as the file system does: behind links, `..` and all."""

    def __init__(self, folder: Path | None) -> None:
        """Take a folder; None: no file is read for anybody.

        Raises:
            ServeError: its path looks like a pattern; items would be named by parts of it.
        """
        self._folder = None if folder is None else folder.resolve()
        if self._folder is not None and glob.has_magic(str(self._folder)):
            raise ServeError(f"--root {self._folder}: a path with *, ? or [ in it cannot begin a pattern.")

    def file(self, name: str) -> Path:
        """The file of this name, relative to the root.

        Raises:
            NotBelow: it is not below the root, or no file.
        """
        path = self._below(name)
        try:
            is_file = path.is_file()
        except (OSError, ValueError):
            is_file = False
        if not is_file:
            raise NotBelow("there is no such file below the server's root")
        return path

    def pattern(self, pattern: str) -> str:
        """The pattern from the file system's root on; all that it matches now is below the root.

        Raises:
            NotBelow: it is not.
        """
        folder = self._folder
        if folder is None:
            raise NotBelow(NONE)
        plain = Path(pattern)
        if plain.is_absolute() or ".." in plain.parts or _is_expanded(pattern):
            raise NotBelow("a pattern is relative to the server's root, without .. and ~")
        try:
            for found in glob.iglob(pattern, root_dir=folder, recursive=True):  # noqa: PTH207  # as the reader does
                if not (folder / found).resolve().is_relative_to(folder):
                    raise NotBelow("it matches a link that leads out of the server's root")
        except (OSError, RuntimeError, ValueError) as error:
            raise NotBelow("it cannot be looked up below the server's root") from error
        return f"{folder}/{pattern}"

    def schema(self, value: object) -> AnswerSchema:
        """The schema of a step: as it is, or out of a file below the root.

        Raises:
            SchemaProblem: it is none, or not below the root.
        """
        if not isinstance(value, str):
            return given_schema(value)
        try:
            path = self.file(value)
        except NotBelow as problem:
            raise SchemaProblem(str(problem)) from None
        try:
            read = read_schema(str(path), path.parent)
        except SchemaProblem as problem:
            raise SchemaProblem(str(problem).replace(str(path), value)) from None
        return AnswerSchema(value, read.content)

    def source(self, table: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
        """A job's input with the places its files really have, and what is wrong with them."""
        found, problems = dict(table), []
        for key in (*FILES, "glob"):
            given = found.get(key)
            if not isinstance(given, str):
                continue
            try:
                found[key] = self.pattern(given) if key == "glob" else str(self.file(given))
            except NotBelow as problem:
                problems.append(Problem(f"input.{key}", str(problem)))
        return found, problems

    def _below(self, name: str) -> Path:
        folder = self._folder
        if folder is None:
            raise NotBelow(NONE)
        try:
            path = (folder / name).resolve()
        except (OSError, RuntimeError, ValueError):
            path = Path("/")
        if _is_expanded(name) or not path.is_relative_to(folder):
            raise NotBelow("it is not below the server's root")
        return path


def _is_expanded(name: str) -> bool:
    """Readers would look elsewhere: `~` is a home, `${stdlib}` is Python's own library."""
    return name.startswith(("~", "${"))
