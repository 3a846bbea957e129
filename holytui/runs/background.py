"""Hands a job to a process of its own that outlives the terminal."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from holytui.core.progress import Owner
from holytui.store.lock import read_owner

LOG_NAME = "background.log"
START_S = 10.0


class BackgroundFailed(Exception):
    """The background process did not take the job up; the message says where to look."""


def run_in_background(
    checkpoints: Path,
    job_id: str,
    arguments: Sequence[str] = (),
    *,
    job_file: Path | None = None,
    drift: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Owner:
    """Start `holytui run --headless` in a session of its own, and wait until it owns the job.

    Args:
        checkpoints: the checkpoint folder.
        job_id: a saved job that nobody runs.
        arguments: further options of `run`.
        job_file: run this file again rather than the job as it was saved.
        drift: what to do when its steps have changed.
        env: added to this process's environment, e.g. a key given for this session only.

    Raises:
        BackgroundFailed: it ended before it owned the job; its last words are in the message.
    """
    folder = checkpoints / job_id
    log = folder / LOG_NAME
    source = job_id if job_file is None else str(job_file)
    command = [sys.executable, "-m", "holytui", "--checkpoints", str(checkpoints.resolve()), "run", source]
    command += ["--headless", "--stay", "--id", job_id, *arguments]
    if drift is not None:
        command += ["--drift", drift]
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603  # our own program with our own arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        owner = read_owner(folder)
        if owner is not None and owner.pid == process.pid:
            return owner
        if process.poll() is not None:
            break
        time.sleep(0.05)
    if process.poll() == 0:
        now = time.time()
        return Owner(process.pid, socket.gethostname(), now, now)
    words = log.read_text("utf-8", "replace").strip().splitlines()
    last = words[-1] if words else "it said nothing"
    raise BackgroundFailed(f"the background process did not take {job_id} up: {last} (all of it: {log})")


def told(job_id: str, owner: Owner) -> str:
    """The sentences for a person whose job now runs on without the terminal."""
    return (
        f"{job_id} runs on in the background (pid {owner.pid} on {owner.host}).\n"
        f"Look: holytui   Ask: holytui status {job_id}   Stop: holytui stop {job_id}"
    )
