"""Checkpoint folders used before: where the jobs are that somebody looks for in the wrong one."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from holytui.config import state_dir
from holytui.store.checkpoint import FILE

FILE_NAME = "folders.json"
MOST = 10
SHOWN = 3


def remember(checkpoints: Path, env: Mapping[str, str]) -> None:
    """Note that this folder is used, if there are jobs in it; only a convenience, so no error reaches anybody."""
    with contextlib.suppress(OSError):
        here = checkpoints.resolve()
        known = _read(env)
        if known[:1] == [str(here)] or not _has_jobs(here):
            return
        path = state_dir(env) / FILE_NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        kept = [str(here), *(other for other in known if other != str(here))]
        fresh.write_text(json.dumps(kept[:MOST], indent=1), "utf-8")
        fresh.replace(path)


def used_before(checkpoints: Path, env: Mapping[str, str]) -> tuple[Path, ...]:
    """The other folders that were used last and still have jobs, at most three; the newest first."""
    here = checkpoints.resolve()
    found = (Path(other) for other in _read(env))
    return tuple(other for other in found if other != here and _has_jobs(other))[:SHOWN]


def _read(env: Mapping[str, str]) -> list[str]:
    try:
        known = json.loads((state_dir(env) / FILE_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [other for other in known if isinstance(other, str)] if isinstance(known, list) else []


def _has_jobs(folder: Path) -> bool:
    try:
        return any(not found.parent.name.startswith(".") for found in folder.glob(f"*/{FILE}"))
    except (OSError, ValueError):
        return False
