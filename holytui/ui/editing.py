"""The job file of a job, edited: in the user's editor, or in ours where there is none; samples as a copy."""

import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from holytui.inputs.source import InputProblem
from holytui.runs.desk import DeskError, JobSource
from holytui.runs.sample_copy import copy_sample
from holytui.ui.draw.paths import near
from holytui.ui.screens.editor import EditorScreen

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp

Done = Callable[[Path, bool], None]
"""Is told the file, and whether it is another than before."""


class Editing:
    """Opens job files; one a holytui."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def edit(self, source: JobSource, done: Done) -> None:
        """Let a person change a job's file.

        Args:
            source: a job file, or the id of a saved job whose file is still there.
            done: called when the editor is closed.
        """
        try:
            path = self._app.desk.job_file(source)
            if path is None:
                self._app.say(f"the job file of {source} is not there any more", bad=True)
                return
            copied = any(sample.path == path for sample in self._app.desk.samples())
            if copied:
                path = copy_sample(path, Path.cwd())
        except (DeskError, InputProblem) as error:
            self._app.say(str(error), bad=True)
            return
        if copied:
            self._app.say(f"samples stay as they are: this is a copy, {near(path)}")
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        if not (command.strip() and self._edit_with(command, path, copied=copied, done=done)):
            self._edit_here(path, copied=copied, done=done)

    def _edit_with(self, command: str, path: Path, *, copied: bool, done: Done) -> bool:
        """In the user's editor; whether there is a terminal to give to it."""
        before, problem, code = _content(path), "", 0
        try:
            with self._app.suspend():
                try:  # what is raised in here would leave the app suspended
                    code = subprocess.run([*shlex.split(command), str(path)], check=False).returncode  # noqa: S603  # the user's own editor
                except (OSError, ValueError) as error:
                    problem = f"{command}: {getattr(error, 'strerror', None) or error}. Set EDITOR."
        except SuspendNotSupported:
            return False
        if problem:
            self._app.say(problem, bad=True)
            return True
        if code:
            self._app.say(f"{command} ended with code {code}", bad=True)
        done(path, copied or _content(path) != before)
        return True

    def _edit_here(self, path: Path, *, copied: bool, done: Done) -> None:
        try:
            screen = EditorScreen(path, path.read_bytes().decode("utf-8-sig"))
        except (OSError, ValueError) as error:
            self._app.say(f"{path} cannot be edited: {error}", bad=True)
            return
        before = _content(path)
        self._app.push_screen(screen, lambda _: done(path, copied or _content(path) != before))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
