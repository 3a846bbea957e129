"""The desk's shelf: what was asked for goes with a renamed job; undo goes back in time."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from holytui.cli.options import Context
from holytui.runs.desk import DeskError
from holytui.runs.local_desk import LocalDesk
from holytui.runs.prepare import Wishes
from holytui.store.catalog import list_jobs
from tests.processes import holytui, wait_until
from tests.ui.pilots import HUNG, lines_job


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job file whose job has run for two of its ten items."""
    path = lines_job(tmp_path, [f"line {n}" for n in range(10)])
    assert holytui("run", path, "--headless", "--limit", "2", cwd=tmp_path).returncode == 0
    return path


@pytest.fixture
def desk(job: Path, tmp_path: Path) -> Iterator[LocalDesk]:
    """As `holytui run JOBFILE --concurrency 3` opens it."""
    desk = LocalDesk(
        tmp_path / "checkpoints",
        Context().tables(),
        wishes={"letters": Wishes(concurrency=3)},
        files={"letters": job},
    )
    try:
        yield desk
    finally:
        desk.shutdown()


def names(desk: LocalDesk) -> list[str]:
    return [entry.job_id for entry in list_jobs(desk.checkpoints)]


def test_a_renamed_job_resumes_with_its_file_as_it_is_now_and_with_what_was_asked_for(
    desk: LocalDesk, job: Path
) -> None:
    job.write_text(job.read_text().replace("simulator:?latency=0", HUNG.partition('"')[2].rstrip('"')))
    done = desk.shelf.rename("letters", "july")
    assert (done.job_id, done.was, done.renamed) == ("july", "letters", True)
    run = desk.start("july")
    assert run.job_id == "july"
    wait_until(lambda: run.snapshot().requests_in_flight == 3, "three hung requests, as many as were asked for")
    assert run.snapshot().counters.succeeded == 2
    with pytest.raises(DeskError, match="july is run by pid"):
        desk.shelf.delete("july")
    assert names(desk) == ["july"]


def test_undo_goes_back_one_step_at_a_time_and_passes_over_what_others_took_away(desk: LocalDesk) -> None:
    shelf = desk.shelf
    shelf.duplicate("letters", "one")
    shelf.duplicate("letters", "two")
    shelf.rename("one", "first")
    shelf.delete("two")
    shelf.rename("letters", "july")
    shelf.rename("july", "august")
    shutil.rmtree(desk.checkpoints / "first")
    assert names(desk) == ["august"]
    told = [shelf.undo().words for _ in range(3)]
    assert told == ["august is july again", "july is letters again", "two is back"]
    assert names(desk) == ["letters", "two"]
    with pytest.raises(DeskError, match="nothing to undo"):
        shelf.undo()


def test_a_name_that_is_taken_meanwhile_is_refused_until_it_is_free(desk: LocalDesk) -> None:
    desk.shelf.rename("letters", "july")
    desk.shelf.duplicate("july", "letters")
    with pytest.raises(DeskError, match="letters: there is one of this name already"):
        desk.shelf.undo()
    shutil.rmtree(desk.checkpoints / "letters")
    assert desk.shelf.undo().job_id == "letters"


def test_what_is_not_there_is_told(desk: LocalDesk) -> None:
    for act in (
        desk.shelf.delete,
        lambda job: desk.shelf.rename(job, "new"),
        lambda job: desk.shelf.duplicate(job, "x"),
    ):
        for name in ("nobody", "..", ".trash", ""):
            with pytest.raises(DeskError, match="no such job"):
                act(name)
