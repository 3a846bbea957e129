"""What the command line promises in JSON (design, section 7), and small jobs to hold it to."""

import json
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.processes import holytui, write_job

EMBEDDED = ('name = "simulator"', 'base_url = "simulator:?latency=0"')
EVENTS = {"started", "progress", "item", "state", "finished"}
FIELDS = {
    "job", "name", "state", "reason", "wake_at", "total", "pending", "running", "succeeded", "failed", "failures",
    "attempts", "requests", "tokens", "cost", "wasted_usd", "projected_cost", "budget_usd", "elapsed_s", "eta_s",
    "rate_per_s", "concurrency", "sessions", "owner", "last_events",
}  # fmt: skip
INNER_FIELDS = {
    "tokens": {"input", "output", "cached", "reasoning"},
    "cost": {"usd", "kind"},
    "projected_cost": {"usd", "kind"},
    "eta_s": {"low", "mid", "high"},
    "concurrency": {"current", "ceiling"},
}
OWNER_FIELDS = {"pid", "host", "since", "heartbeat_at"}
MONEY_KINDS = {"reported", "computed", "estimated", "unknown"}
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def check_snapshot(data: dict[str, Any]) -> None:
    """Every field of the contract, and its sums."""
    assert data.keys() >= FIELDS
    for name, inner in INNER_FIELDS.items():
        assert data[name].keys() >= inner, name
    assert data["total"] == data["pending"] + data["running"] + data["succeeded"] + data["failed"]
    assert min(data["pending"], data["running"], data["succeeded"], data["failed"]) >= 0
    assert sum(data["failures"].values()) == data["failed"]
    assert data["requests"] >= data["attempts"]
    for money in (data["cost"], data["projected_cost"]):
        assert money["kind"] in MONEY_KINDS
        assert (money["usd"] is None) == (money["kind"] == "unknown")
    if data["owner"] is not None:
        assert data["owner"].keys() == OWNER_FIELDS
        assert UTC_TIME.fullmatch(data["owner"]["since"])
        assert UTC_TIME.fullmatch(data["owner"]["heartbeat_at"])
    if data["wake_at"] is not None:
        assert UTC_TIME.fullmatch(data["wake_at"])
    for line in data["last_events"]:
        assert line.keys() == {"kind", "first", "last", "count", "text"}
        assert UTC_TIME.fullmatch(line["first"])
        assert UTC_TIME.fullmatch(line["last"])


def check_events(stdout: str) -> list[dict[str, Any]]:
    """The events of `run --json`: nothing but JSON lines, `finished` once and last."""
    events: list[dict[str, Any]] = [json.loads(line) for line in stdout.splitlines()]
    names = [event["event"] for event in events]
    assert set(names) <= EVENTS
    assert names[-1] == "finished"
    assert names.count("finished") == names.count("started") == 1
    assert names[0] == "started"
    for event in events:
        if event["event"] == "item":
            assert UTC_TIME.fullmatch(event["finished_at"])
        else:
            check_snapshot(event)
    return events


def check_finished(done: "subprocess.CompletedProcess[str]", code: int) -> dict[str, Any]:
    """The last event of a `run --json` that ended with this exit code."""
    assert done.returncode == code, done.stderr
    return check_events(done.stdout)[-1]


def lines_job(
    folder: Path,
    lines: Sequence[str],
    *,
    name: str = "job",
    run: Sequence[str] = (),
    step: Sequence[str] = (),
    provider: Sequence[str] = EMBEDDED,
) -> Path:
    """A job whose items are these lines."""
    (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    source = f'lines = "{name}.txt"'
    return write_job(folder, name=name, source=source, run=run, step=step, provider=provider, prompt="{item}")


def at_once(*commands: Sequence[str | Path], cwd: Path, **env: Any) -> "list[subprocess.CompletedProcess[str]]":
    """Commands that do not depend on each other, two at a time: most of what one takes is its start."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda command: holytui(*command, cwd=cwd, **env), commands))
