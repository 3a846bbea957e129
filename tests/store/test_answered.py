"""What answers came to, as the estimate of more of them asks for it."""

from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.pricing import Usage
from holytui.core.spread import Spread
from holytui.core.tokens import Answered
from holytui.core.work import AttemptEvent
from holytui.store.reader import Reader
from holytui.store.writer import Writer
from tests.store.jobs import HASHES, answer, attempt, fail, filled, sync, writing
from tests.store.jobs import items as some_items


def asked(index: int, step: str = "summary", *, usage: Usage, chars: int = 400, model: str = "m") -> AttemptEvent:
    return replace(attempt(index, step, usage=usage), asked=model, prompt_chars=chars, ended_s=1.0 + index)


def answered(folder: Path, hashes: dict[str, str] = HASHES) -> list[Answered]:
    reader = Reader.open(folder)
    try:
        return reader.answered(hashes)
    finally:
        reader.close()


def ask(writer: Writer, event: AttemptEvent, text: str) -> None:
    writer.attempt(event)
    writer.outcome(answer(event.index, event.step, text))


def test_answers_are_added_up_by_step_and_model_asked_for(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 6)
    with writing(folder) as writer:
        ask(writer, asked(0, usage=Usage(100, 20, 10, 5)), "four")
        ask(writer, asked(1, usage=Usage(140, 40, 0, 5), chars=600), "a表é\ud83d")
        ask(writer, asked(2, usage=Usage(7, 7), model="other"), "nul\0")
        ask(writer, asked(0, "title", usage=Usage(9, 3)), "t")
    by_step = {(one.step, one.model): one for one in answered(folder)}
    assert set(by_step) == {("summary", "m"), ("summary", "other"), ("title", "m")}
    summary = by_step["summary", "m"]
    assert (summary.answers, summary.prompt_chars, summary.input, summary.cached) == (2, 1_000, 240, 10)
    assert summary.output == Spread(2, 60, 400 + 1_600)
    assert summary.seconds == Spread(2, 3.0, 5.0)
    assert summary.answer_chars.total == pytest.approx(8, abs=2)


def test_what_tells_nothing_of_answers_is_left_out(tmp_path: Path) -> None:
    """Failures, usage that we estimated, requests of a format that kept no lengths, what was not recorded."""
    folder = filled(tmp_path / "small", 6)
    with writing(folder) as writer:
        fail(writer, 0, FailureKind.TRUNCATED)
        ask(writer, asked(1, usage=Usage(100, 20, exact=False)), "estimated")
        ask(writer, asked(2, usage=Usage(100, 20), chars=0), "an old one")
        writer.attempt(asked(3, usage=Usage(100, 20)))
    assert answered(folder) == []


def test_answers_to_an_older_text_of_a_step_are_left_out(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 4)
    with writing(folder) as writer:
        ask(writer, asked(0, usage=Usage(100, 20)), "old")
        sync(writer, some_items(4), hashes={**HASHES, "summary": "changed"})
        ask(writer, asked(1, usage=Usage(300, 50)), "new")
        ask(writer, asked(1, "title", usage=Usage(9, 3)), "t")
    assert {one.step: one.input for one in answered(folder, {**HASHES, "summary": "changed"})} == {
        "summary": 300,
        "title": 9,
    }
    assert {one.step for one in answered(folder, {"summary": "yet another"})} == set()


def test_a_provider_that_counts_nonsense_spoils_no_query(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 4)
    with writing(folder) as writer:
        for index in range(4):
            ask(writer, asked(index, usage=Usage(10**30, 10**30)), "x")
    (summary,) = answered(folder)
    assert summary.answers == 4
    assert summary.output.more(100).high < float("inf")
