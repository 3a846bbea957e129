"""What a job at rest would have cost on other models: its checkpoint keeps tokens, and no price table."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from holytui.core.other_models import while_running
from holytui.core.progress import Snapshot
from holytui.runs.launch import Tables
from holytui.runs.sound import saved_job
from holytui.store.trouble import CheckpointError


def comparison(folder: Path, tables: Tables) -> Callable[[Snapshot], Snapshot]:
    """Adds the comparison to snapshots of a saved job; its owner's have it already.

    A job that cannot be read as one is not compared: its snapshot tells what there is to tell.
    """
    try:
        job, _ = saved_job(folder)
    except CheckpointError:
        return lambda snapshot: snapshot
    book = tables.book(job)

    def compared(snapshot: Snapshot) -> Snapshot:
        if snapshot.owner is not None:
            return snapshot
        return replace(snapshot, other_models=while_running(snapshot.counters, snapshot.models, book))

    return compared
