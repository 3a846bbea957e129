"""Jobs for the tests of the store: real folders with real checkpoints."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from holytui.core.failures import FailureKind
from holytui.core.identity import input_hash
from holytui.core.pricing import Money, MoneyKind, Usage
from holytui.core.progress import JobState
from holytui.core.work import AttemptEvent, Item, ItemState, Outcome, Record
from holytui.store.checkpoint import FILE, JobMeta, create
from holytui.store.syncing import SyncReport
from holytui.store.writer import Writer

NOON = 1_800_000_000.0
HASHES = {"summary": "hash-of-summary", "title": "hash-of-title"}
WAIT = 20.0
CENT = Money(0.01, MoneyKind.COMPUTED)


def job_json(steps: Iterable[str], *, name: str = "Small job") -> str:
    return json.dumps(
        {
            "name": name,
            "input": {"count": 3},
            "provider": {"name": "simulator"},
            "run": {"concurrency": 4, "budget_usd": 2.5},
            "steps": [{"name": step, "model": f"model-of-{step}", "prompt": "{item}"} for step in steps],
        }
    )


def new_job(folder: Path, *, hashes: Mapping[str, str] = HASHES, state: JobState = JobState.READY) -> Path:
    """An empty job in this folder."""
    create(
        folder,
        JobMeta(
            job_id=folder.name,
            name="Small job",
            job_json=job_json(hashes),
            job_path=None,
            base_dir=str(folder.parent),
            created_at=NOON,
            state=state,
            reason="",
            wake_at=None,
            message="",
            step_hashes=hashes,
            run_json="{}",
        ),
    )
    return folder


def item(index: int, text: str | None = None, item_id: str | None = None) -> Item:
    body = f"document {index}" if text is None else text
    record = Record(body, {"text": body}, None, body)
    return Item(index, f"doc_{index}" if item_id is None else item_id, record, input_hash(record))


def items(number: int) -> list[Item]:
    return [item(index) for index in range(number)]


@contextmanager
def writing(
    folder: Path, *, barrier_every: int = 50, barrier_s: float = 1.0, clock: Callable[[], float] = lambda: NOON
) -> Iterator[Writer]:
    writer = Writer.open(folder, barrier_every=barrier_every, barrier_s=barrier_s, clock=clock)
    try:
        yield writer
    finally:
        writer.close()


def sync(
    writer: Writer, given: Iterable[Item], *, hashes: Mapping[str, str] = HASHES, keep_answers: bool = False
) -> SyncReport:
    """Make the job's items these."""
    writer.begin_sync(
        hashes,
        job_json=job_json(hashes),
        run_json="{}",
        job_path=None,
        base_dir="/jobs",
        keep_answers=keep_answers,
    ).result(WAIT)
    writer.add_items(list(given)).result(WAIT)
    return writer.end_sync().result(WAIT)


def filled(folder: Path, number: int, *, hashes: Mapping[str, str] = HASHES) -> Path:
    """A job with so many pending items."""
    new_job(folder, hashes=hashes)
    with writing(folder) as writer:
        sync(writer, items(number), hashes=hashes)
    return folder


def attempt(
    index: int,
    step: str = "summary",
    *,
    round: int = 1,  # noqa: A002  # the field's name
    number: int = 1,
    kind: FailureKind | None = None,
    counted: bool = True,
    cost: Money = CENT,
    usage: Usage = Usage(100, 20, 10, 5),  # noqa: B008  # frozen
    message: str = "",
    text: str = "",
) -> AttemptEvent:
    return AttemptEvent(
        index=index,
        step=step,
        round=round,
        number=number,
        counted=counted,
        started_at=NOON + index,
        ended_s=2.0,
        connected_s=0.1,
        first_s=0.5,
        last_s=1.9,
        kind=kind,
        message=message,
        model=f"model-of-{step}",
        usage=usage,
        cost=cost,
        text=text,
        wasted=kind is not None,
    )


def answer(
    index: int,
    step: str = "summary",
    text: str = "an answer",
    *,
    round: int = 1,  # noqa: A002  # the field's name
    closes: bool = False,
) -> Outcome:
    closing = ItemState.SUCCEEDED if closes else None
    return Outcome(index, step, round, NOON + 60 + index, answer=text, model=f"model-of-{step}", closes=closing)


def failure(
    index: int,
    step: str = "summary",
    kind: FailureKind = FailureKind.TIMEOUT_STALL,
    *,
    round: int = 1,  # noqa: A002  # the field's name
    message: str = "it went silent",
    text: str | None = None,
    status: int | None = None,
) -> Outcome:
    return Outcome(
        index,
        step,
        round,
        NOON + 60 + index,
        answer=text,
        kind=kind,
        message=message,
        http_status=status,
        closes=ItemState.FAILED,
    )


def answer_fully(writer: Writer, index: int, *, round: int = 1, text: str = "an answer") -> None:  # noqa: A002
    """Both steps, one attempt each, the second closes the item."""
    for step, closes in (("summary", False), ("title", True)):
        writer.attempt(attempt(index, step, round=round))
        writer.outcome(answer(index, step, f"{text} to {step} {index}", round=round, closes=closes))


def fail(writer: Writer, index: int, kind: FailureKind = FailureKind.TIMEOUT_STALL, *, round: int = 1) -> None:  # noqa: A002
    """One attempt that fails, and the item with it."""
    writer.attempt(attempt(index, kind=kind, round=round, message="it went silent"))
    writer.outcome(failure(index, kind=kind, round=round))


@contextmanager
def by_hand(folder: Path) -> Iterator[sqlite3.Connection]:
    """The tables themselves, to look at or to spoil."""
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
