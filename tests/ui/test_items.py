"""The item table and the map: sorted, narrowed, marked, and stable while one looks."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.core.command import Selection
from holytui.core.failures import FailureKind
from holytui.core.work import Overrides
from holytui.store.checkpoint import FILE
from holytui.store.ordering import Column, Narrowing, Order, Sorter, Wanted
from holytui.store.reader import Reader
from holytui.ui.panels.map import MapPanel
from holytui.ui.panels.marks import Marks
from holytui.ui.screens.item import ItemScreen
from holytui.ui.settings import UiExit
from tests.store.jobs import answer_fully, attempt, failure, filled, writing
from tests.ui.pilots import opened, said, top, until, until_shown

NUMBER = 240


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 items: every tenth failed, in two ways; the last forty are pending."""
    folder = tmp_path_factory.mktemp("made") / "checkpoints" / "small"
    folder.parent.mkdir()
    filled(folder, NUMBER)
    with writing(folder) as writer:
        for index in range(NUMBER - 40):
            if index % 10 == 3:
                kind = FailureKind.NETWORK if index % 20 == 3 else FailureKind.TIMEOUT_STALL
                for number in range(1, 2 + index // 100):
                    writer.attempt(attempt(index, number=number, kind=kind))
                writer.outcome(failure(index, kind=kind, message=f"item {index} went silent"))
            else:
                answer_fully(writer, index)
    return folder.parent


@pytest.fixture
def checkpoints(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


async def table(pilot: Pilot[UiExit]) -> None:
    await until_shown(pilot, "small")
    await pilot.press("enter", "3")
    await until_shown(pilot, "ITEMS 240, by number", "doc_0")


def ids(pilot: Pilot[UiExit]) -> list[str]:
    """Of the rows on the screen, from the top."""
    return [word for line in top(pilot).splitlines() for word in line.replace("*", " ").split() if word[:4] == "doc_"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("failed", [*range(3, 200, 10)]),
        ("network", [*range(3, 200, 20)]),
        ("timeout", [*range(13, 200, 20)]),
        ("step:summary", [*range(3, 200, 10)]),
        ("pending", [*range(200, 240)]),
        ("doc_23", [23, *range(230, 240)]),
        ("SILENT 113", [113]),
        ("failed 7", [73, 173]),
        ("nothing like it", []),
    ],
)
def test_a_filter_finds_states_kinds_steps_and_texts(made: Path, words: str, expected: list[int]) -> None:
    sorter = Sorter(made / "small")
    try:
        order = sorter.arrange(Wanted(narrowing=Narrowing.parse(words)))
        assert order.at(0, NUMBER) == expected
        assert [order.place_of(index) for index in expected] == list(range(len(expected)))
        assert order.place_of(9_999) is None
    finally:
        sorter.close()


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "with items removed"])
@pytest.mark.parametrize("few", [0, 1, 13, 99])
def test_a_state_that_most_items_are_in_holds_all_of_them_and_no_others(tmp_path: Path, few: int, gaps: bool) -> None:
    """It is made from what is not in it; the same comes of it as from looking at each."""
    number = 300
    folder = tmp_path / "most"
    filled(folder, number)
    failed = set(range(0, number, 3)[:few])
    removed = set(range(5, number, 50)) if gaps else set()
    connection = sqlite3.connect(folder / FILE)
    with connection:
        connection.execute("UPDATE items SET state = 1")
        connection.executemany("UPDATE items SET state = 2 WHERE idx = ?", [(index,) for index in failed])
        connection.executemany("UPDATE items SET removed = 1 WHERE idx = ?", [(index,) for index in removed])
    connection.close()
    sorter = Sorter(folder)
    try:
        for words, expected in (("succeeded", set(range(number)) - failed), ("failed", failed), ("pending", set())):
            order = sorter.arrange(Wanted(narrowing=Narrowing.parse(words)))
            assert order.at(0, number) == sorted(expected - removed)
            assert order.count == len(expected - removed)
    finally:
        sorter.close()


