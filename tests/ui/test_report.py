"""The morning report: what, why, what now and what else, in at most four lines that end between words."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState, Owner, Snapshot
from holytui.engine.admission.breaker import Halt
from holytui.resources import themes
from holytui.runs.sentences import rest_message
from holytui.store.catalog import JobEntry
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.report import LINES, report
from holytui.ui.theme import load_themes, palette
from tests.ui.frozen import JOBS, MINUTE, NOON, RUNNING, counters, snapshot


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clocks on screen are local ones."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def told(shown: Snapshot | str, width: int = 80) -> list[str]:
    """The report of a job, or of one with this problem."""
    themes_found, _ = load_themes(themes())
    pen = Pen(palette(themes_found["night"]), width)
    problem = shown if isinstance(shown, str) else None
    entry = JobEntry("job", Path("/srv/job"), None if isinstance(shown, str) else shown, problem)
    lines = [line.plain.rstrip() for line in report(pen, entry, NOON)]
    assert 2 <= len(lines) <= LINES
    assert all(len(line) <= width for line in lines)
    return lines


def sentences(shown: Snapshot | str, width: int = 80) -> str:
    """All but the title, in one line."""
    return " ".join(line.strip() for line in told(shown, width)[1:])


LABELS = JOBS[0]


def test_the_drawn_one() -> None:
    assert told(replace(LABELS, owner=None, started_at=NOON - 110 * MINUTE), 160) == [
        " nightly-labels · deepseek-v3.2 · holysheep · gpu-03 · 06:10 to 07:52, 1h 51m active",
        " Stopped at 07:52: the balance is used up (402). 18,756 pending, nothing is lost.",
        " Top up about $7.10, then p resumes. Spent $11.82 of the $25.00 budget.",
        " 40 failed: 31 timeout.stall, 9 truncated. r retries the 31, about $0.01.",
    ]
    assert sentences(LABELS, 80) == sentences(LABELS, 160), "narrow, the lines flow, and all is there"


def test_a_running_one_says_who_runs_it_and_how_long_it_will_take() -> None:
    title, *lines = told(RUNNING)
    assert "you@gpu-03" in title
    assert "since 06:00" in title
    assert lines == [
        " Running (pid 48213): 24 in flight, 6,518 pending. Done in 3h 10m to 4h 05m.",
        " Spent $4.48 of the $15.00 budget, $12.90–13.30 at the end.",
        " 37 failed: 21 timeout.stall, 16 other. r retries the 21, about $0.03.",
    ]
    wide = sentences(RUNNING, 160)
    assert "21 timeout.stall, 7 truncated, 5 context_length, 4 other" in wide


@pytest.mark.parametrize(
    ("halt", "way_out"),
    [
        (Halt(JobState.STOPPED, "auth", "401"), "Mend HOLYSHEEP_API_KEY, then p resumes for about $7.10."),
        (Halt(JobState.STOPPED, "quota", "402"), "Top up about $7.10, then p resumes."),
        (
            Halt(JobState.STOPPED, "budget", "$24.98 of $25.00 spent"),
            "Raise the budget (b, or --budget), then p resumes for about $7.10.",
        ),
        (Halt(JobState.STOPPED, "refused", "all 20 refused"), "Mend the job file, then run it again, about $7.10."),
        (Halt(JobState.PAUSED, "user", ""), "p resumes it for about $7.10."),
        (Halt(JobState.PAUSED, "limit", "first 10 done"), "p resumes the 18,756 pending, about $7.10."),
        (Halt(JobState.PAUSED, "rate_limit", "429", NOON + 600), "p tries at once, about $7.10."),
        (Halt(JobState.INTERRUPTED, "hangup", "the connection was lost"), "p resumes it for about $7.10."),
    ],
    ids=lambda value: value.reason if isinstance(value, Halt) else "",
)
def test_each_way_out_has_its_price(halt: Halt, way_out: str) -> None:
    message = rest_message(halt, LABELS.counters, NOON - 480, "HOLYSHEEP_API_KEY")
    shown = replace(LABELS, state=halt.state, reason=halt.reason, message=message, wake_at=halt.wake_at)
    words = sentences(shown, 160)
    assert way_out in words
    assert words.count("18,756 pending") + words.count("first 10 done") >= 1
    assert words.count("about $7.10") == 1


def test_what_is_not_known_or_not_charged_has_no_price() -> None:
    simulated = replace(LABELS, simulated=True)
    assert "$" not in sentences(simulated).replace("nothing was charged", "")
    unknown = replace(LABELS, counters=counters(50, 0), message="Paused at 07:52 by you. 50 pending. p resumes it.")
    assert "p resumes it. Spent $0.00" in sentences(unknown, 160)


def test_a_finished_one_says_what_helps_with_what_r_would_not() -> None:
    shown = snapshot(
        "ocr", JobState.COMPLETED_WITH_FAILURES, counters(9, 6, {FailureKind.INPUT_ERROR: 3}), ended_at=NOON - 60
    )
    assert sentences(shown) == (
        "Done at 07:59: 6 of 9 answered. w exports the answers. Spent $0.00. "
        "3 failed: input_error. What helps: mend the file, then R."
    )
    assert "Done Tue, 08:00: " in sentences(replace(shown, ended_at=NOON - 3 * 86_400))


def test_however_long_a_text_is_the_way_out_is_there_and_no_word_is_cut() -> None:
    words = " ".join(f"word{n}" for n in range(100))
    lines = told(words)
    assert (len(lines), lines[-1]) == (LINES, " d moves it to the trash as it is.")
    assert lines[-2].endswith(" …")
    assert words.startswith(" ".join(line.strip() for line in lines[1:-1]).removesuffix(" …") + " word")
    message = f"Stopped at 07:52: {words}. 5 pending, nothing is lost. Top up, then p."
    lines = told(replace(LABELS, message=message))
    assert lines[1].endswith(" …")
    assert "Top up about $7.10, then p resumes." in lines[2]
    assert "r retries the 31" in lines[3]


def test_foreign_text_is_drawn_safely_and_names_are_cut() -> None:
    name = "\x1b[31m" + "very-" * 30
    shown = replace(RUNNING, name=name, job="x" * 90, message="\x1b]0;title\x07", owner=Owner(1, "h" * 70, NOON, NOON))
    for line in told(shown):
        assert "\x1b" not in line
        assert "\x07" not in line
