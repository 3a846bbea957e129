"""`f` in preflight: a few items first, and what they tell of the rest."""

from pathlib import Path

from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from tests.processes import simulator, write_job
from tests.ui.pilots import HUNG, desk_of, lines_job, opened, said, state_of, top, until, until_shown


async def test_f_says_what_it_costs_runs_ten_and_sharpens_the_numbers_then_enter_runs_the_rest(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "0.05") as provider:
        lines = ['name = "mine"', f'base_url = "{provider.url}"']
        job = write_job(tmp_path, source="count = 40", provider=lines, step=["max_tokens = 300"])
        async with opened(tmp_path / "checkpoints", open_job=job, size=(100, 30)) as pilot:
            await until_shown(pilot, "First 10   about $0.0", "f runs them", "a guess until it runs", "f first 10")
            assert provider.count() == 0
            await pilot.press("f")
            await until_shown(pilot, "from 10 answers", "10 have their result", "Next 10", "enter run 30")
            assert isinstance(pilot.app.screen, PreflightScreen)
            assert "guess" not in top(pilot)
            assert state_of(pilot, "job") == ("paused", "limit")
            assert provider.count() == 10
            await pilot.press("enter")
            await until_shown(pilot, "✓ completed", "40 done")
            assert isinstance(pilot.app.screen, RunScreen)
            assert provider.count() == 40


async def test_while_the_first_run_f_starts_nothing_more_and_enter_shows_them(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(30)], provider=HUNG)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "f first 10")
        await pilot.press("f", "f")
        await until_shown(pilot, "none is back yet", "enter show the run")
        await until(pilot, lambda: state_of(pilot, "letters") == ("running", ""), "running")
        await pilot.press("f", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await until_shown(pilot, "4 in flight")
        assert len(desk_of(pilot).running_here()) == 1
        await pilot.press("x")
        await until_shown(pilot, "stop now")
        await pilot.press("enter")
        await until(pilot, lambda: "Stopped" in said(pilot), "why the first ten did not get their result")
        await pilot.press("escape")
        await until_shown(pilot, "a guess until it runs", "enter run all")


async def test_f_that_cannot_start_says_why_and_one_of_ten_items_has_no_first_ten(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 40", provider=['name = "openai"'])
    few = lines_job(tmp_path, ["one", "two"])
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "OPENAI_API_KEY is not set")
        assert "First 10" not in top(pilot)
        await pilot.press("f")
        await until(pilot, lambda: "OPENAI_API_KEY" in said(pilot), "why not")
        assert not (tmp_path / "checkpoints" / "job").exists()
    async with opened(tmp_path / "checkpoints", open_job=few) as pilot:
        await until_shown(pilot, "2 readable")
        assert "first 10" not in top(pilot).lower()
        await pilot.press("f")
        await until(pilot, lambda: "enter runs them" in said(pilot), "there are no ten")
        assert not (tmp_path / "checkpoints" / "letters").exists()
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, JobsScreen)