@pytest.mark.parametrize("column", list(Column))
def test_an_order_is_whole_and_its_reverse_is_its_reverse_but_for_ties(made: Path, column: Column) -> None:
    sorter = Sorter(made / "small")
    try:
        order = sorter.arrange(Wanted(column))
        assert sorted(order.at(0, NUMBER)) == list(range(NUMBER))
        back = sorter.arrange(Wanted(column, reverse=True))
        assert sorted(back.at(0, NUMBER)) == list(range(NUMBER))
        if column in {Column.NUMBER, Column.ID}:
            assert back.at(0, NUMBER) == order.at(0, NUMBER)[::-1]
    finally:
        sorter.close()


def test_marks_of_all_but_some() -> None:
    marks = Marks()
    marks.mark_all(Order(1_000_000))
    marks.turn(5)
    marks.turn(1_000_001)
    assert (len(marks), 5 in marks, 6 in marks, 1_000_001 in marks) == (1_000_000, False, True, True)
    assert marks.indices(100) is None
    marks.mark_all(Order.of([9, 2, 4]))
    marks.turn(4)
    marks.turn(7)
    assert marks.indices(100) == [2, 7, 9]
    marks.clear()
    assert not marks


async def test_s_sorts_by_the_next_column_and_capital_s_the_other_way(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await table(pilot)
        await pilot.press("S")
        await until_shown(pilot, "ITEMS 240 by number ↓", "STATE", "TRIES", "doc_239")
        await pilot.press("s", "s", "s")
        await until(pilot, lambda: ids(pilot)[:2] == ["doc_103", "doc_113"], "what was tried twice comes first")
        assert "ITEMS 240 by tries ↓" in top(pilot)
        await pilot.press("S")
        await until(pilot, lambda: ids(pilot)[0] == "doc_200", "no request")


async def test_marked_items_are_retried_and_esc_takes_the_marks_away(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await table(pilot)
        await pilot.press("slash", *"network", "enter")
        await until_shown(pilot, "ITEMS 10, by number")
        await pilot.press("space", "space")
        await until_shown(pilot, "2 marked", "STATE", "TRIES", "COST", "*doc_3 ", "*doc_23")
        await pilot.press("r")
        await until_shown(pilot, "Retry the 2 marked")
        await pilot.press("escape", "a")
        await until_shown(pilot, "10 marked")
        await pilot.press("escape")
        await until_shown(pilot, "ITEMS 240", "10 marked")
        await pilot.press("escape")
        await until(pilot, lambda: "marked" not in top(pilot), "no marks")


async def test_n_goes_from_failure_to_failure(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await table(pilot)
        await pilot.press("n")
        await until_shown(pilot, ">       4 doc_3 ")
        await pilot.press("n")
        await until_shown(pilot, ">      14 doc_13 ")
        await pilot.press("N", "N")
        await until(pilot, lambda: "no failure further up" in said(pilot), "that it is the first")


async def test_every_cell_of_the_map_is_items_and_enter_opens_the_worst(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "small")
        await pilot.press("enter", "4")
        await until_shown(pilot, "MAP  an item a cell", "item: 1 done; enter opens 1 doc_0")
        drawn = (line.strip() for line in top(pilot).splitlines())
        letters = "".join(line for line in drawn if set(line) <= set("=x>·"))
        failed, pending = "".join("x" if at % 10 == 3 else "=" for at in range(200)), "·" * 40
        assert letters == failed + pending
        await pilot.press("l", "right", "h", "left", "n")
        await until_shown(pilot, "item: 1 failed (network); enter opens 4 doc_3")
        panel = pilot.app.screen.query_one(MapPanel)
        await pilot.press("j")
        await until_shown(pilot, f"enter opens {4 + panel.columns} ")
        await pilot.press("N", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ItemScreen), "the item")
        await until_shown(pilot, "failed", "of 240")


async def test_rows_stay_where_they_are_while_one_looks(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await table(pilot)
        await pilot.press("slash", *"network", "enter")
        await until_shown(pilot, "ITEMS 10, by number")
        await pilot.press("j", "j")
        before = ids(pilot)
        with writing(checkpoints / "small") as writer:
            writer.attempt(attempt(200, kind=FailureKind.NETWORK))
            writer.outcome(failure(200, kind=FailureKind.NETWORK))
        await until_shown(pilot, "+1 since: g")
        assert ids(pilot) == before
        await pilot.press("g")
        await until_shown(pilot, "ITEMS 11", "doc_200")


async def test_tries_tell_who_was_tried_again_in_the_list_and_in_the_item(tmp_path: Path) -> None:
    """Steps are no tries: of two steps answered at once, an item has one."""
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    filled(checkpoints / "small", 5)
    with writing(checkpoints / "small") as writer:
        answer_fully(writer, 0)
        writer.attempt(attempt(1, kind=FailureKind.NETWORK))
        answer_fully(writer, 1)
        for step, number in (("summary", 1), ("summary", 2), ("title", 1)):
            writer.attempt(attempt(2, step, number=number, kind=FailureKind.NETWORK))
        writer.outcome(failure(2, "title", kind=FailureKind.NETWORK))
        for number in (1, 2, 3):
            writer.attempt(attempt(3, number=number, kind=FailureKind.NETWORK))
        writer.outcome(failure(3, kind=FailureKind.NETWORK))
        writer.retry(Selection(items=("doc_3",)), Overrides()).result(10)
    with closing(Reader.open(checkpoints / "small")) as reader:
        assert [row.tries for row in reader.rows_at([*range(5)])] == [1, 2, 1, 3, 0]
    sorter = Sorter(checkpoints / "small")
    assert sorter.arrange(Wanted(Column.TRIES)).at(0, 5) == [3, 1, 0, 2, 4]
    sorter.close()
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "small")
        await pilot.press("enter", "3")
        await until_shown(pilot, "TRIES", "doc_0")
        await pilot.press("enter")
        await until_shown(pilot, "1 attempt a step, 2 in all")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "2 attempts a step at most, 3 in all")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "1 of 3 attempts used")


