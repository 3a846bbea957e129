"""Where the cursor of the jobs screen stands after a filter, a run, an undo; and what stands there without jobs."""

from pathlib import Path

from textual.pilot import Pilot

from holytui.runs.desk import Sample
from holytui.ui.settings import UiExit
from tests.processes import write_job
from tests.ui.pilots import finished_job, lines_job, opened, said, top, until, until_shown


def cursor(pilot: Pilot[UiExit]) -> str:
    """What stands behind the cursor's marker; empty where it stands on nothing."""
    found = [line[2:].split() for line in top(pilot).splitlines() if line.startswith("> ")]
    return found[0][0] if found else ""


def rows(pilot: Pilot[UiExit], *names: str) -> list[str]:
    """These of the jobs, in the order in which they stand on the screen."""
    return sorted(names, key=lambda name: top(pilot).find(f" {name} "))


def three(folder: Path) -> Path:
    finished_job(folder, ["one"], name="apples")
    finished_job(folder, ["[[simulate network]] one"], name="berries")
    return finished_job(folder, ["one"], name="cherries")


async def test_a_filter_that_finds_nothing_says_so_and_gives_the_cursor_back(tmp_path: Path) -> None:
    async with opened(three(tmp_path)) as pilot:
        await until_shown(pilot, "apples", "berries", "cherries")
        await pilot.press("g", "j")
        chosen = cursor(pilot)
        await pilot.press("slash", *"zzz")
        await until_shown(pilot, "nothing matches; esc clears")
        await pilot.press("escape")
        await until(pilot, lambda: cursor(pilot) == chosen, "the row from before")
        await pilot.press("slash", *"cherr")
        await until(pilot, lambda: cursor(pilot) == "cherries", "the one that is left")
        await pilot.press("enter", "escape")
        await until_shown(pilot, "apples", "berries", "cherries")
        assert cursor(pilot) == "cherries", "the row that was found"


async def test_after_a_sample_was_started_the_cursor_stands_on_its_job(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    sample = Sample("plums", lines_job(shipped, ["one", "two"], name="plums"), "two plums", simulated=True)
    async with opened(three(tmp_path), samples=(sample,)) as pilot:
        await until_shown(pilot, "two plums")
        await pilot.press("G", "enter")
        await until_shown(pilot, "enter run all")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed", "2 done")
        await pilot.press("escape")
        await until(pilot, lambda: "✓ completed" in line_of_cursor(pilot), "the cursor on the job")
        assert cursor(pilot) == "plums"


def line_of_cursor(pilot: Pilot[UiExit]) -> str:
    return next((line for line in top(pilot).splitlines() if line.startswith("> ")), "")


async def test_a_job_whose_delete_is_undone_is_back_in_its_place(tmp_path: Path) -> None:
    async with opened(three(tmp_path)) as pilot:
        await until_shown(pilot, "apples", "berries", "cherries")
        await pilot.press("s")
        await until_shown(pilot, "JOB↑")
        assert rows(pilot, "apples", "berries", "cherries") == ["apples", "berries", "cherries"]
        await pilot.press("g", "d")
        await until_shown(pilot, "Delete apples?")
        await pilot.press("enter")
        await until(pilot, lambda: "apples is in" in said(pilot), "deleted")
        await pilot.press("u")
        await until(pilot, lambda: "apples is back" in said(pilot), "undone")
        await until(pilot, lambda: cursor(pilot) == "apples", "the cursor on it")
        assert rows(pilot, "apples", "berries", "cherries") == ["apples", "berries", "cherries"]


def flat(pilot: Pilot[UiExit]) -> str:
    """Words as they are read on, over the ends of lines."""
    return " ".join(top(pilot).split())


async def test_a_checkpoint_folder_that_is_a_file_is_said_and_is_no_job(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file", "utf-8")
    job = write_job(tmp_path, source="count = 2")
    async with opened(tmp_path / "checkpoints") as pilot:
        await until(pilot, lambda: "a file, not a folder" in flat(pilot), "what is wrong")
        assert "· 0 jobs" in top(pilot)
        assert cursor(pilot) == ""
        await pilot.press("d")
        assert len(pilot.app.screen_stack) == 2, "nothing to delete"
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until(pilot, lambda: "a file, not a folder. Another folder: --checkpoints DIR" in flat(pilot), "why not")
        assert "run all" not in top(pilot)


async def test_a_checkpoint_folder_that_cannot_be_made_is_told_before_enter(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 2")
    async with opened(Path("/proc/nope"), open_job=job) as pilot:
        await until_shown(pilot, "/proc/nope cannot be made: ", "Another folder")
        assert "run all" not in top(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be made" in said(pilot), "why not")
    async with opened(tmp_path / "new", open_job=job) as pilot:
        await until_shown(pilot, "enter run all")
    assert not (tmp_path / "new").exists(), "looking makes nothing"
