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


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "foreign": (foreign, "not a holytui checkpoint"),
    "middle": (garbage_in_the_middle, "damaged"),
    "newer": (newer, "newer holytui"),
    "start": (garbage_at_the_start, "damaged"),
}


def test_spoilt_checkpoints_are_7_left_as_they_are_and_hide_no_other(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="good", source="count = 300", provider=EMBEDDED)
    check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    folder = tmp_path / "checkpoints"
    with closing(sqlite3.connect(folder / "good" / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = {}
    for name, (spoil, _) in SPOILT.items():
        shutil.copytree(folder / "good", folder / name)
        spoil(folder / name / DATABASE)
        before[name] = (folder / name / DATABASE).read_bytes()
    commands = [[command, name] for name in SPOILT for command in ("run", "export")]
    jobs, listing, *refused = at_once(["jobs", "--json"], ["jobs"], *commands, cwd=tmp_path)
    for (_, name), done in zip(commands, refused, strict=True):
        assert done.returncode == 7, (done.args, done.stderr)
        assert f"checkpoints/{name}" in done.stderr
        assert SPOILT[name][1] in done.stderr
        assert "Traceback" not in done.stderr
    for name, data in before.items():
        assert (folder / name / DATABASE).read_bytes() == data
    assert (jobs.returncode, listing.returncode) == (0, 0)
    listed = {one["job"]: one for one in json.loads(jobs.stdout)}
    assert listed.keys() == {"good", *SPOILT}
    assert listed["good"]["succeeded"] == 300
    for name, (_, told) in SPOILT.items():
        assert told in listed[name]["problem"]
        assert told in listing.stdout


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
        writing: tuple[list[str | Path], ...] = (
            ["run", job, "--headless", *checkpoints],
            ["run", job, "--id", "new", "--headless", *checkpoints],
            ["retry", "job", "--headless", *checkpoints],
            ["stop", "job", *checkpoints],
        )
        looking: tuple[list[str | Path], ...] = (
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
    running, *looking = at_once(["run", job, "--headless"], ["status", "job"], ["jobs"], cwd=tmp_path)
    assert running.returncode == 7
    for done in (running, *looking):
        assert "Traceback" not in done.stderr
        assert "checkpoints" in done.stdout + done.stderr
    assert (tmp_path / "checkpoints").read_text() == "not a folder"
