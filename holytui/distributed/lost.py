"""When nobody works on a slice any more, and what is said of it."""

from enum import Enum

from holytui.distributed.roster import LOST_S, Worker
from holytui.distributed.slices import OpenSlice

ARRIVES_S = 5.0
"""Seconds that a slice has to reach a worker that is heard. One that comes later is dropped there."""


class Loss(Enum):
    """Why the items of a slice return; the value is what is said of its worker."""

    SILENT = "says nothing any more"
    ENDED = "has ended"
    NEVER_ARRIVED = "never got what was sent to it"
    FORGOTTEN = "no longer has what was sent to it"


GONE = frozenset({Loss.SILENT, Loss.ENDED})
"""Nobody takes anything off that worker's queue."""


def look_at(one: OpenSlice, worker: Worker | None) -> None:
    """Note of a slice that its worker has it, if that is what it says."""
    if worker is not None and one.name in worker.slices:
        one.arrived = True
        one.seen_at = max(one.seen_at, worker.heard_at)


def loss(one: OpenSlice, worker: Worker | None, listened_s: float) -> Loss | None:
    """Whether a slice is lost; to be believed only of one that is open when the stream was read to its end afterwards.

    A worker tells that it has ended only after everything else, and names a slice until Redis has the end of it.

    Args:
        one: as `look_at` left it.
        worker: by its last sign; None: there is none yet.
        listened_s: `Roster.listened_s`.
    """
    if worker is None:
        return Loss.SILENT if listened_s - one.seen_at > LOST_S else None
    if worker.ended:
        return Loss.ENDED
    if listened_s - worker.heard_at > LOST_S:
        return Loss.SILENT
    if one.name in worker.slices or worker.heard_at <= one.seen_at:
        return None
    if one.arrived:
        return Loss.FORGOTTEN
    return Loss.NEVER_ARRIVED if worker.heard_at - one.seen_at > ARRIVES_S else None
