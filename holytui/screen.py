"""Opens the terminal UI, and leaves the summary in the scrollback when it closes."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from holytui import plain
from holytui.config import Settings
from holytui.core.command import Command
from holytui.core.job import load_job
from holytui.resources import describe_sample, sample_jobs, themes
from holytui.runs.desk import Sample
from holytui.runs.launch import Tables
from holytui.runs.local_desk import LocalDesk
from holytui.runs.prepare import Wishes, find
from holytui.ui.app import FAST_S, SLOW_S, UiSettings, run_app
from holytui.ui.theme import load_themes

DEFAULT_THEME = "night"
LINK_NOTICE = "If this link drops, the job stops safely and p resumes it."


def open_screen(
    checkpoints: Path,
    tables: Tables,
    settings: Settings,
    *,
    source: str | None = None,
    wishes: Wishes | None = None,
    first: Command | None = None,
) -> int:
    """Run the terminal UI to its end; the exit code.

    Args:
        checkpoints: the checkpoint folder.
        tables: prices and clock factors.
        settings: of the user.
        source: a job file or id to open, else the jobs screen.
        wishes: what the command line asked for beside the job file; they hold for `source`.
        first: a command for that job.

    Raises:
        JobFileError, PrepareError: `source` is neither, or not good; told before the screen opens.
    """
    job: Path | str | None = None
    if source is not None:
        loaded, folder = find(checkpoints, source)
        job = loaded.path if loaded is not None else folder.name
    desk = LocalDesk(checkpoints, tables, wishes or Wishes(), _samples())
    try:
        end = run_app(desk, ui_settings(settings, os.environ), open_job=job, first=first)
    finally:
        desk.shutdown()
    for line in end.lines:
        sys.stdout.write(line + "\n")
    for snapshot in desk.ended():
        sys.stdout.write("\n".join(plain.summary(snapshot)) + "\n")
    sys.stdout.flush()
    return end.code


def _samples() -> list[Sample]:
    samples = []
    for path in sample_jobs():
        simulated = load_job(path).job.provider.name == "simulator"
        samples.append(Sample(path.stem, path, describe_sample(path), simulated))
    return samples


def ui_settings(settings: Settings, env: Mapping[str, str]) -> UiSettings:
    """The terminal UI's settings from the user's and the terminal's.

    Over SSH everything is drawn half as often: each update is paid for in keystroke delay. A terminal that
    does not speak UTF-8 gets ASCII glyphs.
    """
    found, problems = load_themes(themes())
    for problem in problems:
        sys.stderr.write(f"holytui: {problem}\n")
    wanted = settings.theme or ("terminal" if _sixteen_colours(env) else DEFAULT_THEME)
    if wanted not in found:
        sys.stderr.write(f"holytui: no theme {wanted}; there are {', '.join(sorted(found))}\n")
        wanted = DEFAULT_THEME
    remote = "SSH_CONNECTION" in env or "SSH_TTY" in env
    slowed = 2 if remote else 1
    return UiSettings(
        themes=found,
        theme=wanted,
        keymap={action: ",".join(keys) for action, keys in settings.keymap.items()},
        ascii=not _speaks_utf8(env),
        fast_s=FAST_S * slowed,
        slow_s=SLOW_S * slowed,
        notice=LINK_NOTICE if remote and "TMUX" not in env and "STY" not in env else "",
    )


def _sixteen_colours(env: Mapping[str, str]) -> bool:
    return env.get("TERM", "") in {"linux", "xterm", "screen", "vt220"} and "COLORTERM" not in env


def _speaks_utf8(env: Mapping[str, str]) -> bool:
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "utf" in locale.lower()
