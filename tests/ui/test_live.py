"""The live panel: a cursor that stays on its item, rows that can all be reached, room that is used."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.core.failures import FailureKind
from holytui.core.progress import InFlight, JobState, Snapshot
from holytui.core.work import Notice
from holytui.ui.screens.item import ItemScreen
from holytui.ui.screens.run import RunScreen
from holytui.ui.settings import UiExit
from holytui.ui.widgets.line_list import LineList
from tests.store.jobs import filled, writing
from tests.ui.frozen import JOBS, RUNNING, FrozenDesk, counters, frozen_app, snapshot
from tests.ui.pilots import top, until, until_shown

NUMBER = 60


def flight(index: int, step: str = "summary") -> InFlight:
    return InFlight(index, f"doc_{index}", step, "waiting", 1, 30, 100.0 - index, "first token")


@asynccontextmanager
async def run_of(
    folder: Path,
    flights: tuple[InFlight, ...],
    shown: Snapshot = RUNNING,
    size: tuple[int, int] = (80, 24),
    log: Sequence[Notice] = (),
) -> AsyncIterator[tuple[Pilot[UiExit], FrozenDesk]]:
    filled(folder / "small", NUMBER)
    with writing(folder / "small") as writer:
        for notice in log:
            writer.notice(notice)
    desk = FrozenDesk([shown], flights=flights, checkpoint=folder / "small")
    async with frozen_app(desk, open_job=shown.job).run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        yield pilot, desk


def look_again(pilot: Pilot[UiExit]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    screen.tick()


def rows(pilot: Pilot[UiExit]) -> list[str]:
    """Ids of the rows of what is in flight, the one with the cursor marked."""
    lines = pilot.app.screen.query_one("#live", LineList)
    drawn = (lines.render_line(y).text for y in range(lines.size.height))
    return [line.split()[0] for line in drawn if line.strip()]


async def test_the_cursor_stays_on_its_item_while_others_leave_and_enter_opens_it(tmp_path: Path) -> None:
    async with run_of(tmp_path, tuple(flight(at) for at in range(5))) as (pilot, desk):
        await until(pilot, lambda: rows(pilot)[:2] == [">doc_0", "doc_1"], "the cursor on the oldest")
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: rows(pilot)[3] == ">doc_3", "the cursor on the fourth")
        desk.flights = tuple(flight(at) for at in (1, 3, 4, 5, 6))
        look_again(pilot)
        await until(pilot, lambda: rows(pilot) == ["doc_1", ">doc_3", "doc_4", "doc_5", "doc_6"], "the same item")
        desk.flights = tuple(flight(at) for at in (1, 4, 5, 6))
        look_again(pilot)
        await until(pilot, lambda: rows(pilot)[:2] == ["doc_1", ">doc_4"], "its follower, once it has left")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ItemScreen), "the item")
        await until_shown(pilot, "doc_4", "item 5 of")


async def test_two_steps_of_an_item_are_two_rows_and_told_as_requests(tmp_path: Path) -> None:
    flights = tuple(flight(at, step) for at in range(3) for step in ("summary", "title"))
    async with run_of(tmp_path, flights, replace(RUNNING, running=3)) as (pilot, desk):
        await until_shown(pilot, "IN FLIGHT 6 requests, 3 items ", "3 in flight")
        await pilot.press("j", "j", "j")
        desk.flights = flights[1:]
        look_again(pilot)
        lines = pilot.app.screen.query_one("#live", LineList)
        await until(pilot, lambda: lines.cursor == 2, "the second step of the second item")


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 12)], ids=["small", "wide", "tiny"])
@pytest.mark.parametrize("zoomed", [False, True])
async def test_all_rows_can_be_reached(tmp_path: Path, size: tuple[int, int], zoomed: bool) -> None:
    number = 55
    async with run_of(tmp_path, tuple(flight(at) for at in range(number)), size=size) as (pilot, _):
        await until(pilot, lambda: rows(pilot)[:1] == [">doc_0"], "a row")
        if zoomed:
            before = len(rows(pilot))
            await pilot.press("z")
            await until(pilot, lambda: len(rows(pilot)) > before or size == (40, 12), "more room")
        seen = len(rows(pilot))
        await until_shown(pilot, f"+ {number - seen} more")
        assert ("z shows more" in top(pilot)) is not zoomed
        await pilot.press("G")
        await until(pilot, lambda: rows(pilot)[-1:] == [f">doc_{number - 1}"], "the last row")
        await until_shown(pilot, f" {number - seen} above")
        await pilot.press("g")
        await until(pilot, lambda: rows(pilot)[:1] == [">doc_0"], "the first row")


async def test_at_rest_the_room_is_the_failures(tmp_path: Path) -> None:
    kinds = list(FailureKind)[:14]
    told = counters(189, 0, {kind: 20 - at for at, kind in enumerate(kinds)})
    message = "Done: " + "none of these letters could be answered, as each of them failed in its own way. " * 2
    ended = snapshot("unlucky", JobState.COMPLETED_WITH_FAILURES, told, message=message)
    async with run_of(tmp_path, (), ended) as (pilot, _):
        await until_shown(pilot, *(kind.value for kind in kinds[:9]), "kinds: ", " its own way.")
        lines = top(pilot).splitlines()
        assert sum(not line.strip() for line in lines) <= 4


async def test_at_rest_a_wide_screen_shows_all_kinds(tmp_path: Path) -> None:
    kinds = list(FailureKind)[:14]
    ended = snapshot("unlucky", JobState.COMPLETED_WITH_FAILURES, counters(28, 0, dict.fromkeys(kinds, 2)))
    async with run_of(tmp_path, (), ended, size=(160, 45)) as (pilot, _):
        await until_shown(pilot, *(kind.value for kind in kinds), "3 ITEMS")


async def test_only_the_panel_with_the_keys_shows_a_cursor(tmp_path: Path) -> None:
    told = JOBS[0].counters
    shown = replace(RUNNING, counters=replace(told, total=NUMBER))
    async with run_of(tmp_path, tuple(flight(at) for at in range(3)), shown, size=(160, 45)) as (pilot, _):
        await until_shown(pilot, "3 ITEMS 60", ">doc_0")
        lists = {name: pilot.app.screen.query_one(f"#{name}", LineList) for name in ("live", "failures", "items")}

        def marked() -> list[str]:
            return [name for name, found in lists.items() if found.render_line(found.cursor).text.startswith(">")]

        for key, widget in (("1", "live"), ("2", "failures"), ("3", "items")):
            await pilot.press(key)
            await until(pilot, partial(_only, marked, widget), f"the cursor in {widget}")


def _only(marked: Callable[[], list[str]], widget: str) -> bool:
    return marked() == [widget]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["small", "wide"])
async def test_a_long_line_of_the_log_is_wrapped_so_that_all_of_it_can_be_read(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    words = [f"word{number}" for number in range(28)]
    log = [Notice("session", " ".join(words), at) for at in (100.0, 100.2)]
    async with run_of(tmp_path, (), size=size, log=log) as (pilot, _):
        await pilot.press("5")
        await until(pilot, lambda: set(words) <= set(top(pilot).split()), "every word")
        assert "x2" in top(pilot).split()
        assert "in 0 s" not in top(pilot)
        place = next(line for line in top(pilot).splitlines() if "word0 " in line).index("word0")
        ends = [line for line in top(pilot).splitlines() if "x2" in line.split()]
        assert all(not line[:place].strip() for line in ends), "under the words, not under the time"
