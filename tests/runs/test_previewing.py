"""What a desk says before a job is started: counts while it reads, wishes that need no second reading, glances."""

from pathlib import Path

import pytest

from holytui.cli.options import Context
from holytui.core.command import Command, Verb
from holytui.runs.desk import DeskError, JobSource
from holytui.runs.local_desk import LocalDesk
from holytui.runs.prepare import Wishes
from tests.processes import wait_until, write_job

OPENAI = ['name = "openai"']
KEY = "sk-T0pS3cretT0pS3cret3f9a"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalDesk:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return LocalDesk(tmp_path / "checkpoints", Context().tables())


def run(desk: LocalDesk, source: JobSource, limit: int | None = None) -> None:
    """A session, to its end."""
    handle = desk.start(source, limit=limit)
    wait_until(lambda: not handle.owned_here, "the session has ended")


def test_reading_tells_how_far_it_is_and_what_has_no_text(tmp_path: Path, desk: LocalDesk) -> None:
    (tmp_path / "texts").mkdir()
    for n in range(6):
        (tmp_path / "texts" / f"{n}.txt").write_text("" if n % 2 else "text", "utf-8")
    job = write_job(tmp_path, source='glob = "texts/*.txt"', prompt="{item.text}")
    told: list[tuple[int, int]] = []
    preview = desk.preview(job, lambda items, unusable: told.append((items, unusable)))
    assert (preview.estimate.items, preview.estimate.readable) == (6, 3)
    assert told == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2)]


def test_a_budget_and_a_key_for_this_session_are_in_the_preview_and_in_no_file(tmp_path: Path, desk: LocalDesk) -> None:
    job = write_job(tmp_path, provider=OPENAI, step=["max_tokens = 10"])
    before = desk.preview(job)
    assert (before.key_ok, before.variable, before.estimate.budget_usd) == (False, "OPENAI_API_KEY", None)
    (tmp_path / "job.toml").touch()
    with_key = desk.wish(job, before, budget_usd=None, api_key=KEY)
    assert (with_key.key_ok, with_key.key_note) == (True, "OPENAI_API_KEY …3f9a")
    both = desk.wish(job, with_key, budget_usd=2.5, api_key=None)
    assert (both.key_ok, both.estimate.budget_usd, both.blockers) == (True, 2.5, ())
    assert desk.preview(job) == both
    assert KEY not in "".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())


def test_on_workers_a_key_is_not_needed_here_nor_used_if_one_was_given(tmp_path: Path, desk: LocalDesk) -> None:
    job = write_job(tmp_path, provider=OPENAI)
    before = desk.preview(job)
    assert (before.on_workers, before.place, before.key_ok) == (False, "", False)
    there = desk.wish(job, before, on_workers=True)
    assert (there.on_workers, there.place) == (True, "redis://127.0.0.1:6379/0")
    assert (there.key_ok, there.key_missing) == (True, False)
    assert there.key_note == "each worker reads OPENAI_API_KEY from its own environment"
    assert desk.preview(job) == desk.wish(job, there, api_key=KEY) == there
    assert desk.check(job).words == there.key_note
    assert desk.key_note(job).on_workers
    assert desk.wish(job, there, on_workers=False).key_note == "OPENAI_API_KEY …3f9a"


def test_workers_at_an_address_that_is_none_are_not_wished_for_and_bar_the_way(tmp_path: Path) -> None:
    wrong = LocalDesk(tmp_path / "checkpoints", Context(redis="http://127.0.0.1").tables())
    job = write_job(tmp_path)
    with pytest.raises(DeskError, match="is no address of Redis"):
        wrong.wish(job, wrong.preview(job), on_workers=True)
    assert not wrong.preview(job).on_workers
    asked = {str(job): Wishes(executor="celery")}
    named = LocalDesk(tmp_path / "checkpoints", Context(redis="http://127.0.0.1").tables(), wishes=asked)
    preview = named.preview(job)
    assert preview.on_workers
    assert "is no address of Redis" in preview.blockers[0]
    assert named.wish(job, preview, on_workers=False).blockers == ()


def test_a_budget_that_cannot_be_kept_bars_the_way(tmp_path: Path, desk: LocalDesk) -> None:
    job = write_job(tmp_path)
    preview = desk.wish(job, desk.preview(job), budget_usd=1.0, api_key=None)
    assert "has no max_tokens: a budget cannot be kept" in preview.blockers[0]
    with pytest.raises(DeskError, match="a budget cannot be kept"):
        desk.start(job)


def test_the_budget_wished_for_is_the_one_the_run_keeps_until_another_is_decided(
    tmp_path: Path, desk: LocalDesk
) -> None:
    job = write_job(tmp_path, source="count = 3", step=["max_tokens = 10"])
    desk.wish(job, desk.preview(job), budget_usd=2.5, api_key=None)
    try:
        run(desk, job, limit=1)
        assert desk.view("job").snapshot().budget_usd == 2.5
        desk.triage("job", Command(Verb.BUDGET, budget_usd=4.0))
        run(desk, "job")
        assert desk.view("job").snapshot().budget_usd == 4.0
        assert "budget" not in job.read_text("utf-8")
    finally:
        desk.shutdown()


def test_a_job_knows_its_file_as_long_as_it_is_there(tmp_path: Path, desk: LocalDesk) -> None:
    job = write_job(tmp_path, source="count = 1")
    assert desk.job_file(job) == job
    run(desk, job)
    desk.shutdown()
    assert desk.job_file("job") == job
    job.unlink()
    assert desk.job_file("job") is None
    with pytest.raises(DeskError):
        desk.job_file("another")


def test_a_glance_shows_the_first_prompts_of_a_file_that_is_not_there_yet(tmp_path: Path, desk: LocalDesk) -> None:
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\nfour\n", "utf-8")
    text = write_job(tmp_path, source='lines = "lines.txt"', prompt="Say {item}").read_text("utf-8")
    (tmp_path / "job.toml").unlink()
    seen = desk.glance(text, tmp_path / "later.toml")
    assert seen.problems == ()
    assert [prompt for _, _, prompt in seen.prompts] == ["Say one", "Say two", "Say three"]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('lines = "lines.txt"', 'lines = "gone.txt"', "input.lines", "There is no file"),
        ('prompt = "Say {item}"', 'prompt = "Say {item.word}"', "steps[0].prompt", "write {item} instead"),
        ('name = "simulator"', 'name = "nobody"', "provider.name", "no base_url"),
        ("[run]", "[run]\nbudget_usd = 1.0", "run.budget_usd", "no max_tokens"),
        ("[run]", "[run]\nbudget_usd = -1", "run.budget_usd", "expected a number above 0"),
        ("[run]", "[run", "", "not TOML"),
    ],
)
def test_a_glance_says_what_is_wrong_where(
    tmp_path: Path, desk: LocalDesk, old: str, new: str, key: str, words: str
) -> None:
    (tmp_path / "lines.txt").write_text("one\n", "utf-8")
    job = write_job(tmp_path, source='lines = "lines.txt"', prompt="Say {item}")
    found = desk.glance(job.read_text("utf-8").replace(old, new), job).problems
    assert [problem.key for problem in found] == [key]
    assert words in found[0].message
