"""`live.json`: the owner's newest snapshot and what is in flight, for viewers in other processes."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from holytui.core.progress import InFlight, Snapshot

NAME = "live.json"


def write_live(folder: Path, snapshot: Snapshot, in_flight: Sequence[InFlight]) -> None:
    """Replace it in one step.

    Raises:
        OSError: the folder cannot be written.
    """
    data = {"snapshot": snapshot.to_live(), "in_flight": [asdict(flight) for flight in in_flight]}
    fresh = folder / f"{NAME}.{os.getpid()}"
    fresh.write_text(json.dumps(data), "utf-8")
    fresh.replace(folder / NAME)


def read_live(folder: Path) -> tuple[Snapshot, tuple[InFlight, ...]] | None:
    """What the owner last wrote; None when there is nothing that can be read."""
    try:
        data = json.loads((folder / NAME).read_text("utf-8"))
        snapshot = Snapshot.from_live(data["snapshot"])
        return snapshot, tuple(InFlight(**flight) for flight in data["in_flight"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
