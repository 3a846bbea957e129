"""Whether a session of a job would find nothing to do; then none is begun, and the job stays as it ended."""

from holytui.core.progress import JobState, Snapshot
from holytui.inputs.source import InputProblem, read_job
from holytui.runs.launch import Launch
from holytui.store.reader import Reader

DONE = frozenset({JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES})


def is_idle(launch: Launch, snapshot: Snapshot) -> bool:
    """Nothing is pending, and the job file and its input are as they were; reads the input of a finished job.

    Raises:
        CheckpointError: the checkpoint cannot be read.
    """
    if snapshot.owner is not None or snapshot.state not in DONE or snapshot.pending:
        return False
    if not launch.sync:
        return True
    reader = Reader.open(launch.folder)
    try:
        if reader.meta().job_json != launch.job.model_dump_json():
            return False
        items = 0
        for item in read_job(launch.job, launch.base_dir):
            if not reader.settled(item.item_id, item.input_hash):
                return False
            items += 1
    except InputProblem:  # the session tells of it
        return False
    finally:
        reader.close()
    return items == snapshot.counters.total
