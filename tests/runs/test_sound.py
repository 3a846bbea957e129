"""A checkpoint that holds what no job may be: told as such in every front end, and put right by its own job file."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import holytui
from holytui.store.checkpoint import FILE
from tests.api.servers import Server, serving
from tests.processes import holytui as command
from tests.processes import status, write_job
from tests.ui.pilots import app_of, opened, said, until, until_shown

WHOSE = "the job in it cannot be used: run.concurrency"
TOLD = "the job in it cannot be used: run.concurrency: expected a whole number"


def spoil(folder: Path, run: Mapping[str, Any]) -> None:
    """Write values into a saved job that its model refuses, as an older holytui or a person may have."""
    with closing(sqlite3.connect(folder / FILE)) as connection:
        ((text,),) = connection.execute("SELECT value FROM meta WHERE key = 'job_json'")
        job = json.loads(text)
        job["run"] |= run
        connection.execute("UPDATE meta SET value = ? WHERE key = 'job_json'", (json.dumps(job).encode(),))
        connection.commit()


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The folder of a job file whose job rests with 15 of 20 items to do."""
    done = command("run", write_job(tmp_path), "--headless", "--limit", "5", "--concurrency", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    spoil(tmp_path / "checkpoints" / "job", {"concurrency": 2.5})
    return tmp_path


@pytest.fixture
def server(spoilt: Path) -> Iterator[Server]:
    with serving(spoilt) as running:
        yield running


@pytest.mark.parametrize("words", [("run", "job"), ("resume", "job"), ("retry", "job"), ("run", "job", "--detach")])
def test_on_the_command_line_it_is_exit_7(spoilt: Path, words: tuple[str, ...]) -> None:
    done = command(*words, cwd=spoilt)
    assert (done.returncode, TOLD in done.stderr) == (7, True), done.stderr
    assert len(command("export", "job", cwd=spoilt).stdout.splitlines()) == 20


def test_the_job_file_puts_it_right(spoilt: Path) -> None:
    assert status(spoilt, "job")["pending"] == 15
    done = command("run", "job.toml", "--headless", cwd=spoilt)
    assert done.returncode == 0, done.stderr
    assert status(spoilt, "job")["succeeded"] == 20
    assert command("run", "job", "--headless", cwd=spoilt).returncode == 0


def test_in_a_program_it_is_a_checkpoint_error(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(spoilt)
    with pytest.raises(holytui.CheckpointError, match=TOLD):
        holytui.run("job")
    saved = holytui.open_job("job")
    with pytest.raises(holytui.CheckpointError, match=TOLD):
        saved.resume()
    assert (saved.progress().pending, len(list(saved.results()))) == (15, 20)


def test_over_http_it_is_no_defect(server: Server) -> None:
    answer = server.ask("POST", "/api/tasks/job/resume")
    assert (answer.status, TOLD in answer.json()["detail"]) == (503, True)
    assert server.progress("job")["pending"] == 15


RUNS = [{}, {"concurrency": "eight", "budget_usd": "5"}, {"concurrency": 10**400}]


@pytest.mark.parametrize("run", RUNS, ids=["fraction", "texts", "digits"])
async def test_the_terminal_ui_says_it_and_lives_on(spoilt: Path, run: dict[str, Any]) -> None:
    spoil(spoilt / "checkpoints" / "job", run)
    async with opened(spoilt / "checkpoints") as pilot:
        await until_shown(pilot, "15 pending")
        await pilot.press("p")
        await until(pilot, lambda: WHOSE in said(pilot), "why it cannot be resumed from the list")
        await pilot.press("enter")
        await until_shown(pilot, "15 pending", "1 live")
        app_of(pilot).clear_notifications()
        await pilot.press("p")
        await until(pilot, lambda: WHOSE in said(pilot), "why it cannot be resumed from its screen")
