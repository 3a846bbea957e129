"""The checkpoint behind the frozen run: 10,000 items whose states, kinds and money are those its snapshot tells."""

import json
from dataclasses import replace
from pathlib import Path

from holytui.core.failures import FailureKind
from holytui.core.identity import input_hash
from holytui.core.pricing import Money, MoneyKind, Usage
from holytui.core.work import Item, Notice, Record
from holytui.store.writer import Writer
from tests.store import jobs as stored
from tests.ui.frozen import FLIGHTS, NOON, RUNNING

SHELVES = ("annual-report", "board-minutes", "tender", "site-survey", "lease-annex", "audit-letter", "grant-call")
ITEMS = 10_000
DECIDED = 3_458
"""Items with a result; what is in flight comes behind them."""

PARTIAL = (
    "Topic: the company's fourth quarter of 2023.\n"
    "Keywords: revenue, cash flow, provisions, restructuring, outlook.\n"
    "Summary: Revenue rose by 4 % to EUR 218 million, mostly from services. Provisions for the restructuring of "
    "the northern sites weigh on the result, and in the second half of the year, cash"
)
MODELS = dict(RUNNING.step_models)
PROMPTS = {
    "summary": "Read the document and give topic, keywords and a three-sentence summary.\n{item}",
    "title": "A title for this summary: {steps.summary}",
}
SAID = {
    FailureKind.TRUNCATED: "cut at max_tokens = 800",
    FailureKind.CONTEXT_LENGTH: "400: this model's maximum context length is 65,536 tokens",
    FailureKind.CONTENT_FILTER: "finish reason content_filter",
}
LOOKED_AT = 1_206
"""The index of the failed item that is looked at."""

NIGHT_FLIGHTS = tuple(replace(flight, index=DECIDED + place) for place, flight in enumerate(FLIGHTS))


def night(folder: Path) -> Path:
    """Write the checkpoint into a folder that is named as its job."""
    stored.new_job(folder)
    failures = _failures()
    with stored.writing(folder) as writer:
        writer.begin_sync(
            stored.HASHES, job_json=_job(), run_json="{}", job_path=None, base_dir=".", keep_answers=False
        )
        writer.add_items([_item(index) for index in range(ITEMS)])
        writer.end_sync().result(stored.WAIT)
        for index in range(DECIDED):
            if index in failures:
                _fail(writer, index, failures[index])
            else:
                _answer(writer, index)
        for event in reversed(RUNNING.last_events):
            apart = (event.last - event.first) / max(1, event.count - 1)
            for number in range(event.count):
                writer.notice(Notice(event.kind, event.text, event.first + number * apart))
    return folder


def _job() -> str:
    steps = [{"name": name, "model": MODELS[name], "prompt": PROMPTS[name], "max_tokens": 800} for name in MODELS]
    run = {"concurrency": 32, "budget_usd": 15.0, "max_attempts": 3}
    job = {"name": "pdf-summaries", "input": {"count": ITEMS}, "provider": {"name": "holysheep"}}
    return json.dumps({**job, "run": run, "steps": steps})


def _item(index: int) -> Item:
    name = f"20{17 + index // 1_500:02}/{SHELVES[index % len(SHELVES)]}-{index % 1_500:04}.pdf"
    if index == LOOKED_AT:
        name = "2023/q4-report.pdf"
    if DECIDED <= index < DECIDED + len(FLIGHTS):
        name = FLIGHTS[index - DECIDED].item_id
    record = Record(f"The text of {name}.", {"text": f"The text of {name}."}, None, name)
    return Item(index, name, record, input_hash(record))


def _failures() -> dict[int, FailureKind]:
    """The kinds that the snapshot counts, here and there, and some of them in a bad quarter of an hour."""
    kinds = [FailureKind(kind) for kind, number in RUNNING.counters.failures.items() for _ in range(number)]
    bad_times = list(range(2_411, 2_411 + 20 * 5, 5))
    spread = [LOOKED_AT, *range(40, DECIDED - 200, 131)]
    places = dict.fromkeys([*spread[:1], *bad_times, *spread[1:]])
    return dict(zip(list(places)[: len(kinds)], kinds, strict=True))


def _answer(writer: Writer, index: int) -> None:
    answered = DECIDED - RUNNING.counters.failed
    for step, total, usage in (
        ("summary", 2.56, Usage(2_311, 142, 0, 0)),
        ("title", 1.83, Usage(210, 14, 0, 0)),
    ):
        cost = Money(total / answered, MoneyKind.COMPUTED)
        closes = step == "title"
        event = stored.attempt(index, step, cost=cost, usage=usage)
        writer.attempt(replace(event, model=MODELS[step], ended_s=4.0 if closes else 20.0 + index % 25))
        writer.outcome(stored.answer(index, step, f"A {step} of {index}", closes=closes))


def _fail(writer: Writer, index: int, kind: FailureKind) -> None:
    if kind is FailureKind.INPUT_ERROR:
        writer.outcome(stored.failure(index, kind=kind, message="no text in it: a scan?"))
        return
    cost = Money(0.09 / 34 / 3, MoneyKind.ESTIMATED)
    clock, started = 30.0, NOON - 4_000 + index
    for number, (first, last) in enumerate(((4.2, 22.5), (3.9, 18.1), (6.0, 31.7)), 1):
        event = stored.attempt(index, number=number, kind=kind, cost=cost, text=PARTIAL, message=kind.value)
        usage = Usage(2_311, (88, 61, 142)[number - 1], 0, 0)
        event = replace(
            event, model=MODELS["summary"], usage=usage, clock_s=clock, request_id=f"req_8f{number * 737:04x}"
        )
        writer.attempt(replace(event, started_at=started, first_s=first, last_s=last, ended_s=last + clock))
        started += last + clock + number
        clock *= 1.5
    writer.outcome(
        stored.failure(index, kind=kind, text=PARTIAL, message=SAID.get(kind, "the stall clock of 67.5 s ran out"))
    )
