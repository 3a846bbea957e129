"""What a running session shows of itself."""

from pathlib import Path

from holytui.core.command import Command, Verb
from holytui.core.progress import JobState
from holytui.runs.prepare import Wishes, prepare
from holytui.runs.thread import RunThread
from tests.processes import holytui, wait_until
from tests.runs.test_waking import TABLES
from tests.ui.pilots import lines_job


def test_tokens_a_second_are_those_of_this_session(tmp_path: Path) -> None:
    """A resume does not count what earlier sessions did as done at once."""
    job = lines_job(tmp_path, ["word " * 2_000] * 40 + ["few"] * 400, provider='base_url = "simulator:?latency=0.2"')
    assert holytui("run", job, "--headless", "--limit", "40", cwd=tmp_path).returncode == 0
    thread = RunThread()
    try:
        run = thread.start(prepare(tmp_path / "checkpoints", job, Wishes(), TABLES, {}))
        wait_until(lambda: run.snapshot().tokens_per_s[0] > 0, "a rate")
        shown = run.snapshot()
        assert shown.state is JobState.RUNNING
        # Four at once, five times a second, of a dozen tokens each; the earlier session had a hundred thousand.
        assert 0 < shown.tokens_per_s[0] < 2_000
    finally:
        thread.shutdown()


def test_a_resumed_run_is_running_before_its_first_answer(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(400)], provider='base_url = "simulator:?latency=0.5"')
    thread = RunThread()
    try:
        run = thread.start(prepare(tmp_path / "checkpoints", job, Wishes(), TABLES, {}))
        wait_until(lambda: run.snapshot().counters.succeeded > 0, "an answer")
        run.send(Command(Verb.PAUSE))
        wait_until(lambda: run.snapshot().state is JobState.PAUSED, "paused")
        run.send(Command(Verb.RESUME))
        shown = run.snapshot()
        while not shown.requests_in_flight:
            shown = run.snapshot()
        assert shown.state is JobState.RUNNING
    finally:
        thread.shutdown()
