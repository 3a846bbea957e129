"""`live.json`: the owner's newest snapshot and what is in flight, for viewers in other processes."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from holytui.core.progress import InFlight, Snapshot

NAME = "live.json"
_FIELDS = tuple(field.name for field in fields(InFlight))


def write_live(folder: Path, snapshot: Snapshot, in_flight: Sequence[InFlight]) -> None:
    """Replace it in one step.

    Raises:
        OSError: the folder cannot be written.
    """
    data = {"snapshot": snapshot.to_live(), "in_flight": [_plain(flight) for flight in in_flight]}
    fresh = folder / f"{NAME}.new"
    fresh.write_text(json.dumps(data), "utf-8")
    fresh.replace(folder / NAME)


def _plain(flight: InFlight) -> dict[str, object]:
    """As `asdict`, without its deep copies: there may be a thousand of these, twice a second."""
    return {name: getattr(flight, name) for name in _FIELDS}


def read_live(folder: Path) -> tuple[Snapshot, tuple[InFlight, ...]] | None:
    """What the owner last wrote; None when there is nothing that can be read."""
    try:
        data = json.loads((folder / NAME).read_text("utf-8"))
        snapshot = Snapshot.from_live(data["snapshot"])
        return snapshot, tuple(InFlight(**flight) for flight in data["in_flight"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
