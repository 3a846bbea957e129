"""Plain lines: the table of jobs fits a terminal, and says what nobody has counted yet."""

from dataclasses import replace
from pathlib import Path

from holytui import plain
from holytui.core.display import cell_width
from holytui.core.progress import Counters, JobState
from holytui.core.words import state_words
from holytui.core.workers import WorkerSeen
from holytui.store.catalog import JobEntry
from tests.ui.frozen import JOBS, NOON, RUNNING, snapshot


def test_the_table_of_jobs_is_80_wide_and_a_job_that_nobody_has_read_has_dashes() -> None:
    fresh = snapshot("a-name-that-is-longer-than-its-column", JobState.READY, Counters())
    first = replace(JOBS[2], reason="limit", message="paused: first 10000 done; 5 pending.")
    shown = [*JOBS, fresh, first]
    lines = plain.jobs_table([JobEntry(one.job, Path(one.job), one, None) for one in shown])
    assert max(map(cell_width, lines)) == 80
    assert lines[-2].split()[-4:] == ["-", "-", "-", "-"]
    assert "0%" not in lines[-2]
    assert lines[-2].startswith("a-name-that-is-long… ○ ready")
    assert "‖ first 10000 done " in lines[-1]
    assert lines[1].split() == ["nightly-labels", "■", "stopped:", "balance", "31,204", "50,000", "62%", "40", "$11.82"]


def test_a_session_of_some_items_says_how_many() -> None:
    paused = replace(JOBS[2], reason="limit", message="paused: first 10 done; 1,578 pending.")
    assert state_words(paused) == "‖ paused: first 10 done"
    assert paused.to_json()["reason"] == "limit"
    assert state_words(replace(paused, message="")) == "‖ paused: limit"


def test_a_job_on_workers_tells_of_them_and_at_rest_where_it_goes_on() -> None:
    seen = (
        WorkerSeen("gpu-01-1", "gpu-01", 1, True, 31, 32, 32, 14.0, NOON),
        WorkerSeen("gpu-02-1", "gpu-02", 1, False, 0, 32, 0, 0.0, NOON),
    )
    waits = "no worker is there yet: holytui worker, with redis://\x1b"
    there = replace(RUNNING, executor="celery", workers=seen)
    lines = plain.status_lines(there)
    assert "  Workers  1 there, 1 gone, 31 in flight, 14/s" in lines
    assert any(line.strip().startswith("gpu-01 31/32 14/s · ✗ gpu-02 gone ") for line in lines)
    assert "1 worker, 1 gone" in plain.progress_line(there)
    assert plain.started_line(there).endswith(", on workers")
    nobody = plain.status_lines(replace(there, workers=(), activity=waits))
    assert "  Workers  none there yet" in nobody
    assert "  no worker is there yet: holytui worker, with redis://␛" in nobody
    assert any("would again; --executor local" in line for line in plain.status_lines(replace(there, owner=None)))
    assert "orker" not in "".join([*plain.status_lines(RUNNING), plain.progress_line(RUNNING)])
