"""The preflight of a job that is there already: prompts that have changed, nothing left to ask, budgets too small."""

from pathlib import Path

from textual.widgets import TextArea

from holytui.store.reader import Reader
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from tests.processes import holytui, write_job
from tests.ui.pilots import desk_of, finished_job, lines_job, opened, top, until, until_shown

LETTERS = ["one", "[[simulate bad_request]] two", "three"]


def answers(checkpoints: Path) -> list[str | None]:
    """The recorded answers of the three items, in order."""
    reader = Reader.open(checkpoints / "letters")
    try:
        return [reader.item(at).answers.get("summary") for at in range(3)]
    finally:
        reader.close()


def change_prompt(job: Path) -> None:
    job.write_text(job.read_text("utf-8").replace('prompt = "{item}"', 'prompt = "A title for {item}"'), "utf-8")


async def test_a_changed_prompt_is_asked_about_and_run_pays_for_all_again(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one", "two", "three"])
    before = answers(checkpoints)
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("E")
        await until_shown(pilot, "nothing is wrong")
        text = pilot.app.screen.query_one("#text", TextArea)
        text.text = text.text.replace("{item}", "A title for {item}")
        await pilot.press("ctrl+s", "escape")
        await until_shown(pilot, "Changed since it ran: summary. 3 items have answers", "enter run or keep")
        assert "--drift" not in top(pilot)
        await pilot.press("enter")
        await until_shown(pilot, "> run 3 again", "keep the 3 answers", "nothing is asked now", "not charged")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreflightScreen), "back without a request")
        assert desk_of(pilot).view("letters").snapshot().counters.requests == 3
        await pilot.press("enter", "enter")
        await until_shown(pilot, "✓ completed", "3 done")
        await until(pilot, lambda: desk_of(pilot).view("letters").snapshot().counters.requests == 6, "asked again")
    assert all(new != old for new, old in zip(answers(checkpoints), before, strict=True))


async def test_kept_answers_stay_and_only_what_is_pending_gets_the_new_prompt(tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["one", "two", "three"], concurrency=1)
    assert holytui("run", job, "--headless", "--limit", "2", cwd=tmp_path).returncode == 0
    before = answers(tmp_path / "checkpoints")
    change_prompt(job)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "To go      1", "2 have their result", "enter run or keep")
        await pilot.press("enter")
        await until_shown(pilot, "run 2 again", "1 pending is asked")
        await pilot.press("j", "enter")
        await until_shown(pilot, "✓ completed", "3 done")
        assert desk_of(pilot).view("letters").snapshot().counters.requests == 3
    assert answers(tmp_path / "checkpoints")[:2] == before[:2]


async def test_what_asking_again_costs_is_said_before_it_is_spent(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 30", provider=['name = "simulator"'], step=["max_tokens = 100"])
    assert holytui("run", job, "--headless", cwd=tmp_path).returncode == 0
    text = job.read_text("utf-8").replace('name = "simulator"', 'name = "ollama"')
    text = text.replace('model = "deepseek-v3.2"', 'model = "gpt-4.1"')
    job.write_text(text, "utf-8")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "30 items have answers to the old text")
        assert "$0.00" not in top(pilot)
        await pilot.press("enter")
        await until_shown(pilot, "run 30 again", "about $0.0")


async def test_nothing_left_to_ask_shows_the_run_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, LETTERS)
    ended = finished_at(checkpoints)
    async with opened(checkpoints, open_job=tmp_path / "letters.toml") as pilot:
        await until_shown(pilot, "Nothing is pending: enter shows the run. 1 failed: R retries there")
        await until_shown(pilot, "enter show the run")
        for words in ("Time", "run 0", "Tokens", "model"):
            assert words not in top(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await until_shown(pilot, "with failures", "2 done")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "one screen back")
        assert desk_of(pilot).view("letters").snapshot().counters.sessions == 1
    assert finished_at(checkpoints) == ended


def finished_at(checkpoints: Path) -> list[float | None]:
    """When the sessions ended."""
    reader = Reader.open(checkpoints / "letters")
    try:
        return [session.ended_at for session in reader.sessions()]
    finally:
        reader.close()


async def test_a_job_with_an_id_of_its_own_is_called_by_it(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one", "two"])
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("c", "enter")
        await until_shown(pilot, "letters-2")
        await pilot.press("enter")
        await until_shown(pilot, "letters-2            saved job, from", "enter run all")
        assert "To go" not in top(pilot), "nothing has run"


async def test_a_budget_below_the_estimate_or_what_is_spent_says_what_comes_of_it(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 40", step=["max_tokens = 100"])
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "b sets a budget")
        await pilot.press("b", *"0.00001")
        await until_shown(pilot, "below the estimate of $", "it would stop early")
        await pilot.press("ctrl+u", *"5")
        await until(pilot, lambda: "early" not in top(pilot), "enough")
        await pilot.press("escape", "f")
        await until_shown(pilot, "10 have their result", "enter run 30")
        await pilot.press("b", *"0.000001")
        await until_shown(pilot, "is spent already: the job would stop at once")
        await pilot.press("escape", "escape", "enter", "b")
        await until_shown(pilot, "has no budget")
        await pilot.press(*"0.000001")
        await until_shown(pilot, "is spent already: the job would stop at once")
