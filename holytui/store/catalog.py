"""The checkpoint folder as a list of jobs; one that cannot be read does not hide the others."""

import json
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from holytui.core.bounds import MOST
from holytui.core.pricing import UNKNOWN, Money, MoneyKind
from holytui.core.progress import LIVE_STATES, Counters, JobState, Snapshot
from holytui.store.checkpoint import FILE
from holytui.store.live import NAME as LIVE
from holytui.store.live import read_live
from holytui.store.lock import NOTE, read_owner
from holytui.store.reader import Reader
from holytui.store.rows import SessionRow
from holytui.store.trouble import OTHER_FOLDER, CheckpointError, explain

EVENTS = 8
_WATCHED = ("", FILE, f"{FILE}-wal", LIVE, NOTE)


@dataclass(frozen=True, slots=True)
class JobEntry:
    """A folder in the checkpoint folder: its snapshot, or why there is none."""

    job_id: str
    folder: Path
    snapshot: Snapshot | None
    problem: str | None


class Catalog:
    """The jobs of a checkpoint folder; looked at often, it reads again only what has changed.

    Opening a checkpoint takes milliseconds, and a screen that shows a hundred of them asks every second.
    """

    def __init__(self, checkpoints: Path) -> None:
        self._checkpoints = checkpoints
        self._known: dict[Path, tuple[_Stamp, JobEntry | None]] = {}

    def jobs(self) -> list[JobEntry]:
        """All jobs, by name; a checkpoint folder that is there but cannot be read is one entry that says so."""
        checkpoints = self._checkpoints
        try:
            folders = sorted(checkpoints.iterdir())
        except FileNotFoundError:
            return []
        except NotADirectoryError:
            problem = f"{checkpoints}: a file, not a folder. {OTHER_FOLDER}"
            return [JobEntry(checkpoints.name, checkpoints, None, problem)]
        except OSError as error:
            return [JobEntry(checkpoints.name, checkpoints, None, str(explain(error, checkpoints)))]
        self._known = {folder: self._look(folder) for folder in folders}
        return [entry for _, entry in self._known.values() if entry is not None]

    def _look(self, folder: Path) -> "tuple[_Stamp, JobEntry | None]":
        # Taken before the read: what is written meanwhile is seen next time.
        stamp = _stamp(folder)
        known = self._known.get(folder)
        return known if known is not None and known[0] == stamp else (stamp, _entry(folder))


def list_jobs(checkpoints: Path) -> list[JobEntry]:
    """The jobs of a checkpoint folder, once."""
    return Catalog(checkpoints).jobs()


_Stamp = tuple[tuple[int, int] | None, ...]


def _stamp(folder: Path) -> _Stamp:
    """What changes when a job does: its files, and whether somebody holds its lock."""
    stamps: list[tuple[int, int] | None] = []
    for name in _WATCHED:
        try:
            found = (folder / name).stat()
            stamps.append((found.st_mtime_ns, found.st_size))
        except OSError as error:
            stamps.append((-1, error.errno or 0))
    owner = read_owner(folder)
    stamps.append(None if owner is None else (owner.pid, 0))
    return tuple(stamps)


def _entry(folder: Path) -> JobEntry | None:
    if folder.name.startswith("."):
        return None
    try:
        if not (folder / FILE).exists():
            return None
        return JobEntry(folder.name, folder, snapshot_of(folder), None)
    except OSError as error:
        return JobEntry(folder.name, folder, None, str(explain(error, folder)))
    except CheckpointError as error:
        return JobEntry(folder.name, folder, None, str(error))


def snapshot_of(folder: Path) -> Snapshot:
    """The newest picture of a job: the owner's if one lives, else what the checkpoint says.

    Raises:
        CheckpointError: it cannot be read.
    """
    owner = read_owner(folder)
    if owner is not None:
        live = read_live(folder)
        if live is not None and live[0].owner is not None and live[0].owner.pid == owner.pid:
            return replace(live[0], owner=owner)
    reader = Reader.open(folder)
    try:
        sessions = reader.sessions()
        picture = _from_checkpoint(folder, reader, sessions[-1] if sessions else None)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise explain(error, folder) from error
    finally:
        reader.close()
    if owner is not None:
        state = picture.state if picture.state in LIVE_STATES else JobState.PREPARING
        return replace(picture, state=state, reason="", message="", owner=owner)
    host = sessions[-1].host if sessions else None
    if picture.state in LIVE_STATES:
        return _abandoned(picture, host)
    return picture


def _abandoned(picture: Snapshot, host: str | None) -> Snapshot:
    """Recorded as running, but nobody holds the lock: it died here, or ran on another machine."""
    if host is not None and host != socket.gethostname():
        reason, text = "host_gone", f"It ran on {host} and ended there without a word."
    else:
        reason, text = "crashed", "Its process ended without a word; was it killed?"
    message = f"{text} {picture.counters.pending:,} pending, nothing recorded is lost. p resumes it."
    return replace(picture, state=JobState.INTERRUPTED, reason=reason, message=message)


def _from_checkpoint(folder: Path, reader: Reader, last: SessionRow | None) -> Snapshot:
    meta, counters = reader.meta(), reader.counters()
    job = json.loads(meta.job_json)
    provider = job.get("provider", {})
    return Snapshot(
        job=folder.name,
        name=job.get("name", meta.name),
        state=meta.state,
        reason=meta.reason,
        wake_at=meta.wake_at,
        message=meta.message,
        counters=counters,
        projected=_projected(counters),
        budget_usd=_number(job.get("run", {}).get("budget_usd")),
        elapsed_s=counters.active_s + (0.0 if last is None or last.ended_at is not None else last.active_s),
        ceiling=int(_number(job.get("run", {}).get("concurrency")) or 0),
        host="" if last is None else last.host,
        last_events=tuple(reader.events(EVENTS)),
        started_at=meta.created_at if last is None else last.started_at,
        ended_at=None if last is None else last.ended_at,
        models=tuple(dict.fromkeys(step["model"] for step in job.get("steps", ()))),
        step_models=tuple((step["name"], step["model"]) for step in job.get("steps", ())),
        provider=provider.get("name", ""),
        simulated=provider.get("name") == "simulator",
        executor=meta.executor,
    )


def _number(value: Any) -> float | None:
    """A number of a job that need not be one its model accepts."""
    return value if type(value) in {int, float} and 0 <= value <= MOST else None


def _projected(counters: Counters) -> Money:
    """At rest: what was spent when nothing is left, else an item's mean for those still to come."""
    money = counters.spend.money
    done = counters.succeeded + counters.failed
    if counters.pending == 0:
        return money
    if money.usd is None or not done:
        return UNKNOWN
    return Money(money.usd / done * counters.total, MoneyKind.ESTIMATED)
