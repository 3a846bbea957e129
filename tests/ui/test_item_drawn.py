"""The item screen's words about tries, rounds and texts, drawn from recorded items."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.command import Selection
from holytui.core.failures import FailureKind
from holytui.core.work import Overrides
from holytui.resources import themes
from holytui.runs.inspecting import Inspector
from holytui.store.reader import Reader
from holytui.ui.draw.item import head
from holytui.ui.draw.item_texts import body, shown_of
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.timeline import timeline
from holytui.ui.theme import load_theme, palette
from tests.store.jobs import WAIT, answer, attempt, failure, writing
from tests.ui.night import night

STALL = FailureKind.TIMEOUT_STALL


@pytest.fixture(scope="module")
def pen() -> Pen:
    return Pen(palette(load_theme(themes()["night"])), 100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return night(tmp_path_factory.mktemp("night") / "pdf-summaries")


@pytest.fixture
def inspector(folder: Path) -> Iterator[Inspector]:
    with closing(Reader.open(folder)) as reader:
        yield Inspector(reader)


PENDING, RETRIED, CUT = 5_000, 5_001, 5_002
"""Items that nothing has been recorded of yet."""


@pytest.fixture(scope="module", autouse=True)
def recorded(folder: Path) -> None:
    with writing(folder) as writer:
        writer.attempt(replace(attempt(RETRIED), first_s=0.1, last_s=0.4, ended_s=0.5))
        writer.outcome(answer(RETRIED, "summary", "The summary.", closes=False))
        writer.attempt(replace(attempt(RETRIED, "title", kind=STALL), ended_s=7.0))
        writer.outcome(failure(RETRIED, "title", kind=STALL))
        cut = replace(attempt(CUT, kind=STALL, text=""), first_s=0.07, last_s=0.1, ended_s=30.0, http_status=200)
        writer.attempt(replace(cut, model="", message=""))
        writer.outcome(failure(CUT, kind=STALL))
        writer.retry(Selection(kinds=("timeout.stall",)), Overrides()).result(WAIT)
        writer.attempt(replace(attempt(RETRIED, "title", round=2), ended_s=1.5))
        writer.outcome(replace(answer(RETRIED, "title", "A title."), round=2, at=1.0))


def test_a_step_answered_in_an_earlier_round_took_what_it_took_then(inspector: Inspector, pen: Pen) -> None:
    shown = inspector.look(RETRIED)
    steps = [line.plain for line in timeline(pen, shown, None) if "STEP" in line.plain]
    assert shown.detail.row.round == 2
    assert steps[0].rstrip().endswith("0.5 s")
    assert steps[1].rstrip().endswith("1.5 s")


def test_answers_stand_in_the_order_of_the_steps(inspector: Inspector) -> None:
    assert shown_of(inspector.look(RETRIED), "answer", None).text == "summary:\nThe summary.\n\ntitle:\nA title."


def test_in_ascii_waiting_and_silence_are_different_letters(inspector: Inspector, pen: Pen) -> None:
    lines = [line.plain for line in timeline(replace(pen, ascii=True), inspector.look(CUT), None)]
    assert "- wait = content . silence" in lines[1]
    assert "....x" in lines[2]


def test_a_stream_that_spoke_was_not_nobody(inspector: Inspector) -> None:
    shown = inspector.look(CUT)
    text = shown_of(shown, "request", shown.detail.attempts[-1]).text
    assert "first word 0.07 s" in text
    assert "nobody answered" not in text


def test_what_is_empty_says_what_it_is(inspector: Inspector, pen: Pen) -> None:
    cut, pending = inspector.look(CUT), inspector.look(PENDING)
    raw = shown_of(cut, "raw", cut.detail.attempts[-1])
    assert [line.plain.strip() for line in body(pen, raw)] == ["no body was received"]
    none = shown_of(pending, "raw", None)
    assert [line.plain.strip() for line in body(pen, none)] == ["no request was sent"]


def test_what_was_never_sent_has_no_cost(inspector: Inspector, pen: Pen) -> None:
    verdict = head(pen, "job", inspector.look(PENDING))[1].plain
    assert "$" not in verdict
    assert verdict.rstrip().endswith("-")
