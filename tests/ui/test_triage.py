"""Failures handled from the keyboard: with changes, accepted, given up, taken back, and with more money."""

import json
import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.store.reader import Reader
from holytui.ui.settings import UiExit
from tests.processes import holytui, write_job
from tests.ui.pilots import (
    HUNG,
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

LETTERS = [
    "the first",
    "[[simulate stall]] the second",
    "[[simulate truncated]] the third",
    "[[simulate network]] the 4th",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four letters: one stalled, one cut at max_tokens, one whose connection broke."""
    folder = tmp_path_factory.mktemp("made")
    path = write_job(
        folder,
        name="letters",
        source='lines = "letters.txt"',
        provider=['name = "simulator"', 'base_url = "simulator:?latency=0"'],
        run=["concurrency = 4", "max_attempts = 1"],
        prompt="{item}",
        step=["max_tokens = 60", "timeouts = { stall = 0.2 }"],
    )
    (folder / "letters.txt").write_text("".join(f"{line}\n" for line in LETTERS), "utf-8")
    assert holytui("run", path, "--headless", cwd=folder).returncode == 1
    return folder / "checkpoints"


@pytest.fixture
def letters(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


async def failures_of(pilot: Pilot[UiExit]) -> None:
    await until_shown(pilot, "letters")
    await pilot.press("enter", "2")
    await until_shown(pilot, "FAILED 3", "network", "timeout.stall", "truncated")


def reader(checkpoints: Path) -> Reader:
    return Reader.open(checkpoints / "letters")


async def ended(pilot: Pilot[UiExit]) -> None:
    await until(pilot, lambda: state_of(pilot, "letters")[0].startswith("completed"), "the run ended")


async def test_e_fills_in_what_makes_sense_and_retries_with_it(letters: Path) -> None:
    async with opened(letters) as pilot:
        await failures_of(pilot)
        await pilot.press("j", "e")
        await until_shown(pilot, "Retry the 1 timeout.stall with changes")
        await pilot.press("3")
        await until_shown(pilot, "1 item, simulated: not charged")
        await pilot.press("x")
        await until_shown(pilot, "clock: expected a number from 1 to 100")
        await pilot.press("enter")
        await until_shown(pilot, "clock: expected a number")
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: "1 item retried" in said(pilot), "what was done")
        await ended(pilot)
        found = reader(letters)
        try:
            assert [found.row(index).round for index in range(4)] == [1, 2, 1, 1]
            first, second = found.item(1).attempts
            assert second.clock_s == pytest.approx(3 * 1.5 * (first.clock_s or 0))
        finally:
            found.close()


async def test_capital_a_accepts_and_u_takes_it_back(letters: Path) -> None:
    async with opened(letters) as pilot:
        await failures_of(pilot)
        await pilot.press("G", "A")
        await until_shown(pilot, "Accept the partial answers of the 1 truncated?")
        await pilot.press("enter")
        await until(pilot, lambda: "1 partial answer accepted" in said(pilot), "what was done")
        await until_shown(pilot, "2 done", "FAILED 2")
        await pilot.press("u")
        await until(pilot, lambda: "1 item with a partial answer, failed again" in said(pilot), "what was undone")
        await until_shown(pilot, "1 done", "FAILED 3", "truncated")
        await pilot.press("u")
        await until(pilot, lambda: "nothing to undo" in said(pilot), "that there is no more")


async def test_capital_x_gives_up_with_a_reason_and_retry_leaves_it_out(letters: Path) -> None:
    async with opened(letters) as pilot:
        await failures_of(pilot)
        await pilot.press("X")
        await until_shown(pilot, "Give up the 1 network")
        await pilot.press(*"gone", "enter")
        await until(pilot, lambda: "1 item given up: gone" in said(pilot), "what was done")
        await pilot.press("R")
        await until_shown(pilot, "[x]     1  timeout.stall")
        assert "network" not in top(pilot)
        await pilot.press("escape", "u")
        await until(pilot, lambda: "1 item no longer given up" in said(pilot), "what was undone")
        await pilot.press("R")
        await until_shown(pilot, "[x]     1  network")


async def test_u_takes_a_retry_back_that_was_not_sent(tmp_path: Path) -> None:
    """One slot, which hangs: the retried items wait behind it and were never sent."""
    finished_job(tmp_path, [f"[[simulate server_error]] {n}" for n in range(3)])
    lines_job(tmp_path, ["hangs", *(f"[[simulate server_error]] {n}" for n in range(3))], provider=HUNG, concurrency=1)
    async with opened(tmp_path / "checkpoints", open_job=tmp_path / "letters.toml") as pilot:
        await until_shown(pilot, "Requests")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "1 in flight", "3 failed")
        await pilot.press("R", "enter")
        await until_shown(pilot, "0 failed")
        sent = desk_of(pilot).view("letters").snapshot().counters.requests
        await pilot.press("u")
        await until(pilot, lambda: "failed again, as before the retry" in said(pilot), "what was undone")
        words = said(pilot)
        undone = int(words.split(" item")[0].split()[-1])
        # One may stand ready at the door: it counts as taken up.
        assert undone >= 2
        await until_shown(pilot, f"{undone} failed")
        assert desk_of(pilot).view("letters").snapshot().counters.requests == sent


async def test_b_changes_the_budget_of_a_run_and_of_a_job_at_rest(tmp_path: Path) -> None:
    job = write_job(
        tmp_path,
        name="letters",
        source="count = 40",
        provider=['name = "simulator"', 'base_url = "simulator:?latency=0"'],
        run=["concurrency = 2", "budget_usd = 0.0005"],
        prompt="{item}",
        step=["max_tokens = 60"],
    )
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Requests")
        await pilot.press("enter")
        await until_shown(pilot, "stopped: budget", "of $0.0005 spent")
        await pilot.press("b", *["backspace"] * 6, *"0.002", "enter")
        await until(pilot, lambda: "the budget is $0.0020 now" in said(pilot), "a budget under a cent, in full")
        await pilot.press("b", *["backspace"] * 5, *"0.0005", "enter")
        await until(pilot, lambda: "the budget is $0.0005 now" in said(pilot), "and back")
        await pilot.press("b")
        await until_shown(pilot, "a budget of $0.0005", "in USD:")
        await pilot.press("ctrl+u", *"nothing")
        await until_shown(pilot, "an amount in USD")
        await pilot.press("ctrl+u", *"2.5", "enter")
        await until(pilot, lambda: "the budget is $2.50 now" in said(pilot), "the new budget")
        await until_shown(pilot, "$2.50 budget")
        await pilot.press("p")
        await until_shown(pilot, "Resume")
        await pilot.press("enter")
        await ended(pilot)
    assert reader_budget(tmp_path / "checkpoints") == 2.5


def reader_budget(checkpoints: Path) -> float:
    found = reader(checkpoints)
    try:
        return float(json.loads(found.meta().job_json)["run"]["budget_usd"])
    finally:
        found.close()


async def test_s_groups_failures_by_kind_message_and_step(letters: Path) -> None:
    async with opened(letters) as pilot:
        await failures_of(pilot)
        await pilot.press("s")
        await until_shown(pilot, "FAILED 3 by message", "the stall clock of # s ran out")
        await pilot.press("s")
        await until_shown(pilot, "FAILED 3 by step", "3  summary", "network, timeout.stall, truncated")
        await pilot.press("r")
        await until_shown(pilot, "Retry the 3 of step summary")
        await pilot.press("escape", "s")
        await until_shown(pilot, "1  network")
