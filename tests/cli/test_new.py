"""`holytui new`: a job file over what is there, good as it stands, and nothing overwritten."""

import json
import os
import re
from pathlib import Path

import pytest

from holytui.core.job import Job
from holytui.core.job_file import load_job
from tests.processes import exported, holytui, status

LETTERS = [
    {"nr": f"L{n}", "subject": "harvest", "letter": f"Dear {n}, the harvest was good this year."} for n in range(9)
]


def new(folder: Path, *path: str | Path) -> Job:
    """The job of the file that `new` says it wrote."""
    done = holytui("new", *path, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = Path(done.stdout.splitlines()[0].partition(".toml:")[0] + ".toml")
    assert written.parent.samefile(folder)
    assert f"holytui estimate {written.name}" in done.stdout
    assert f"holytui run {written.name}" in done.stdout
    return load_job(written).job


def json_lines(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_folder_becomes_its_dominant_texts_and_estimates(tmp_path: Path) -> None:
    (tmp_path / "letters" / "old").mkdir(parents=True)
    for n in range(3):
        (tmp_path / "letters" / "old" / f"{n}.md").write_text(f"letter {n}", "utf-8")
    (tmp_path / "letters" / "note.txt").write_text("a note", "utf-8")
    for n in range(5):
        (tmp_path / "letters" / f"{n}.png").write_bytes(b"\x89PNG\0")
    job = new(tmp_path, "letters")
    assert (job.name, job.input.glob, job.input.id) == ("letters", "letters/**/*.md", "path")
    assert (job.provider.name, job.steps[0].prompt.endswith("{item.text}")) == ("holysheep", True)
    assert job.run.budget_usd
    assert job.steps[0].max_tokens
    told = holytui("estimate", "letters.toml", "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["readable"] == 3
    assert not (tmp_path / "checkpoints").exists()


def test_json_lines_get_the_field_that_is_the_text_and_the_one_that_identifies(tmp_path: Path) -> None:
    rows: list[object] = [{**row, "case_id": n} for n, row in enumerate(LETTERS)]
    json_lines(tmp_path / "in box.jsonl", rows)
    job = new(tmp_path, "in box.jsonl")
    assert (job.name, job.input.jsonl, job.input.id) == ("in-box", "in box.jsonl", "case_id")
    assert "{item.letter}" in job.steps[0].prompt


def test_an_id_that_comes_twice_identifies_nothing(tmp_path: Path) -> None:
    json_lines(tmp_path / "twice.jsonl", [{"id": 1, "text": "one"}, {"id": 1, "text": "two"}])
    assert new(tmp_path, "twice.jsonl").input.id is None


def test_json_strings_have_no_fields(tmp_path: Path) -> None:
    json_lines(tmp_path / "texts.jsonl", ["one", "two"])
    job = new(tmp_path, "texts.jsonl")
    assert job.input.jsonl == "texts.jsonl"
    assert job.steps[0].prompt.endswith("{item}")


def test_a_table_gets_a_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id;review;stars\na;it was good;5\nb;it was not;1\n", "utf-8")
    job = new(tmp_path, "t.csv")
    assert (job.input.csv, job.input.id) == ("t.csv", "id")
    assert job.steps[0].prompt.endswith("{item.review}")


def test_other_text_is_read_by_lines_from_wherever_it_is(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "words.log").write_text("one\ntwo\n", "utf-8")
    job = new(tmp_path / "here", tmp_path / "words.log")
    assert job.input.lines == "../words.log"


def test_without_a_path_it_runs_on_the_simulator_as_it_stands(tmp_path: Path) -> None:
    job = new(tmp_path)
    assert job.provider.name == "simulator"
    done = holytui("run", "new-job.toml", "--headless", "--limit", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert status(tmp_path, "new-job")["succeeded"] == 3
    assert len(exported(tmp_path, "new-job")) == job.input.count


def test_nothing_is_overwritten_and_names_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "new-job.toml").write_text("mine", "utf-8")
    assert new(tmp_path).name == "new-job-2"
    assert new(tmp_path).name == "new-job-3"
    assert (tmp_path / "new-job.toml").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["a [b]*", 'quo"te', "# hash", "~home", "${stdlib}", "ünïcode 表"])
def test_odd_names_of_folders_mean_themselves(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "one.txt").write_text("text", "utf-8")
    new(tmp_path, f"./{name}")
    job_file = next(tmp_path.glob("*.toml"))
    told = holytui("estimate", job_file.name, "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["readable"] == 1


BATCH = '{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}\n'


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("nowhere", None, r"There is no file or folder nowhere\."),
        ("empty", (), r"empty holds no files\."),
        ("pictures", (b"\x89PNG\0",), r"pictures holds no text that this version can read \(1 \.x\)"),
        ("data.bin", b"a\0b", r"data\.bin is a binary file"),
        ("empty.txt", b"", r"empty\.txt is empty"),
        ("list.json", b'[\n{"a": 1}\n]', r"one JSON value; expected one a line"),
        ("broken.jsonl", b"{\n{\n", r"no item that can be used: line 1 is not JSON"),
        ("utf16.txt", "text".encode("utf-16"), r"UTF-16; expected UTF-8"),
        ("batch.jsonl", BATCH.encode(), r"OpenAI batch file"),
    ],
)
def test_what_cannot_be_read_is_exit_2_and_a_sentence(
    tmp_path: Path, path: str, content: bytes | tuple[bytes, ...] | None, words: str
) -> None:
    if isinstance(content, tuple):
        (tmp_path / path).mkdir()
        for number, part in enumerate(content):
            (tmp_path / path / f"{number}.x").write_bytes(part)
    elif content is not None:
        (tmp_path / path).write_bytes(content)
    done = holytui("new", path, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert re.search(words, " ".join(done.stderr.split()))
    assert "Traceback" not in done.stderr
    assert list(tmp_path.glob("*.toml")) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_folder_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    try:
        done = holytui("new", cwd=tmp_path)
        assert (done.returncode, "cannot be written" in done.stderr) == (2, True)
    finally:
        tmp_path.chmod(0o755)
