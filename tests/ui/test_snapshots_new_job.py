"""Pictures of the new job form and of the editor, from frozen state; how to renew them says test_snapshots.py."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from holytui.core.job_problems import Problem
from holytui.runs.desk import Glance
from holytui.runs.drafting import Draft
from holytui.ui.screens.editor import EditorScreen
from holytui.ui.screens.new_job import NewJobScreen
from holytui.ui.settings import UiExit
from tests.ui.frozen import SAMPLES, FrozenDesk, frozen_app
from tests.ui.pictures import MIDDLE, SMALL, Compare, then

pytestmark = pytest.mark.usefixtures("in_utc")

SIZES = [SMALL, MIDDLE]
THEMES = ["night", "terminal"]
PROMPT = "Read the letter and answer it in three sentences.\n\n{item.letter}"
DRAFT = Draft(
    {
        "input": {"jsonl": "letters/june.jsonl", "id": "case_id"},
        "provider": {"name": "holysheep"},
        "run": {"concurrency": 16, "budget_usd": 5.0},
        "steps": [{"name": "answer", "model": "deepseek-v3.2", "prompt": PROMPT, "max_tokens": 300}],
    },
    "june",
    Path("/srv"),
    "fields: case_id, subject, letter",
)
ASKED = "Read the letter and answer it in three sentences.\n\n"
LETTERS = (
    ("K-0412", "answer", f"{ASKED}Dear Sir or Madam, the [bold] roof leaks."),
    ("K-0413", "answer", f"{ASKED}The invoice of May is wrong \x1b[31m again, and nobody answers."),
    ("K-0414", "answer", f"{ASKED}Thank you for the quick repair."),
)
GOOD = Glance((), LETTERS)
WRONG = (
    Problem(
        "provider.name", 'no base_url for provider "sheep". Known without one: deepseek, holysheep, ollama, openai.'
    ),
    Problem("steps[0].max_tokens", "expected a whole number"),
    Problem("steps[1].prompt", "{steps.sumary} names no step; did you mean “summary”?"),
)
JOB_FILE = 'name = "june"\n\n[input]\njsonl = "june.jsonl"      # [/foo] \x1b[31m\n\n[run]\nconcurency = 16\n'


def opened(screen: NewJobScreen | EditorScreen, focus: str) -> Callable[[Pilot[UiExit]], Awaitable[None]]:
    """Open a screen over the jobs, and let nothing blink."""

    async def before(pilot: Pilot[UiExit]) -> None:
        await pilot.app.push_screen(screen)
        for line in screen.query(Input):
            line.cursor_blink = False
        for text in screen.query(TextArea):
            text.cursor_blink = False
        screen.query_one(focus).focus()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return before


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_a_new_job(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = frozen_app(FrozenDesk(sample_rows=SAMPLES, shown_glance=GOOD), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=opened(NewJobScreen(DRAFT), "#path"))


@pytest.mark.parametrize("theme", THEMES)
def test_a_new_job_with_problems(snap_compare: Compare, theme: str) -> None:
    app = frozen_app(FrozenDesk(shown_glance=Glance(WRONG, LETTERS)), theme=theme)
    assert snap_compare(app, terminal_size=SIZES[0], run_before=opened(NewJobScreen(DRAFT), "#kind"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_the_editor(snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    problem = Problem("run.concurency", 'unknown key; did you mean "concurrency"?')
    app = frozen_app(FrozenDesk(shown_glance=Glance((problem,))), theme=theme)
    screen = EditorScreen(Path("/srv/june.toml"), JOB_FILE)
    assert snap_compare(app, terminal_size=size, run_before=opened(screen, "#text"))


def test_what_a_new_job_begins_from(snap_compare: Compare) -> None:
    app = frozen_app(FrozenDesk(sample_rows=SAMPLES))
    assert snap_compare(app, terminal_size=SIZES[0], run_before=then("n"))
