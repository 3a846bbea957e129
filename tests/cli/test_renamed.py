"""A job that was renamed or made again: its file finds it, and nothing is paid for twice."""

import json
from pathlib import Path

from holytui.store.shelf import duplicate, rename, trash
from tests.cli.contract import EMBEDDED, check_finished
from tests.processes import exported, holytui, simulator, write_job


def jobs_of(folder: Path) -> list[tuple[str, int]]:
    return [(job["job"], job["succeeded"]) for job in json.loads(holytui("jobs", "--json", cwd=folder).stdout)]


def test_its_job_file_finds_a_renamed_job_and_asks_nothing_again(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 6", provider=EMBEDDED)
    with simulator(tmp_path) as provider:
        flags = ["--json", "--base-url", provider.url]
        check_finished(holytui("run", job, *flags, "--limit", "4", cwd=tmp_path), 0)
        asked = provider.count()
        rename(tmp_path / "checkpoints" / "job", "july")
        rename(tmp_path / "checkpoints" / "july", "august")
        last = check_finished(holytui("run", job, *flags, cwd=tmp_path), 0)
        assert (last["job"], last["total"], last["succeeded"]) == ("august", 6, 6)
        assert provider.count() == 6 > asked
        last = check_finished(holytui("run", job, *flags, "--id", "job", cwd=tmp_path), 0)
        assert (last["job"], provider.count()) == ("august", 6), "by the id it was made under as well"
    assert jobs_of(tmp_path) == [("august", 6)]


def test_two_jobs_of_one_file_stay_apart_when_one_is_renamed(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 2", provider=EMBEDDED)
    check_finished(holytui("run", job, "--json", "--id", "apart", cwd=tmp_path), 0)
    rename(tmp_path / "checkpoints" / "apart", "aside")
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert (last["job"], last["requests"]) == ("job", 2), "made under another id, the file's own job is a new one"
    last = check_finished(holytui("run", job, "--json", "--id", "apart", cwd=tmp_path), 0)
    assert (last["job"], last["requests"]) == ("aside", 2)
    assert jobs_of(tmp_path) == [("aside", 2), ("job", 2)]


def test_another_file_of_the_name_that_was_given_up_makes_a_job_of_its_own(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    first = write_job(mine, source="count = 2", provider=EMBEDDED)
    other = write_job(theirs, source="count = 3", provider=EMBEDDED)
    check_finished(holytui("run", first, "--json", cwd=tmp_path), 0)
    rename(tmp_path / "checkpoints" / "job", "july")
    last = check_finished(holytui("run", other, "--json", cwd=tmp_path), 0)
    assert (last["job"], last["total"]) == ("job", 3)
    last = check_finished(holytui("run", first, "--json", cwd=tmp_path), 0)
    assert (last["job"], last["requests"]) == ("july", 2), "each file finds its own"
    trash(tmp_path / "checkpoints" / "july")
    refused = holytui("run", first, "--headless", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--id NEW" in refused.stderr


def test_an_estimate_knows_the_answers_of_a_renamed_job(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 12", provider=EMBEDDED)
    check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    before = json.loads(holytui("estimate", job, "--json", cwd=tmp_path).stdout)
    rename(tmp_path / "checkpoints" / "job", "july")
    assert json.loads(holytui("estimate", job, "--json", cwd=tmp_path).stdout) == before
    trash(tmp_path / "checkpoints" / "july")
    assert json.loads(holytui("estimate", job, "--json", cwd=tmp_path).stdout) != before


def test_a_duplicate_runs_by_its_id_and_pays_for_itself(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n")
    job = write_job(tmp_path, source='lines = "lines.txt"', provider=EMBEDDED, prompt="{item}")
    check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    duplicate(tmp_path / "checkpoints" / "job", "job-2")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    flags = ["--checkpoints", str(tmp_path / "checkpoints"), "--json"]
    last = check_finished(holytui("run", "job-2", *flags, cwd=elsewhere), 0)
    assert (last["job"], last["total"], last["requests"]) == ("job-2", 3, 3)
    assert exported(tmp_path, "job-2") == [
        {**row, "finished_at": new["finished_at"], "requests": new["requests"]}
        for row, new in zip(exported(tmp_path, "job"), exported(tmp_path, "job-2"), strict=True)
    ]
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert (last["job"], last["requests"]) == ("job", 3)


def test_its_old_name_tells_the_new_one(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 1", provider=EMBEDDED)
    check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    rename(tmp_path / "checkpoints" / "job", "july")
    refused = holytui("status", "job", cwd=tmp_path)
    assert refused.returncode == 2
    assert "it is called july now" in refused.stderr
    again = holytui("run", job, "--headless", cwd=tmp_path)
    assert "july: nothing to do" in again.stdout + again.stderr
