"""What a job's checkpoint has to tell on the command line: its log and its failures."""

import json
import sys
import time
from pathlib import Path

from holytui import plain
from holytui.core.progress import LIVE_STATES, JobState, LogLine, iso
from holytui.store.catalog import snapshot_of
from holytui.store.reader import Reader

LOG_LINES = 10_000
FOLLOW_S = 0.5
RESTING = frozenset(JobState) - LIVE_STATES


def follow_log(folder: Path, *, follow: bool, as_json: bool) -> None:
    """Print the job's events, oldest first; with `follow` until the job rests.

    Raises:
        CheckpointError: it cannot be read.
    """
    shown: dict[tuple[str, float], int] = {}
    while True:
        resting = snapshot_of(folder).state in RESTING
        reader = Reader.open(folder)
        try:
            events = reader.events(LOG_LINES)
        finally:
            reader.close()
        for event in sorted(events, key=lambda line: line.last):
            if shown.get((event.kind, event.first)) != event.count:
                shown[event.kind, event.first] = event.count
                _print_event(event, as_json=as_json)
        if not follow or resting:
            return
        time.sleep(FOLLOW_S)


def _print_event(event: LogLine, *, as_json: bool) -> None:
    if as_json:
        data = {
            "kind": event.kind,
            "first": iso(event.first),
            "last": iso(event.last),
            "count": event.count,
            "text": event.text,
        }
        line = json.dumps(data)
    else:
        line = plain.log_lines([event])[0]
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def print_failures(folder: Path, *, as_json: bool) -> None:
    """Failed items grouped by kind, with meaning, advice and what a retry may cost.

    Raises:
        CheckpointError: it cannot be read.
    """
    reader = Reader.open(folder)
    try:
        groups = reader.failures()
    finally:
        reader.close()
    if not as_json:
        lines = plain.failure_lines(groups) or ["nothing failed"]
        sys.stdout.write("\n".join(lines) + "\n")
        return
    sys.stdout.write(json.dumps([group.to_json() for group in groups]) + "\n")
