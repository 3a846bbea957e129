"""The footer of a run: what makes sense now, as much of it as there is room for, the help always."""

from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState, Snapshot
from holytui.ui.screens.run_verbs import verbs
from tests.store.jobs import filled
from tests.ui.frozen import FLIGHTS, RUNNING, FrozenDesk, counters, frozen_app, snapshot
from tests.ui.pilots import text_of, until, until_shown

AT_ITS_BUDGET = snapshot(
    "letters", JobState.STOPPED, counters(60, 30, {FailureKind.NETWORK: 2}), reason="budget", budget_usd=0.01
)


async def footer(folder: Path, shown: Snapshot, width: int, *keys: str) -> str:
    filled(folder / "small", 60)
    flights = FLIGHTS if shown.state is JobState.RUNNING else ()
    app = frozen_app(FrozenDesk([shown], flights=flights, checkpoint=folder / "small"), open_job=shown.job)
    async with app.run_test(size=(width, 45)) as pilot:
        run = next(screen for screen in pilot.app.screen_stack if screen.query("#work"))
        if shown.owner is None and shown.pending:
            await until_shown(pilot, "Resume")
        await pilot.press(*keys)
        await until(pilot, lambda: "help" in text_of(run).splitlines()[-1], "a footer")
        return " ".join(text_of(run).splitlines()[-1].split())


@pytest.mark.parametrize("width", [60, 80, 160])
async def test_a_job_at_its_budget_offers_another_one(tmp_path: Path, width: int) -> None:
    shown = await footer(tmp_path, AT_ITS_BUDGET, width)
    assert shown.startswith("b budget p resume r retry")
    assert shown.count("budget") == 1


async def test_a_wide_screen_has_room_for_all_that_makes_sense(tmp_path: Path) -> None:
    wide = await footer(tmp_path, RUNNING, 160)
    verbs_of_screens_md = (
        "p pause r retry R all failed e retry with A accept / filter b budget + - concurrency w export"
    )
    assert wide.startswith(f"enter open {verbs_of_screens_md}")
    assert "x stop" in wide
    assert "? help" in wide


async def test_a_small_screen_keeps_what_is_needed_at_night(tmp_path: Path) -> None:
    small = await footer(tmp_path, RUNNING, 80)
    for words in ("enter open", "p pause", "r retry", "e retry with", "x stop", "? help"):
        assert words in small


async def test_the_item_table_keeps_its_own_verbs(tmp_path: Path) -> None:
    small = await footer(tmp_path, RUNNING, 80, "3")
    for words in ("enter open", "/ filter", "space mark", "? help"):
        assert words in small


def test_what_is_over_offers_neither_pause_nor_stop() -> None:
    over = replace(AT_ITS_BUDGET, state=JobState.COMPLETED, reason="", counters=counters(60, 60))
    ids = {name for name, _ in verbs(over, [], here=True)}
    assert not ids & {"pause", "stop", "detach", "budget", "more fewer", "retry"}
    assert "export" in ids
