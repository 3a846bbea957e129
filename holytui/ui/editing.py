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
from holytui.runs.sample_copy import SampleCopy, copy_sample
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
            if any(sample.path == path for sample in self._app.desk.samples()):
                self._edit_copy(copy_sample(path, Path.cwd()), done)
                return
        except (DeskError, InputProblem) as error:
            self._app.say(str(error), bad=True)
            return
        self._edit(path, "", done)

    def _edit_copy(self, copy: SampleCopy, done: Done) -> None:
        """A sample stays as it is; a copy in which nothing was changed is of no use to anybody."""

        def edited(path: Path, changed: bool) -> None:  # noqa: FBT001  # what an editor tells
            if changed:
                self._app.say(f"{near(path)} is your copy; the sample stays as it is")
                done(path, changed)
            else:
                copy.remove()

        self._edit(copy.path, "a copy of the sample, kept if it is changed", edited)

    def _edit(self, path: Path, note: str, done: Done) -> None:
        command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
        if not (command.strip() and self._edit_with(command, path, done=done)):
            self._edit_here(path, note, done=done)

    def _edit_with(self, command: str, path: Path, *, done: Done) -> bool:
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
        done(path, _content(path) != before)
        return True

    def _edit_here(self, path: Path, note: str, *, done: Done) -> None:
        try:
            screen = EditorScreen(path, path.read_bytes().decode("utf-8-sig"), note)
        except (OSError, ValueError) as error:
            self._app.say(f"{path} cannot be edited: {error}", bad=True)
            return
        before = _content(path)
        self._app.hush()
        self._app.push_screen(screen, lambda _: done(path, _content(path) != before))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
