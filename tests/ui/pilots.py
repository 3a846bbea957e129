"""The real app over a real desk, driven by keys."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.text import Text
from textual.pilot import Pilot
from textual.screen import Screen

from holytui.cli.options import Context
from holytui.resources import themes
from holytui.runs.desk import JobSource, Sample
from holytui.runs.local_desk import LocalDesk
from holytui.ui.app import HolytuiApp
from holytui.ui.settings import UiExit, UiSettings
from holytui.ui.theme import load_themes
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from tests.processes import holytui, write_job

PATIENCE_S = 30.0
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
FAST = 'base_url = "simulator:?latency=0"'
SLOW = 'base_url = "simulator:?latency=0.5"'
HUNG = 'base_url = "simulator:?latency=60"'


@asynccontextmanager
async def opened(
    checkpoints: Path,
    *,
    samples: tuple[Sample, ...] = (),
    open_job: JobSource | None = None,
    size: tuple[int, int] = (80, 24),
    keymap: dict[str, str] | None = None,
    bell: bool = False,
    redis: str | None = None,
) -> AsyncIterator[Pilot[UiExit]]:
    """The app on a terminal of this size, as with `--redis`; its runs end with it."""
    found, _ = load_themes(themes())
    desk = LocalDesk(checkpoints, Context(redis=redis).tables(), samples)
    settings = UiSettings(found, "night", keymap or {}, bell=bell, fast_s=0.2, slow_s=0.2)
    app = HolytuiApp(desk, settings, open_job=open_job)
    try:
        async with app.run_test(size=size) as pilot:
            yield pilot
    finally:
        desk.shutdown()


def text_of(screen: Screen[object]) -> str:
    """What a screen shows, line by line, as it is drawn."""
    parts: list[str] = []
    for widget in screen.query("*"):
        if not widget.display:
            continue
        if isinstance(widget, Lines | LineList):
            rows = range(min(widget.size.height, 200))
            parts += ["".join(part.text for part in widget.render_line(y)) for y in rows]
        elif isinstance(rendered := widget.render(), Text):
            parts.append(rendered.plain)
    return "\n".join(parts)


def shown(pilot: Pilot[UiExit]) -> str:
    """All screens that are open, the top one last."""
    return "\n".join(text_of(screen) for screen in pilot.app.screen_stack[1:])


def top(pilot: Pilot[UiExit]) -> str:
    """The screen that has the keys."""
    return text_of(pilot.app.screen)


async def until(pilot: Pilot[UiExit], condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition; fail with its name and what is on the screen."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # the app has no event for what a test waits for
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"never: {what}; the screen:\n{top(pilot)}") from None


async def until_shown(pilot: Pilot[UiExit], *words: str) -> None:
    """Wait until the top screen shows all of these."""
    await until(pilot, lambda: all(word in top(pilot) for word in words), f"{words} on the screen")


def desk_of(pilot: Pilot[UiExit]) -> LocalDesk:
    desk = app_of(pilot).desk
    assert isinstance(desk, LocalDesk)
    return desk


def app_of(pilot: Pilot[UiExit]) -> HolytuiApp:
    app = pilot.app
    assert isinstance(app, HolytuiApp)
    return app


def state_of(pilot: Pilot[UiExit], job: str) -> tuple[str, str]:
    """State and reason, as the desk knows them."""
    snapshot = desk_of(pilot).view(job).snapshot()
    return snapshot.state.value, snapshot.reason


def finished_job(folder: Path, lines: list[str], name: str = "letters") -> Path:
    """A job of these lines, run to its end by the command line; its checkpoint folder."""
    path = lines_job(folder, lines, name=name)
    done = holytui("run", path, "--headless", cwd=folder)
    assert done.returncode in {0, 1}, done.stderr
    return folder / "checkpoints"


def lines_job(
    folder: Path, lines: list[str], *, name: str = "letters", provider: str = FAST, concurrency: int = 4
) -> Path:
    """A job file whose items are these lines, kept as JSON so that they may hold anything."""
    (folder / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return write_job(
        folder,
        name=name,
        source=f'lines = "{name}.txt"',
        provider=['name = "simulator"', provider],
        run=[f"concurrency = {concurrency}", "max_attempts = 1"],
        prompt="{item}",
    )


def said(pilot: Pilot[UiExit]) -> str:
    """What the toasts of now say; the widgets have it cut into lines."""
    return " ".join(note.message for note in pilot.app._notifications)


def control_characters(text: str) -> Iterator[str]:
    """What may never reach a terminal, in a text of several lines."""
    return (found for line in text.split("\n") for found in CONTROL.findall(line))
