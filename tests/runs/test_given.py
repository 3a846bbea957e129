"""Jobs whose items come from a program: saved with the job, resumed from the folder alone, never mixed up."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holytui.cli.options import Context
from holytui.core.job import Job, Provider
from holytui.core.progress import JobState, Snapshot
from holytui.inputs.source import read, read_job
from holytui.runs.idle import is_idle
from holytui.runs.launch import Launch
from holytui.runs.local_desk import LocalDesk
from holytui.runs.prepare import Wishes, prepare
from holytui.runs.saved import PrepareError
from holytui.runs.thread import RunThread
from holytui.store import shelf
from holytui.store.catalog import snapshot_of
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from tests.processes import Simulator, exported, holytui, simulator, status, write_job

TABLES = Context().tables()
FAST = Provider(name="simulator", base_url="simulator:?latency=0")


@pytest.fixture
def thread() -> Iterator[RunThread]:
    thread = RunThread()
    try:
        yield thread
    finally:
        thread.shutdown()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as provider:
        yield provider


def job(items: list[Any], *, prompt: str = "About {item}", name: str | None = "letters", **more: Any) -> Job:
    return Job.from_prompt(items=items, prompt=prompt, model="deepseek-v3.2", name=name, provider=FAST, **more)


def launched(folder: Path, source: Job | Path | str, **wishes: Any) -> Launch:
    return prepare(folder / "checkpoints", source, Wishes(**wishes), TABLES, {})


def run(thread: RunThread, folder: Path, source: Job | Path | str, **wishes: Any) -> Snapshot:
    """A session, to its end."""
    handle = thread.start(launched(folder, source, **wishes))
    assert handle.wait(60)
    assert handle.problem is None
    return handle.snapshot()


def test_items_are_saved_with_the_job_and_read_alike_from_there(tmp_path: Path) -> None:
    items = ["one", {"x": 1.0, "y": ["ü", "\ud800"]}, "", "one", {"x": None}, "a\u2028b"]
    made = job(items)
    launch = launched(tmp_path, made)
    folder = tmp_path / "checkpoints" / "letters"
    assert launch.folder == launch.base_dir == folder
    assert list(read(made.input, folder)) == list(read_job(made, folder))
    unusable = [item.index for item in read_job(made, folder) if item.record.problem is not None]
    assert unusable == [2, 4]
    assert [json.loads(line) for line in (folder / "items.jsonl").read_bytes().splitlines()] == items


def test_the_same_call_again_asks_nothing_and_more_items_ask_only_those(
    tmp_path: Path, thread: RunThread, provider: Simulator
) -> None:
    first = run(thread, tmp_path, job(["a", "b", "c"]), base_url=provider.url)
    assert (first.state, first.counters.succeeded) == (JobState.COMPLETED, 3)
    launch = launched(tmp_path, job(["a", "b", "c"]), base_url=provider.url)
    assert is_idle(launch, snapshot_of(launch.folder))
    assert not is_idle(launched(tmp_path, job(["a", "b"])), snapshot_of(launch.folder))
    changed = run(thread, tmp_path, job(["d", "a", "c"]), base_url=provider.url)
    assert (changed.counters.total, changed.counters.succeeded, provider.count()) == (3, 3, 4)
    back = run(thread, tmp_path, job(["a", "b", "c", "d"]), base_url=provider.url)
    assert (back.counters.total, provider.count()) == (4, 4)
    assert [row["input"] for row in exported(tmp_path, "letters")] == ["a", "b", "c", "d"]


def test_the_folder_alone_is_enough_for_every_command_under_another_name_and_place(
    tmp_path: Path, thread: RunThread
) -> None:
    run(thread, tmp_path, job([f"item {n}" for n in range(6)]), limit=2)
    shelf.rename(tmp_path / "checkpoints" / "letters", "july")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "checkpoints").rename(elsewhere / "checkpoints")
    desk = LocalDesk(elsewhere / "checkpoints", TABLES)
    try:
        assert desk.preview("july").estimate.pending == 4
        desk.shelf.duplicate("july", "again")
        assert desk.preview("again").estimate.pending == 6
    finally:
        desk.shutdown()
    for name in ("july", "again"):
        done = holytui("resume", name, "--headless", cwd=elsewhere)
        assert done.returncode == 0, done.stderr
        assert status(elsewhere, name)["succeeded"] == 6
    assert run(thread, elsewhere, job([f"item {n}" for n in range(6)])).job == "july", "it finds its renamed job"


def test_a_cut_off_reading_of_new_items_is_made_good_by_a_resume(tmp_path: Path, thread: RunThread) -> None:
    run(thread, tmp_path, job(["a", "b"]))
    folder = tmp_path / "checkpoints" / "letters"
    copied = shelf.duplicate(folder, "cut")
    (copied / "items.jsonl").write_bytes(b'"a"\n"b"\n"c"\n')  # as a kill leaves it between the file and the reading
    assert run(thread, tmp_path, "cut").counters.total == 3
    reader = Reader.open(copied)
    try:
        assert reader.meta().base_dir == "."
        assert reader.meta().job_path is None
    finally:
        reader.close()


def test_a_changed_prompt_under_the_same_name_needs_a_word(
    tmp_path: Path, thread: RunThread, provider: Simulator
) -> None:
    run(thread, tmp_path, job(["a", "b"]), base_url=provider.url)
    other = job(["a", "b"], prompt="Not about {item}")
    with pytest.raises(
        PrepareError, match=r"Changed since the job ran: answer. 2 items .* drift=.run. asks them again"
    ):
        launched(tmp_path, other)
    assert run(thread, tmp_path, other, drift="keep", base_url=provider.url).counters.succeeded == 2
    assert provider.count() == 2
    assert run(thread, tmp_path, job(["a", "b"]), drift="run", base_url=provider.url).counters.succeeded == 2
    assert provider.count() == 4


def test_a_job_file_and_a_program_of_one_name_are_told_apart_both_ways(tmp_path: Path, thread: RunThread) -> None:
    run(thread, tmp_path, job(["a"]))
    file = write_job(tmp_path, name="letters")
    with pytest.raises(
        PrepareError, match=r'"letters" is the name of .*letters.toml, and of a job that a program made'
    ):
        launched(tmp_path, file)
    again = holytui("run", file, "--headless", cwd=tmp_path)
    assert (again.returncode, "--id NEW" in again.stderr) == (2, True)
    run(thread, tmp_path, file, job_id="files", limit=1)
    with pytest.raises(PrepareError, match=r"which a program made, and of the job file .*letters.toml"):
        launched(tmp_path, job(["a"]), job_id="files")
    assert status(tmp_path, "letters")["succeeded"] == 1


def test_a_job_without_items_of_its_own_reads_its_input_from_the_working_folder(
    tmp_path: Path, thread: RunThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.txt").write_text("a\nb\n")
    made = Job.model_validate(
        {
            "name": "lines",
            "input": {"lines": "texts.txt"},
            "provider": FAST.model_dump(),
            "steps": [{"name": "s", "model": "deepseek-v3.2", "prompt": "{item}"}],
        }
    )
    assert run(thread, tmp_path, made).counters.succeeded == 2
    with pytest.raises(PrepareError, match="has its items elsewhere"):
        launched(tmp_path, job(["a"], name="lines"))


def test_a_duplicate_of_a_job_whose_items_are_gone_is_refused_whole(tmp_path: Path) -> None:
    folder = launched(tmp_path, job(["a"])).folder
    (folder / "items.jsonl").unlink()
    with pytest.raises(CheckpointError, match=r"items.jsonl: not there"):
        shelf.duplicate(folder, "again")
    assert not (tmp_path / "checkpoints" / "again").exists()
