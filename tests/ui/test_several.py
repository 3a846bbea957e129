"""Several jobs at once: here and in other processes; their rows move, and one goes from one to the other."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.pilot import Pilot

from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.run import RunScreen
from holytui.ui.settings import UiExit
from tests.processes import holytui, start, status, wait_until
from tests.ui.pilots import (
    desk_of,
    finished_job,
    lines_job,
    opened,
    said,
    state_of,
    top,
    until,
    until_shown,
)
from tests.ui.test_jobs import go_to

BRISK = 'base_url = "simulator:?latency=0.1"'
MANY = [f"line {n}" for n in range(2000)]


def row_of(pilot: Pilot[UiExit], job: str) -> str:
    return next((line for line in top(pilot).splitlines() if line[2:].startswith(f"{job} ")), "")


def done_of(pilot: Pilot[UiExit], job: str) -> int:
    """What the job's row says is done."""
    found = re.search(r"(?:running|pausing|paused)[^\d]*([\d,]+)\s+2,000", row_of(pilot, job))
    return int(found[1].replace(",", "")) if found else 0


async def run_here(pilot: Pilot[UiExit], job: str) -> None:
    """Run a saved or duplicated job from its row, and come back to the list."""
    await go_to(pilot, job)
    await pilot.press("p")
    await until_shown(pilot, "Resume")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "its run")
    await until_shown(pilot, job, "● running")
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "the list")


def begun(folder: Path, *names: str) -> Path:
    """Jobs of 2,000 lines that another session has begun; their checkpoint folder."""
    for name in names:
        job = lines_job(folder, MANY, name=name, provider=BRISK)
        done = holytui("run", job, "--headless", "--limit", "1", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder / "checkpoints"


@contextmanager
def elsewhere(folder: Path, job: str) -> Iterator[int]:
    """A job run by a process of its own; its id."""
    process = start("run", job, "--headless", cwd=folder)
    try:
        wait_until(lambda: status(folder, job)["state"] == "running", f"{job} runs")
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


async def test_two_jobs_run_at_once_here_and_pausing_one_does_not_touch_the_other(tmp_path: Path) -> None:
    async with opened(begun(tmp_path, "alpha", "beta"), size=(100, 30)) as pilot:
        await run_here(pilot, "alpha")
        await run_here(pilot, "beta")
        await until(pilot, lambda: done_of(pilot, "alpha") > 1 and done_of(pilot, "beta") > 1, "both are on")
        alpha, beta = done_of(pilot, "alpha"), done_of(pilot, "beta")
        await until(pilot, lambda: done_of(pilot, "alpha") > alpha and done_of(pilot, "beta") > beta, "both rows move")
        assert len(desk_of(pilot).running_here()) == 2
        for job in ("alpha", "beta"):
            await go_to(pilot, job)
            await pilot.press("enter")
            await until_shown(pilot, f"{job}  ● running", "in flight")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "the list")
        await go_to(pilot, "alpha")
        await pilot.press("p")
        await until(pilot, lambda: "‖ paused: you" in row_of(pilot, "alpha"), "alpha paused")
        resting, beta = done_of(pilot, "alpha"), done_of(pilot, "beta")
        await until(pilot, lambda: done_of(pilot, "beta") > beta + 8, "beta goes on")
        assert done_of(pilot, "alpha") == resting
        assert state_of(pilot, "beta") == ("running", "")
        await pilot.press("q")
        await until_shown(pilot, "alpha is paused", "beta is running", "> leave them running")


async def test_a_job_of_another_process_moves_live_and_obeys(tmp_path: Path) -> None:
    checkpoints = begun(tmp_path, "there")
    async with opened(checkpoints, size=(100, 30)) as pilot:
        await until_shown(pilot, "‖ first 1 done")
        with elsewhere(tmp_path, "there") as pid:
            await until(pilot, lambda: "● running" in row_of(pilot, "there"), "it runs there")
            await until_shown(pilot, f"Running (pid {pid})")
            before = done_of(pilot, "there")
            await until(pilot, lambda: done_of(pilot, "there") > before, "the row moves")
            assert list(desk_of(pilot).running_here()) == []
            await go_to(pilot, "there")
            await pilot.press("p")
            await until(pilot, lambda: "‖ paused: you" in row_of(pilot, "there"), "paused from here")
        await until(pilot, lambda: "! interrupted" in row_of(pilot, "there"), "its process ended")


async def test_brackets_go_from_one_running_job_to_the_next_wherever_they_run(tmp_path: Path) -> None:
    checkpoints = begun(tmp_path, "alpha", "beta", "gamma")
    finished_job(tmp_path, ["one"], name="rests")
    with elsewhere(tmp_path, "gamma"):
        async with opened(checkpoints, size=(100, 30)) as pilot:
            await run_here(pilot, "alpha")
            await run_here(pilot, "beta")
            await pilot.press("s")
            await until_shown(pilot, "by name")
            await go_to(pilot, "alpha")
            await pilot.press("enter", "3")
            await until_shown(pilot, "alpha  ● running", "[3 items]")
            for key, job in (("]", "beta"), ("]", "gamma"), ("]", "alpha"), ("[", "gamma"), ("[", "beta")):
                name = {"]": "right_square_bracket", "[": "left_square_bracket"}[key]
                await pilot.press(name)
                await until_shown(pilot, f"{job}  ● running", "[3 items]", "ITEMS 2,000")
            assert len(pilot.app.screen_stack) == 3, "esc leads back to the list, not through all of them"
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "the list")


async def test_brackets_go_through_the_whole_list_where_nothing_runs(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one"], name="alpha")
    async with opened(checkpoints) as pilot:
        await go_to(pilot, "alpha")
        await pilot.press("enter", "right_square_bracket")
        await until(pilot, lambda: said(pilot) == "there is no other job", "said")
        finished_job(tmp_path, ["one"], name="beta")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "beta  ✓ completed")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "alpha  ✓ completed")
        await pilot.press("left_square_bracket")
        await until_shown(pilot, "beta  ✓ completed")
        assert state_of(pilot, "beta") == ("completed", "")
