"""Commands for a job from outside: to its owner, or, where nobody owns it, done here under its lock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holytui.core.command import Command, Verb
from holytui.core.display import items_words
from holytui.core.progress import JobState
from holytui.core.work import Notice
from holytui.engine.admission.breaker import Halt
from holytui.runs.saved import check_prompts, find_saved
from holytui.runs.sentences import rest_message
from holytui.store import commands
from holytui.store.catalog import snapshot_of
from holytui.store.lock import OwnerLock, read_owner
from holytui.store.reader import Reader
from holytui.store.writer import Writer

ACKNOWLEDGE_S = 10.0


class OwnerSilent(Exception):
    """The owner did not answer in time; the command stays in its folder."""


def send_to_owner(checkpoints: Path, job_id: str, command: Command | Verb) -> bool:
    """Give a command to the job's owner and wait until it has it; False when nobody owns the job.

    Raises:
        NoSuchJob: there is no such job.
        OwnerSilent: it lives, but does not answer.
    """
    folder = find_saved(checkpoints, job_id)
    if read_owner(folder) is None:
        return False
    wanted = Command(command) if isinstance(command, Verb) else command
    name = commands.send(folder, wanted)
    until = time.monotonic() + ACKNOWLEDGE_S
    while time.monotonic() < until:
        if commands.wait_ack(folder, name, 0.5):
            return True
        if read_owner(folder) is None:
            return False
    raise OwnerSilent(f"the owner of {job_id} does not answer; the command waits for it in {folder}/commands")


@contextmanager
def at_rest(folder: Path) -> Iterator[Writer]:
    """The writer of a job that nobody runs, under its lock.

    Raises:
        OwnedElsewhere: somebody took it meanwhile.
    """
    lock = OwnerLock(folder)
    lock.acquire()
    try:
        writer = Writer.open(folder, barrier_every=1)
        try:
            yield writer
        finally:
            writer.close()
    finally:
        lock.release()


def rest(checkpoints: Path, job_id: str, verb: Verb) -> str:
    """Pause or stop a job, whoever has it; the sentence that says what came of it.

    Raises:
        NoSuchJob, OwnerSilent, OwnedElsewhere, CheckpointError: with the way out.
    """
    wanted = JobState.PAUSED if verb is Verb.PAUSE else JobState.STOPPED
    if send_to_owner(checkpoints, job_id, verb):
        return f"{job_id}: {verb.value} given to its owner"
    folder = find_saved(checkpoints, job_id)
    snapshot = snapshot_of(folder)
    if snapshot.state is wanted or snapshot.counters.pending == 0:
        return f"{job_id}: already {snapshot.state.value.replace('_', ' ')}"
    with at_rest(folder) as writer:
        message = rest_message(Halt(wanted, "user", ""), writer.counters, time.time(), None)
        writer.set_state(wanted, reason="user", message=message).result()
    return f"{job_id}: {wanted.value}, {snapshot.counters.pending:,} pending"


def retry_at_rest(checkpoints: Path, job_id: str, command: Command) -> int:
    """Return failed items of a job that nobody runs to pending; how many.

    Raises:
        NoSuchJob, PrepareError, OwnedElsewhere, CheckpointError: with the way out.
    """
    folder = find_saved(checkpoints, job_id)
    reader = Reader.open(folder)
    try:
        check_prompts(job_id, [str(step.get("prompt")) for step in reader.steps()])
    finally:
        reader.close()
    with at_rest(folder) as writer:
        count = writer.retry(command.selection, command.changes).result()
        writer.notice(Notice("session", f"{items_words(count)} retried by you", time.time()))
        if count:
            writer.set_state(JobState.READY).result()
        return count
