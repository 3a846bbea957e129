"""The help: whole sentences and every id, on any width."""

from pathlib import Path

import pytest

from holytui.ui.actions import of_screen
from holytui.ui.screens.run import RunScreen
from tests.ui.pilots import finished_job, opened, top, until, until_shown


@pytest.mark.parametrize("size", [(80, 60), (40, 120)])
async def test_the_help_cuts_neither_words_nor_ids(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(finished_job(tmp_path, ["one"]), size=size) as pilot:
        await until_shown(pilot, "SAMPLES")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await pilot.press("question_mark")
        await until_shown(pilot, "KEYS")
        lines = [line.split() for line in top(pilot).splitlines() if line.strip()]
        ends, words = {line[-1] for line in lines}, {word for line in lines for word in line}
        for action in of_screen("run"):
            assert action.id in ends, "at the right edge"
            assert set(action.help.split()) <= words, "not a word is cut"
