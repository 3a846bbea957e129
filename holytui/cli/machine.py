"""What holytui finds on this machine: Python, the checkpoint folder, settings, the terminal."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from holytui import __version__
from holytui.cli.doctor import Finding
from holytui.cli.options import Context
from holytui.config import CHECKPOINTS, ConfigError, config_dir
from holytui.store.health import sqlite_version, try_folder

LEAST_BYTES = 100_000_000
"""Free space below this is worth a word: a checkpoint grows by some 2 KB an answer."""

LEAST_SIZE = (80, 24)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_OURS = frozenset({"dev"})


def machine_findings(context: Context) -> Iterator[Finding]:
    """Look at everything that does not depend on a job; changes nothing."""
    python = platform.python_version()
    yield Finding(
        "holytui", ok=True, message=f"{__version__}, Python {python}, {platform.system()} {platform.machine()}"
    )
    yield Finding("SQLite", ok=True, message=sqlite_version())
    settings, folder = _settings(context)
    yield settings
    yield _folder(folder)
    yield terminal(os.environ, sys.stdout.isatty(), shutil.get_terminal_size())
    yield _extras()


def _settings(context: Context) -> tuple[Finding, Path]:
    """The settings, and the checkpoint folder as far as they can be read."""
    path = config_dir(os.environ) / "config.toml"
    try:
        settings = context.settings()
    except ConfigError as error:
        folder = context.checkpoints or Path(os.environ.get("HOLYTUI_CHECKPOINTS") or CHECKPOINTS)
        return Finding("settings", ok=False, message=str(error)), folder
    there = f"{path} read" if path.exists() else f"no {path}: the defaults hold"
    return Finding("settings", ok=not settings.notes, message="; ".join((there, *settings.notes))), context.folder()


def _folder(folder: Path) -> Finding:
    health = try_folder(folder)
    if health.problem:
        return Finding("checkpoints", ok=False, message=health.problem)
    place = folder.absolute()
    what = f"{place} can be written" if health.exists else f"{place} will be made with the first job"
    if health.free_bytes is None:
        return Finding("checkpoints", ok=True, message=what)
    enough = health.free_bytes >= LEAST_BYTES
    advice = (
        "" if enough else ": too little for a long run; free some space, or use another folder with --checkpoints DIR"
    )
    return Finding("checkpoints", ok=enough, message=f"{what}, {_bytes(health.free_bytes)} free{advice}")


def _bytes(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def terminal(env: Mapping[str, str], is_terminal: bool, size: tuple[int, int]) -> Finding:  # noqa: FBT001  # a fact, not a switch
    """Whether the terminal UI can be shown, and how.

    Args:
        env: the environment.
        is_terminal: whether output goes to one.
        size: columns and lines.
    """
    kind = env.get("TERM", "")
    if not is_terminal:
        return Finding("terminal", ok=None, message="output goes to a file or a pipe: plain lines, no terminal UI")
    if kind in {"", "dumb"}:
        return Finding("terminal", ok=None, message=f"TERM is {kind or 'not set'}: plain lines, no terminal UI")
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    letters = "UTF-8" if "utf" in locale.lower() else "no UTF-8 in LANG: ASCII glyphs"
    small = size[0] < LEAST_SIZE[0] or size[1] < LEAST_SIZE[1]
    advice = f"; the screens are made for {LEAST_SIZE[0]}x{LEAST_SIZE[1]} and more" if small else ""
    words = f"{size[0]}x{size[1]}, {_colours(env, kind)}, {letters} ({kind}){advice}"
    return Finding("terminal", ok=not small, message=words)


def _colours(env: Mapping[str, str], kind: str) -> str:
    if "NO_COLOR" in env:
        return "shades of grey (NO_COLOR is set)"
    if env.get("COLORTERM") in {"truecolor", "24bit"}:
        return "16 million colours"
    return "256 colours" if "256color" in kind else "16 colours"


def _extras() -> Finding:
    """Optional parts that this version knows, and whether what they need is installed."""
    try:
        required = metadata.requires("holytui") or []
    except metadata.PackageNotFoundError:
        return Finding("extras", ok=None, message="unknown: holytui runs without being installed")
    missing: dict[str, list[str]] = {}
    for requirement in required:
        extra = _EXTRA.search(requirement)
        if extra is None or extra[1] in _OURS:
            continue
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        missing.setdefault(extra[1], []).extend([] if _installed(name) else [name])
    if not missing:
        return Finding("extras", ok=None, message="this version has none")
    words = [f"{extra}: {'installed' if not names else 'not installed'}" for extra, names in missing.items()]
    return Finding("extras", ok=None, message="; ".join(words))


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
