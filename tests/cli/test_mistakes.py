"""Slips of the fingers are told as such: nothing is run, nothing is taken for something else."""

from pathlib import Path

import pytest

from tests.cli.contract import check_events, lines_job
from tests.processes import holytui, status, write_job

FAILING = ["one", "[[simulate server_error]] two", "three"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job of three items, one of which failed."""
    folder = tmp_path_factory.mktemp("mistakes")
    done = holytui("run", lines_job(folder, FAILING, run=["max_attempts = 1"]), "--json", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert check_events(done.stdout)[0]["pending"] == 3
    write_job(folder, name="far", provider=('name = "openai"',))
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("retry", "job", "--kind", "netwrok"), "Did you mean network?"),
        (("retry", "job", "--kind", "time"), "no such kind of failure"),
        (("retry", "job", "--item", "nobody"), "nobody: no item of job has this id"),
        (("retry", "jub"), "Nearest: job."),
        (("export", "job", "-o", "nowhere/answers.jsonl"), "nowhere/answers.jsonl cannot be written"),
        (("export", "job", "--format", "xml"), "xml"),
        (("import", "batch.json"), "There is no file batch.json"),
        (("doctor", "nowhere.toml"), "nowhere.toml: there is no such file"),
        (("run", "job.toml", "--id", "Not An Id"), "an id is made of a-z, 0-9 and -"),
        (("run", "job.toml", "--limit", "0"), "--limit"),
        (("run", "job.toml", "--limit", "9" * 400), "--limit"),
        (("run", "job.toml", "--concurrency", "5000"), "--concurrency"),
        (("run", "job.toml", "--budget", "1e308"), "--budget"),
        (("run", "far.toml", "--base-url", "http://[::1"), "base_url: expected an address such as https://"),
        (("run", "far.toml", "--base-url", "http://[::1]x/v1"), "base_url: expected an address such as https://"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_exit_2_and_changes_nothing(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    before = status(folder, "job")
    done = holytui(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    after = status(folder, "job")
    assert (after["requests"], after["sessions"], after["failed"]) == (before["requests"], before["sessions"], 1)
