"""Toasts: what was said on one screen is over on the next."""

from pathlib import Path

from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.run import RunScreen
from tests.ui.pilots import app_of, finished_job, opened, said, until, until_shown


async def test_what_was_said_does_not_follow_to_another_screen_unless_it_went_wrong(tmp_path: Path) -> None:
    async with opened(finished_job(tmp_path, ["one"])) as pilot:
        await until_shown(pilot, "letters")
        app_of(pilot).say("done with something long")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        assert said(pilot) == ""
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "back")
        app_of(pilot).say("it went wrong", bad=True)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        assert said(pilot) == "it went wrong"
