"""The items that came with a job, as a file in its folder: every later session reads them there."""

import os
from collections.abc import Iterable
from pathlib import Path

from holytui.core.given import GIVEN_FILE, GivenItem, lines_of
from holytui.store.checkpoint import sync_folder, write_through
from holytui.store.trouble import explain


def replace_given(folder: Path, items: Iterable[GivenItem]) -> None:
    """Put these items in the place of those that lie there; the caller holds the job's lock.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    fresh = folder / f"{GIVEN_FILE}.{os.getpid()}.new"
    try:
        try:
            write_through(fresh, lines_of(items))
            fresh.replace(folder / GIVEN_FILE)
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise explain(error, folder / GIVEN_FILE) from error
