"""Commands to a job's owner: small files, written and renamed, acknowledged when they are taken."""

import contextlib
import json
import time
import uuid
from pathlib import Path

from holytui.core.command import Command
from holytui.store.trouble import explain

FOLDER = "commands"
POLL_S = 0.05


def send(folder: Path, command: Command) -> str:
    """Leave a command for the owner; its name, to ask for the acknowledgement.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
    inbox = folder / FOLDER
    try:
        inbox.mkdir(exist_ok=True)
        fresh = inbox / f".{name}"
        fresh.write_text(json.dumps(command.to_json()), "utf-8")
        fresh.replace(inbox / f"{name}.json")
    except OSError as error:
        raise explain(error, folder) from error
    return name


def take(folder: Path) -> list[tuple[str, Command]]:
    """Commands that wait, oldest first; what is no command is thrown away."""
    inbox = folder / FOLDER
    found = []
    try:
        waiting = sorted(inbox.glob("*.json"))
    except OSError:
        return []
    for path in waiting:
        try:
            found.append((path.stem, Command.from_json(json.loads(path.read_text("utf-8")))))
        except (OSError, ValueError, KeyError, TypeError):
            with contextlib.suppress(OSError):
                path.unlink()
    return found


def discard(folder: Path) -> None:
    """Throw away what waits: called by a new owner, whom nobody has asked for anything yet."""
    with contextlib.suppress(OSError):
        for path in (folder / FOLDER).iterdir():
            path.unlink(missing_ok=True)


def acknowledge(folder: Path, name: str) -> None:
    """The owner has done it."""
    with contextlib.suppress(OSError):
        (folder / FOLDER / f"{name}.json").unlink(missing_ok=True)


def wait_ack(folder: Path, name: str, timeout: float) -> bool:
    """Wait until the owner has taken a command; False when it has not within `timeout` seconds."""
    path = folder / FOLDER / f"{name}.json"
    until = time.monotonic() + timeout
    while path.exists():
        if time.monotonic() > until:
            return False
        time.sleep(POLL_S)
    return True
