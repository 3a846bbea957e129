"""What comes from outside cannot break a screen: hostile text, damaged folders, odd sizes, other owners."""

import json
import shutil
from pathlib import Path

from holytui.ui.screens.item import ItemScreen
from holytui.ui.screens.run import RunScreen
from tests.processes import kill, start, status, wait_until, write_job
from tests.ui.pilots import (
    SLOW,
    control_characters,
    finished_job,
    lines_job,
    opened,
    said,
    shown,
    state_of,
    top,
    until,
    until_shown,
)

HOSTILE = [
    "[/foo] closes nothing",
    "[red]x[/red] [@click=app.quit]here[/]",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[?1049l",
    "nul \0 bell \x07 c1 \x9b31m",
    "lone \ud83d surrogate",
    "שלום \u202ereversed\u202c עולם",
    "表 wide 文字 " + "宽" * 60,
    "tab\tline\u2028separator",
]


async def test_hostile_text_is_shown_on_every_screen_and_harms_none(tmp_path: Path) -> None:
    rows = [{"id": f"{n} {text}", "text": f"[[simulate server_error]] {text}"} for n, text in enumerate(HOSTILE)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    job = write_job(
        tmp_path,
        name="hostile",
        source='jsonl = "rows.jsonl"\nid = "id"',
        provider=['name = "simulator"', 'base_url = "simulator:?latency=0"'],
        run=["max_attempts = 1"],
        prompt="{item.text}",
    )
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Requests   8")
        await pilot.press("v")
        await until_shown(pilot, "closes nothing")
        assert list(control_characters(shown(pilot))) == []
        await pilot.press("escape", "enter")
        await until_shown(pilot, "✗ with failures", "8 failed")
        for panel in ("2", "3", "4", "1"):
            await pilot.press(panel)
            await pilot.pause()
            assert list(control_characters(shown(pilot))) == []
        await pilot.press("3")
        await until_shown(pilot, "ITEMS 8")
        for place in range(len(HOSTILE)):
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, ItemScreen), "the item")
            await until_shown(pilot, f"item {place + 1} of 8")
            for tab in ("1", "2", "3"):
                await pilot.press(tab)
                await pilot.pause()
                assert list(control_characters(shown(pilot))) == []
            await pilot.press("escape", "j")


async def test_a_damaged_job_is_listed_with_its_sentence_beside_the_others(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one"], name="sound")
    spoilt = checkpoints / "spoilt"
    spoilt.mkdir()
    (spoilt / "checkpoint.sqlite").write_bytes(b"not a database, though it is long enough to look at" * 40)
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "sound", "✓ completed", "spoilt", "damaged")
        await pilot.press("slash", *"spoilt", "enter", "enter")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, RunScreen)
        assert pilot.app.is_running


async def test_a_terminal_may_take_any_size_during_a_run(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(200)], provider=SLOW)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
        for size in ((40, 12), (160, 45), (20, 5), (3, 2), (250, 70), (80, 24)):
            await pilot.resize_terminal(*size)
            for panel in ("2", "3", "4", "1"):
                await pilot.press(panel)
            await pilot.pause()
        await until_shown(pilot, "● running", "4 in flight", "[1 live]")


async def test_a_job_of_another_process_is_viewed_live_and_paused_from_here(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(2_000)], provider=SLOW)
    owner = start("run", job, "--headless", cwd=tmp_path)
    try:
        wait_until(lambda: (tmp_path / "checkpoints" / "letters" / "live.json").exists(), "it runs")
        async with opened(tmp_path / "checkpoints") as pilot:
            await until_shown(pilot, "letters", "● running")
            await pilot.press("enter")
            await until_shown(pilot, "● running", "4 in flight", "ANSWER SO FAR")
            before = top(pilot).splitlines()[2]
            await until(pilot, lambda: top(pilot).splitlines()[2] != before, "the numbers move")
            await pilot.press("p")
            await until(pilot, lambda: state_of(pilot, "letters") == ("paused", "user"), "paused")
        assert owner.poll() is None
        told = status(tmp_path, "letters")
        assert (told["state"], told["owner"]["pid"]) == ("paused", owner.pid)
    finally:
        kill(owner)


async def test_a_checkpoint_that_goes_away_while_it_is_shown_is_told_and_harms_nothing(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, [f"line {n}" for n in range(700)])
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "3")
        await until_shown(pilot, "ITEMS 700")
        shutil.rmtree(checkpoints / "letters")
        await until(pilot, lambda: str(checkpoints / "letters") in said(pilot), "the sentence")
        await pilot.press("G", "2", "4", "1", "escape")
        await pilot.pause()
        assert pilot.app.is_running
