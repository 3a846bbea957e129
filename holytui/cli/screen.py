"""Opens the terminal UI, and leaves the summary in the scrollback when it closes."""

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from holytui import plain
from holytui.cli import interpreter
from holytui.cli.folders import remember, used_before
from holytui.cli.options import in_browser
from holytui.cli.output import tell
from holytui.cli.terminal import draws_wide, is_remote
from holytui.config import Settings
from holytui.core.job import Job
from holytui.core.job_file import load_job
from holytui.resources import describe_sample, sample_jobs, themes
from holytui.runs.desk import JobSource, Sample
from holytui.runs.endpoint import EndpointError, resolve_endpoint, resolve_target
from holytui.runs.launch import LOCAL, Tables
from holytui.runs.local_desk import LocalDesk
from holytui.runs.origin import Origin
from holytui.runs.prepare import Wishes, check_saved, find
from holytui.runs.sound import saved_job, saved_meta
from holytui.store.catalog import snapshot_of
from holytui.ui.actions import unknown_actions
from holytui.ui.app import run_app
from holytui.ui.settings import FAST_S, SLOW_S, UiSettings
from holytui.ui.theme import load_themes

DEFAULT_THEME = "night"
PLAIN_LOCALES = frozenset({"C", "POSIX"})
COERCED = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""Where LANG=C, Python itself sets LC_CTYPE to one of these (PEP 538): that is not what the terminal speaks."""

LINK_NOTICE = "If this link drops, the job stops safely and p resumes it."


@dataclass(frozen=True, slots=True)
class Opening:
    """What the screen opens with.

    Attributes:
        job: a job file for its preflight, the id of a saved job for its run screen, None for the jobs screen.
        desk: opened with what the command line asked for.
    """

    job: JobSource | None
    desk: LocalDesk


def open_screen(
    checkpoints: Path,
    tables: Tables,
    settings: Settings,
    *,
    source: str | None = None,
    wishes: Wishes | None = None,
    ascii: bool = False,  # noqa: A002  # the option's name
) -> int:
    """Run the terminal UI to its end; the exit code.

    Args:
        checkpoints: the checkpoint folder.
        tables: prices and clock factors.
        settings: of the user.
        source: a job file or id to open, else the jobs screen.
        wishes: what the command line asked for beside the job file; they hold for `source`.
        ascii: only ASCII on the screen.

    Raises:
        JobFileError, PrepareError: `source` is neither, or not good; told before the screen opens.
        CheckpointError: its checkpoint cannot be read.
    """
    if source is None:
        opening = Opening(None, LocalDesk(checkpoints, tables, _samples()))
    else:
        opening = _opening(checkpoints, tables, source, wishes or Wishes())
    desk = opening.desk
    interpreter.set_up()
    shown = _for_terminal(ui_settings(settings, os.environ), ascii=ascii)
    shown = replace(shown, other_folders=used_before(checkpoints, os.environ))
    try:
        end = run_app(desk, shown, open_job=opening.job)
    finally:
        desk.shutdown()
        remember(checkpoints, os.environ)
    if in_browser():
        return end.code  # nobody reads on behind the screen: stdout is the page's
    for line in end.lines:
        tell(line)
    for snapshot in desk.ended():
        tell("\n".join(plain.summary(snapshot)))
    return end.code


def _opening(checkpoints: Path, tables: Tables, source: str, wishes: Wishes) -> Opening:
    """A job with work left opens on its run screen; a new one, or one to be read again, on its preflight."""
    loaded, folder = find(checkpoints, source, wishes.job_id)
    executor = wishes.executor or (saved_meta(folder).executor if folder.is_dir() else LOCAL)
    if loaded is None:
        job, _ = saved_job(folder)
    else:
        job = loaded.job
        if folder.is_dir():
            check_saved(folder, job, Origin.of_file(loaded), wishes)
    wishes = _with_trust_settled(job, wishes, tables, key_here=executor == LOCAL)
    names = {folder.name: wishes}
    if loaded is None:
        return Opening(folder.name, LocalDesk(checkpoints, tables, _samples(), wishes=names))
    names[str(loaded.path)] = wishes
    resumes = folder.is_dir() and wishes.drift is None and snapshot_of(folder).counters.pending > 0
    files = {folder.name: loaded.path} if resumes else {}
    desk = LocalDesk(checkpoints, tables, _samples(), wishes=names, files=files)
    return Opening(folder.name if resumes else loaded.path, desk)


def _with_trust_settled(job: Job, wishes: Wishes, tables: Tables, *, key_here: bool) -> Wishes:
    """Ask about another host and variable now, also where only workers have the key: the screen cannot be asked on."""
    answers: dict[tuple[str, str], bool] = {}

    def ask(host: str, variable: str) -> bool:
        answers[host, variable] = wishes.confirm(host, variable)
        return answers[host, variable]

    with contextlib.suppress(EndpointError):  # the preflight says what is missing
        target = resolve_target(job.provider, wishes.base_url)
        if not target.embedded:
            resolve_endpoint(
                target, job.provider, env=os.environ, trusted=tables.trusted, confirm=ask, key_here=key_here
            )
    return replace(wishes, confirm=lambda host, variable: answers.get((host, variable), False))


def _samples() -> list[Sample]:
    samples = []
    for path in sample_jobs():
        simulated = load_job(path).job.provider.name == "simulator"
        samples.append(Sample(path.stem, path, describe_sample(path), simulated))
    return samples


def _for_terminal(settings: UiSettings, *, ascii: bool) -> UiSettings:  # noqa: A002  # the option's name
    """With ASCII glyphs where they are asked for, or where the terminal would draw ours two cells wide."""
    wide = not (settings.ascii or ascii) and draws_wide(sys.stdin.fileno(), sys.stdout.fileno())
    return replace(settings, ascii=settings.ascii or ascii or wide)


def ui_settings(settings: Settings, env: Mapping[str, str]) -> UiSettings:
    """The terminal UI's settings from the user's and the terminal's.

    Over SSH everything is drawn half as often: each update is paid for in keystroke delay. A terminal that
    does not speak UTF-8 gets ASCII glyphs.
    """
    found, problems = load_themes(themes())
    for problem in problems:
        tell(f"holytui: {problem}", err=True)
    wanted = settings.theme or ("terminal" if _sixteen_colours(env) else DEFAULT_THEME)
    if wanted not in found:
        tell(f"holytui: no theme {wanted}; there are {', '.join(sorted(found))}", err=True)
        wanted = DEFAULT_THEME
    for sentence in unknown_actions(settings.keymap):
        tell(f"holytui: {sentence}", err=True)
    remote = is_remote(env)
    slowed = 2 if remote else 1
    return UiSettings(
        themes=found,
        theme=wanted,
        keymap={action: ",".join(keys) for action, keys in settings.keymap.items()},
        ascii=settings.ascii or not _speaks_utf8(env),
        bell=settings.bell,
        mouse=settings.mouse,
        fast_s=FAST_S * slowed,
        slow_s=SLOW_S * slowed,
        notice=LINK_NOTICE if remote and "TMUX" not in env and "STY" not in env else "",
    )


def _sixteen_colours(env: Mapping[str, str]) -> bool:
    return env.get("TERM", "") in {"linux", "xterm", "screen", "vt220"} and "COLORTERM" not in env


def _speaks_utf8(env: Mapping[str, str]) -> bool:
    told = [env.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if told[2] in PLAIN_LOCALES and told[1] in COERCED:
        told[1] = ""
    return "utf" in next(filter(None, told), "").lower()
