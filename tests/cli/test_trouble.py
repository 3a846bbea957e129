"""Trouble at home: exit 7, a sentence that names the path, nothing recorded lost, other jobs still there."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.contract import EMBEDDED, at_once, check_events, check_finished
from tests.processes import HOLYTUI, environment, holytui, simulator, wait_until, write_job

DATABASE = "checkpoint.sqlite"


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, gone afterwards; skips where nobody may mount one."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a tmpfs")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


@pytest.fixture(scope="module")
def two_jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder with two finished jobs, their databases in one piece."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("good", "bad"):
        job = write_job(folder, name=name, source="count = 300", provider=EMBEDDED)
        check_finished(holytui("run", job, "--json", cwd=folder), 0)
        with closing(sqlite3.connect(folder / "checkpoints" / name / DATABASE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def garbage_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    assert len(data) > 6 * 4096
    data[4096:-4096] = b"\xa5\x5a" * ((len(data) - 2 * 4096) // 2)
    path.write_bytes(bytes(data))


def garbage_at_the_start(path: Path) -> None:
    path.write_bytes(b"\xa5\x5a" * 2048 + path.read_bytes()[4096:])


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE customers(name TEXT)")
        connection.commit()


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=999")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (garbage_in_the_middle, "damaged"),
        (garbage_at_the_start, "damaged"),
        (foreign, "not a holytui checkpoint"),
        (newer, "newer holytui"),
    ],
)
def test_a_spoiled_checkpoint_is_7_left_as_it_is_and_hides_no_other(
    two_jobs: Path, tmp_path: Path, spoil: Callable[[Path], None], told: str
) -> None:
    shutil.copytree(two_jobs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "bad.toml").unlink()
    database = tmp_path / "checkpoints/bad" / DATABASE
    spoil(database)
    before = database.read_bytes()
    commands = (["run", "bad", "--headless"], ["status", "bad"], ["export", "bad"], ["retry", "bad", "--headless"])
    jobs, listing, good, *refused = at_once(
        ["jobs", "--json"], ["jobs"], ["status", "good", "--json"], *commands, cwd=tmp_path
    )
    for done in refused:
        assert done.returncode == 7, (done.args, done.stderr)
        assert str(tmp_path / "checkpoints/bad") in done.stderr or "checkpoints/bad" in done.stderr
        assert told in done.stderr
        assert "Traceback" not in done.stderr
    assert database.read_bytes() == before
    assert (jobs.returncode, listing.returncode, good.returncode) == (0, 0, 0)
    bad_entry, good_entry = json.loads(jobs.stdout)
    assert bad_entry["job"] == "bad"
    assert told in bad_entry["problem"]
    assert (good_entry["job"], good_entry["succeeded"]) == ("good", 300)
    assert told in listing.stdout
    assert "good" in listing.stdout


def test_a_folder_deleted_during_the_run_ends_it_with_7(tmp_path: Path) -> None:
    other = write_job(tmp_path, name="other", source="count = 1", provider=EMBEDDED)
    check_finished(holytui("run", other, "--json", cwd=tmp_path), 0)
    job = write_job(tmp_path, source="count = 2000", run=["concurrency = 2"])
    with simulator(tmp_path, "--latency", "0.05") as provider:
        running = run_json(job, provider.url, cwd=tmp_path)
        wait_until(lambda: provider.count() >= 4, "four answers")
        shutil.rmtree(tmp_path / "checkpoints/job")
        stdout, stderr = running.communicate(timeout=30)
        assert running.returncode == 7, stderr
        assert provider.count() < 2000
    last = check_events(stdout)[-1]
    assert (last["state"], last["reason"]) == ("interrupted", "checkpoint")
    assert "checkpoints/job" in stderr
    assert "deleted or replaced" in stderr
    assert "Traceback" not in stderr
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["other"]
    assert [one["job"] for one in json.loads(holytui("jobs", "--json", cwd=tmp_path).stdout)] == ["other"]


def run_json(job: Path, url: str, *more: str | Path, cwd: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*HOLYTUI, "run", str(job), "--json", "--base-url", url, *map(str, more)],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def test_a_full_disk_is_7_and_what_was_told_as_recorded_is_there_afterwards(tmp_path: Path) -> None:
    (tmp_path / "items.txt").write_text("".join(f"{n} {'words ' * 300}\n" for n in range(60)))
    other = write_job(tmp_path, name="other", source="count = 1", provider=EMBEDDED)
    job = write_job(tmp_path, source='lines = "items.txt"', run=["concurrency = 2"], prompt="{item}")
    with tmpfs(tmp_path / "small", "16m") as disk, simulator(tmp_path, "--latency", "0.05") as provider:
        checkpoints = ("--checkpoints", "small/jobs")
        check_finished(holytui("run", other, "--json", *checkpoints, cwd=tmp_path), 0)
        running = run_json(job, provider.url, *checkpoints, cwd=tmp_path)
        wait_until(lambda: provider.count() >= 6, "six answers")
        fill(disk / "filler")
        stdout, stderr = running.communicate(timeout=30)
        assert running.returncode == 7, stderr
        assert "small/jobs/job" in stderr
        assert "the disk is full" in stderr
        recorded = {event["id"] for event in check_events(stdout) if event["event"] == "item"}
        assert len(recorded) < 60
        jobs, new, again = at_once(
            ["jobs", "--json", *checkpoints],
            ["run", other, "--id", "new", "--headless", *checkpoints],
            ["run", job, "--headless", "--base-url", provider.url, *checkpoints],
            cwd=tmp_path,
        )
        assert [one["job"] for one in json.loads(jobs.stdout)] == ["job", "other"]
        for refused, path in ((new, "small/jobs/new"), (again, "small/jobs/job")):
            assert refused.returncode == 7, refused.stderr
            assert path in refused.stderr
        (disk / "filler").unlink()
        rows = holytui("export", "job", *checkpoints, cwd=tmp_path)
        kept = {row["id"] for row in map(json.loads, rows.stdout.splitlines()) if row["status"] == "succeeded"}
        assert kept >= recorded
        last = check_finished(holytui("run", job, "--json", "--base-url", provider.url, *checkpoints, cwd=tmp_path), 0)
        assert last["succeeded"] == 60
        assert sum(times - 1 for times in provider.answered().values()) <= 60 - len(recorded)


def test_a_read_only_folder_is_7_for_who_writes_and_open_to_who_looks(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 3", provider=EMBEDDED)
    with tmpfs(tmp_path / "disk", "4m") as disk:
        checkpoints = ("--checkpoints", "disk/jobs")
        check_finished(holytui("run", job, "--json", "--limit", "2", *checkpoints, cwd=tmp_path), 0)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        writing = (
            ["run", job, "--headless", *checkpoints],
            ["run", job, "--id", "new", "--headless", *checkpoints],
            ["retry", "job", "--headless", *checkpoints],
            ["stop", "job", *checkpoints],
        )
        looking = (
            ["jobs", "--json", *checkpoints],
            ["status", "job", "--json", *checkpoints],
            ["export", "job", *checkpoints],
            ["log", "job", *checkpoints],
        )
        done = at_once(*writing, *looking, cwd=tmp_path)
        for refused in done[: len(writing)]:
            assert refused.returncode == 7, (refused.args, refused.stderr)
            assert "disk/jobs" in refused.stderr
            assert "cannot be written" in refused.stderr
            assert "Traceback" not in refused.stderr
        for seen in done[len(writing) :]:
            assert seen.returncode == 0, (seen.args, seen.stderr)
        assert json.loads(done[len(writing)].stdout)[0]["succeeded"] == 2
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert check_finished(holytui("run", job, "--json", *checkpoints, cwd=tmp_path), 0)["succeeded"] == 3


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 1", provider=EMBEDDED)
    (tmp_path / "checkpoints").write_text("not a folder")
    for done in at_once(["run", job, "--headless"], ["status", "job"], ["jobs"], cwd=tmp_path):
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 2, 7}
        assert "checkpoints" in done.stdout + done.stderr
    assert holytui("run", job, "--headless", cwd=tmp_path).returncode == 7
    assert (tmp_path / "checkpoints").read_text() == "not a folder"
