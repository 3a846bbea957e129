"""Reads a job's input into its checkpoint: streamed, off the loop, safe to be cut off anywhere."""

import itertools
from collections.abc import Callable, Iterator

from holytui.core.given import BESIDE
from holytui.core.identity import step_hashes
from holytui.core.work import Item
from holytui.inputs.source import read_job
from holytui.offload import offload
from holytui.runs.launch import Launch
from holytui.store.given import replace_given
from holytui.store.syncing import SyncReport
from holytui.store.writer import Writer

BATCH = 500
BATCH_BYTES = 8_000_000


async def sync_input(
    launch: Launch, writer: Writer, progress: Callable[[int], None], give_up: Callable[[], bool]
) -> SyncReport | None:
    """Make the checkpoint's items those of the input; None when it was given up half way.

    A sync that is cut off leaves its mark: the next session reads the input again.

    Raises:
        InputProblem: the source cannot be read at all.
        CheckpointError: the checkpoint cannot be written.
    """

    def work() -> SyncReport | None:
        writer.begin_sync(
            step_hashes(launch.job),
            job_json=launch.job.model_dump_json(),
            run_json=launch.job.run.model_dump_json(),
            job_path=None if launch.job_path is None else str(launch.job_path),
            base_dir=BESIDE if launch.base_dir == launch.folder else str(launch.base_dir),
            keep_answers=launch.keep_answers,
        ).result()
        # Behind the mark: whatever a kill leaves of them, the next session reads the items as they lie there.
        if launch.job.given_items is not None:
            replace_given(launch.folder, launch.job.given_items)
        count = 0
        for batch in batches(read_job(launch.job, launch.base_dir)):
            if give_up():
                return None
            writer.add_items(batch).result()
            count += len(batch)
            progress(count)
        return writer.end_sync().result()

    return await offload(work, "holytui-sync")


def batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Batches bounded in number and in size, so that huge documents do not pile up in memory."""
    while batch := list(itertools.islice(items, 1)):
        size = len(batch[0].record.text)
        for item in itertools.islice(items, BATCH - 1):
            batch.append(item)
            size += len(item.record.text)
            if size > BATCH_BYTES:
                break
        yield batch


def describe(report: SyncReport) -> str:
    """What a sync changed, in a sentence."""
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (report.added, "new"),
            (report.changed, "changed"),
            (report.removed, "removed"),
            (report.unchanged, "unchanged"),
        )
        if count
    ]
    return f"input read: {', '.join(parts) or 'empty'}"
