"""Checkpoint folders used before are remembered, and told where there are no jobs."""

import json
import shutil
from pathlib import Path

import pytest

from holytui.cli.folders import FILE_NAME, MOST, remember, used_before
from tests.cli.contract import EMBEDDED
from tests.processes import holytui, write_job
from tests.pty.terminals import terminal
from tests.store.jobs import filled


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOLYTUI_CONFIG_DIR": str(tmp_path / "config")}


def folder(at: Path) -> Path:
    at.mkdir()
    filled(at / "job", 1)
    return at


def test_folders_with_jobs_are_remembered_the_newest_first(tmp_path: Path, env: dict[str, str]) -> None:
    first, second, third = (folder(tmp_path / name) for name in ("first", "second", "third"))
    assert used_before(first, env) == ()
    for used in (first, second, third, first):
        remember(used, env)
    assert used_before(tmp_path / "nowhere", env) == (first, third, second)
    assert used_before(first, env) == (third, second)
    shutil.rmtree(third)
    assert used_before(first, env) == (second,), "one that is gone helps nobody"


def test_what_has_no_jobs_is_not_worth_remembering(tmp_path: Path, env: dict[str, str]) -> None:
    trashed = tmp_path / "trashed"
    trashed.mkdir()
    filled(trashed / ".trash", 1)
    for empty in (tmp_path / "nowhere", trashed):
        remember(empty, env)
    assert not (tmp_path / "config").exists()


def test_it_stays_a_small_file_and_never_stands_in_the_way(tmp_path: Path, env: dict[str, str]) -> None:
    for number in range(MOST + 5):
        remember(folder(tmp_path / f"folder-{number}"), env)
    path = tmp_path / "config" / FILE_NAME
    assert len(json.loads(path.read_text())) == MOST
    for rubbish in ("rubbish", "{}", "[1, null]"):
        path.write_text(rubbish)
        assert used_before(tmp_path, env) == ()
    remember(tmp_path / "folder-0", env)
    assert used_before(tmp_path, env) == (tmp_path / "folder-0",)
    shutil.rmtree(tmp_path / "config")
    (tmp_path / "config").write_text("a file where the folder should be")
    remember(tmp_path / "folder-1", env)
    assert used_before(tmp_path, env) == ()


def test_an_empty_folder_names_those_used_before(tmp_path: Path, env: dict[str, str]) -> None:
    job = write_job(tmp_path, source="count = 1", provider=EMBEDDED)
    used, config = tmp_path / "used", env["HOLYTUI_CONFIG_DIR"]
    assert (
        holytui("run", job, "--headless", "--checkpoints", used, cwd=tmp_path, HOLYTUI_CONFIG_DIR=config).returncode
        == 0
    )
    with terminal(tmp_path, HOLYTUI_CONFIG_DIR=config) as screen:
        screen.wait_for("no jobs here yet", "used before", "--checkpoints")
        line = next(line for line in screen.lines if "--checkpoints" in line)
        assert line.endswith(str(used)[-20:])
        screen.press("q")
        screen.wait_for_end()
