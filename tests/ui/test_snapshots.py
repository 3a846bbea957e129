"""Pictures of screens that something is the matter with, from frozen state.

After a wanted change: look at each, then `pytest --snapshot-update`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holytui.core.failures import FailureKind
from holytui.core.identity import input_hash, job_id_of
from holytui.core.progress import JobState
from holytui.core.work import Item, Record
from holytui.runs.desk import KeyCheck
from holytui.store.catalog import JobEntry
from tests.store import jobs as stored
from tests.ui.frozen import (
    JOBS,
    PREVIEW,
    SAMPLES,
    FrozenDesk,
    counters,
    frozen_app,
    snapshot,
)
from tests.ui.pictures import SMALL, Compare, then

pytestmark = pytest.mark.usefixtures("in_utc")

HOSTILE = (
    "[/foo] closes nothing",
    "[red]x[/red]",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "nul \0 and bell \x07",
    "lone \ud83d surrogate",
    "שלום עולם \u202e reversed",
    "表 wide 文字 " + "宽" * 30,
    "tab\tline\nbreak\rreturn",
)


def checkpoint(folder: Path) -> Path:
    """A job of 40 items: some answered, some failed in each of three ways, some pending."""
    stored.filled(folder, 40)
    kinds = (FailureKind.TIMEOUT_STALL, FailureKind.TRUNCATED, FailureKind.SERVER_ERROR)
    with stored.writing(folder) as writer:
        for index in range(30):
            if index % 4 == 3:
                for number in (1, 2):
                    writer.attempt(stored.attempt(index, number=number, kind=kinds[index % 3], text="Half of an answ"))
                writer.attempt(stored.attempt(index, number=3, kind=kinds[index % 3], text="Topic: the harvest of 19"))
                writer.outcome(stored.failure(index, kind=kinds[index % 3], text="Topic: the harvest of 19"))
            else:
                stored.answer_fully(writer, index)
    return folder


def hostile_checkpoint(folder: Path) -> Path:
    """Every id, text, answer and error message is out to break the screen."""
    stored.new_job(folder)
    items = []
    for index, text in enumerate(HOSTILE):
        record = Record(text, {"text": text}, None, text)
        items.append(Item(index, f"{index} {text}", record, input_hash(record)))
    with stored.writing(folder) as writer:
        stored.sync(writer, items)
        for index, text in enumerate(HOSTILE):
            writer.attempt(stored.attempt(index, kind=FailureKind.SERVER_ERROR, message=text, text=text))
            writer.outcome(stored.failure(index, kind=FailureKind.SERVER_ERROR, message=text, text=text))
    return folder


def of_checkpoint(folder: Path, **more: Any) -> FrozenDesk:
    told = counters(
        40,
        23,
        {FailureKind.TIMEOUT_STALL: 3, FailureKind.TRUNCATED: 2, FailureKind.SERVER_ERROR: 2},
        usd=0.53,
        wasted=0.21,
    )
    shown = snapshot(
        "letters",
        JobState.PAUSED,
        told,
        reason="user",
        message="Paused at 07:31 by you. 10 pending, nothing is lost. p resumes it.",
    )
    return FrozenDesk([shown], checkpoint=folder, **more)


def test_no_jobs_yet(snap_compare: Compare) -> None:
    desk = FrozenDesk(sample_rows=SAMPLES)
    assert snap_compare(frozen_app(desk), terminal_size=SMALL, run_before=then())


def test_jobs_in_sixteen_colours_and_ascii(snap_compare: Compare) -> None:
    damaged = JobEntry("spoiled", Path("/srv/checkpoints/spoiled"), None, "/srv/checkpoints/spoiled: damaged. It is …")
    desk = FrozenDesk(JOBS, sample_rows=SAMPLES, problems=[damaged])
    assert snap_compare(frozen_app(desk, theme="terminal", ascii=True), terminal_size=SMALL, run_before=then())


def test_preflight_with_a_key_that_is_refused(snap_compare: Compare) -> None:
    advice = "The key was refused (401): the job would stop at once. Set HOLYSHEEP_API_KEY anew."
    key = KeyCheck("HOLYSHEEP_API_KEY …3f9a was refused (401)", bad=True, advice=(advice,), refused=True)
    desk = FrozenDesk(shown_preview=PREVIEW, shown_key=key)
    assert snap_compare(frozen_app(desk, open_job=Path("job.toml")), terminal_size=SMALL, run_before=then())


def test_preflight_without_a_key(snap_compare: Compare) -> None:
    preview = replace(PREVIEW, key_note="HOLYSHEEP_API_KEY is not set.", key_ok=False, key_missing=True)
    desk = FrozenDesk(shown_preview=preview)
    assert snap_compare(frozen_app(desk, open_job=Path("job.toml")), terminal_size=SMALL, run_before=then())


def test_all_failed(snap_compare: Compare, tmp_path: Path) -> None:
    told = counters(800, 0, {FailureKind.SERVER_ERROR: 790, FailureKind.NETWORK: 10}, usd=0.0)
    shown = snapshot("unlucky", JobState.COMPLETED_WITH_FAILURES, told, ended_at=1_800_000_000.0 - 60)
    desk = FrozenDesk([shown], checkpoint=checkpoint(tmp_path / "letters"))
    assert snap_compare(frozen_app(desk, open_job="unlucky"), terminal_size=SMALL, run_before=then())


def test_a_stopped_run_says_why_and_what_now(snap_compare: Compare, tmp_path: Path) -> None:
    desk = FrozenDesk([JOBS[0]], checkpoint=checkpoint(tmp_path / "letters"))
    app = frozen_app(desk, open_job="nightly-labels")
    assert snap_compare(app, terminal_size=SMALL, run_before=then("escape"))


@pytest.mark.parametrize("keys", [("2",), ("2", "j", "j", "enter")], ids=["list", "item"])
def test_hostile_text(snap_compare: Compare, tmp_path: Path, keys: tuple[str, ...]) -> None:
    told = counters(len(HOSTILE), 0, {FailureKind.SERVER_ERROR: len(HOSTILE)})
    name = "[/foo] \x1b[31m"
    shown = snapshot(job_id_of(name), JobState.COMPLETED_WITH_FAILURES, told, name=name, message=HOSTILE[2])
    desk = FrozenDesk([shown], checkpoint=hostile_checkpoint(tmp_path / "hostile"))
    assert snap_compare(frozen_app(desk, open_job=shown.job), terminal_size=SMALL, run_before=then(*keys))