async def test_esc_out_of_a_filter_leads_back_where_one_came_from(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "small")
        await pilot.press("enter", "2")
        await until_shown(pilot, "FAILED 20")
        await pilot.press("j", "enter")
        await until_shown(pilot, "[3 items]", "ITEMS 10")
        await pilot.press("escape")
        await until_shown(pilot, "[2 failures 20]", ">     10  timeout.stall")
        await pilot.press("3")
        await until_shown(pilot, "ITEMS 240")
        await pilot.press("slash", *"doc_113", "enter")
        await until_shown(pilot, "ITEMS 1,")
        await pilot.press("escape")
        await until_shown(pilot, "ITEMS 240", ">     114 doc_113 ")


async def test_a_filter_that_finds_nothing_says_so(checkpoints: Path) -> None:
    async with opened(checkpoints) as pilot:
        await table(pilot)
        await pilot.press("slash", *"no such letter", "enter")
        await until_shown(pilot, "ITEMS 0", "nothing matches; esc clears")
        await pilot.press("j", "G", "enter", "escape")
        await until_shown(pilot, "ITEMS 240", "doc_0")


async def test_a_cell_of_the_map_is_as_many_items_with_the_keys_as_without(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    filled(tmp_path / "checkpoints" / "large", 5_000)
    async with opened(tmp_path / "checkpoints", size=(160, 45)) as pilot:
        await until_shown(pilot, "large")
        await pilot.press("enter")
        await until_shown(pilot, "items a cell")
        each = re.search(r"(\d+) items a cell", top(pilot))
        await pilot.press("4")
        await until_shown(pilot, "enter opens 1 ")
        assert each is not None
        assert each[0] in top(pilot)
