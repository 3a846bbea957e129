"""Draws docs/run.svg, the real app while it runs; by hand: `python -m tests.ui.screenshot docs/run.svg`."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from holytui.cli.options import Context
from holytui.resources import themes
from holytui.runs.local_desk import LocalDesk
from holytui.ui.app import HolytuiApp, UiSettings
from holytui.ui.theme import load_themes
from tests.processes import write_job

SIZE = (100, 30)
ENOUGH = 3_421


async def draw(target: Path) -> None:
    """Run the story up to the number it is about, and save what the screen shows then."""
    found, _ = load_themes(themes())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = "simulator:?latency=0.6:0.5&fault=stall=0.004&fault=server_error=0.01&fault=truncated=0.003"
        job = write_job(
            folder,
            name="the-story",
            source="count = 10000",
            provider=['name = "simulator"', f'base_url = "{options}"'],
            run=["concurrency = 64", "max_attempts = 2"],
            step=["timeouts = { stall = 4 }"],
        )
        desk = LocalDesk(folder / "checkpoints", Context().tables())
        app = HolytuiApp(desk, UiSettings(found, "night"), open_job=job)
        async with app.run_test(size=SIZE) as pilot:
            await app.workers.wait_for_complete()
            await pilot.press("enter")
            while _done(desk) < ENOUGH:  # noqa: ASYNC110  # the desk is polled as the screens do
                await asyncio.sleep(0.05)
            await pilot.pause(0.6)
            target.write_text(app.export_screenshot(title="holytui"), encoding="utf-8")
        desk.shutdown()


def _done(desk: LocalDesk) -> int:
    """Answers that are saved; a job that cannot be read yet has none."""
    snapshots = [entry.snapshot for entry in desk.jobs()]
    return sum(snapshot.counters.succeeded for snapshot in snapshots if snapshot is not None)


if __name__ == "__main__":
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    asyncio.run(draw(Path(sys.argv[1])))
