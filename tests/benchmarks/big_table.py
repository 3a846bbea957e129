"""A million items in the item table and the map: run by hand, `python -m tests.benchmarks.big_table [ITEMS]`.

Makes a checkpoint with so many items, opens it in the real app on a terminal of 160x45 and measures what a person
waits for. Prints lines for docs/benchmarks.md.
"""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from holytui.store.checkpoint import FILE
from holytui.store.ordering import Column
from holytui.store.writer import Writer
from holytui.ui.panels.items import ItemsPanel
from holytui.ui.panels.map import MapPanel
from holytui.ui.settings import UiExit
from tests.store.jobs import HASHES, item, job_json, new_job
from tests.ui.pilots import opened, top, until, until_shown

BATCH = 20_000
RESULTS = """
    UPDATE items SET state = CASE WHEN idx % 50 = 7 THEN 2 WHEN idx % 100 < 90 THEN 1 ELSE 0 END,
        kind = CASE WHEN idx % 50 = 7 THEN CASE idx % 100 WHEN 7 THEN 'network' ELSE 'timeout.stall' END END,
        step = 'summary', message = CASE WHEN idx % 50 = 7 THEN CAST('the connection broke' AS BLOB) END,
        attempts = 1 + idx % 3, tokens_in = idx % 4000, cost_usd = (idx % 977) / 1e5, cost_kind = 'computed',
        seconds = idx % 61, finished_at = 1800000000 + idx
"""
"""What a run would have recorded, written at once: what is measured is the reading."""


def make(folder: Path, number: int) -> None:
    """A job of so many items, nine in ten answered, one in fifty failed."""
    new_job(folder)
    writer = Writer.open(folder, barrier_every=1_000_000)
    writer.begin_sync(HASHES, job_json=job_json(HASHES), run_json="{}", job_path=None, base_dir=".").result()
    for start in range(0, number, BATCH):
        writer.add_items([item(index) for index in range(start, min(number, start + BATCH))]).result()
    writer.end_sync().result()
    writer.close()
    connection = sqlite3.connect(folder / FILE)
    with connection:
        connection.execute(RESULTS)
    connection.close()


async def waited(pilot: Pilot[UiExit], keys: tuple[str, ...], done: Callable[[], bool], shows: str) -> float:
    """Seconds from the last key until it is done and drawn; the screen is read once, at the end."""
    for key in keys[:-1]:
        await pilot.press(key)
    began = time.perf_counter()
    if keys[-1].startswith("*"):
        pilot.app.screen.query_one("#panel-items #filter", Input).value = keys[-1][1:]
    else:
        await pilot.press(keys[-1])
    while not done():  # noqa: ASYNC110  # what is measured has no event
        await asyncio.sleep(0.002)
    await pilot.pause()
    took = time.perf_counter() - began
    assert shows in top(pilot), top(pilot)
    return took


async def measure(checkpoints: Path, number: int) -> None:
    """Open, jump, filter, sort, draw the map."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with opened(checkpoints, size=(80, 24), open_job="big") as pilot:
        await until_shown(pilot, "Resume")
        await pilot.press("escape")
        table, cells = pilot.app.screen.query_one(ItemsPanel), pilot.app.screen.query_one(MapPanel)

        async def told(what: str, keys: tuple[str, ...], done: Callable[[], bool], shows: str) -> None:
            print(f"{what:<52}{await waited(pilot, keys, done, shows) * 1000:>7.0f} ms")

        await told("table open", ("3",), lambda: table.order.count == number, "doc_0 ")
        await told("map drawn", ("4",), lambda: bool(cells.cells), "items a cell")
        await pilot.press("3")
        await told("jump to the end", ("G",), lambda: table.the_list().cursor == number - 1, f"doc_{number - 1} ")
        await pilot.press("slash")
        await told(
            "filter by kind, pasted",
            ("*network",),
            lambda: table.order.count == number // 100,
            "doc_7 ",
        )
        await pilot.press("escape")
        await until(pilot, lambda: table.order.count == number, "all items again")
        await told(
            "filter by the state of most",
            ("slash", "*succeeded"),
            lambda: table.order.count == number * 88 // 100,
            "doc_0 ",
        )
        await pilot.press("escape")
        await until(pilot, lambda: table.order.count == number, "all items again")
        await told(
            "a part of the id", ("slash", f"*doc_{number - 3}"), lambda: table.order.count == 1, f"doc_{number - 3}"
        )
        await pilot.press("escape")
        await until(pilot, lambda: table.order.count == number, "all items again")
        await told("sorted by cost", ("s",) * 5, lambda: table.shown_by is Column.COST, "by cost, largest first")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory of the process: {before // 1024} MB before, {after // 1024} MB after")


def main() -> None:
    """Make the checkpoint, measure in a process that has not made it."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if len(sys.argv) > 2:
        asyncio.run(measure(Path(sys.argv[2]), number))
        return
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = Path(folder) / "checkpoints"
        checkpoints.mkdir()
        make(checkpoints / "big", number)
        subprocess.run([sys.executable, "-m", __spec__.name, str(number), str(checkpoints)], check=True)


if __name__ == "__main__":
    main()
