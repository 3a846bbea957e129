"""Resuming names the key that pays; where there is none, it leads to where one is pasted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Simulator, holytui, simulator, write_job
from tests.ui.pilots import opened, until_shown

VARIABLE, KEY = "LETTERS_KEY", "cr_0123456789abcdef01233f9a"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path, "--latency", "0") as one:
        yield one


def rested(folder: Path, provider: Simulator, lines: list[str]) -> Path:
    """The checkpoint folder of a job that two of six items are done of."""
    job = write_job(folder, name="letters", source="count = 6", provider=lines, run=["concurrency = 1"])
    options = ["--headless", "--limit", "2", "--base-url", provider.url]
    done = holytui("run", job, *options, cwd=folder, LETTERS_KEY=KEY, HOLYSHEEP_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    return folder / "checkpoints"


async def test_the_question_names_the_key(tmp_path: Path, provider: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ['name = "gateway"', f'base_url = "{provider.url}"', f'api_key_env = "{VARIABLE}"']
    monkeypatch.setenv(VARIABLE, KEY)
    async with opened(rested(tmp_path, provider, lines)) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("p")
        await until_shown(pilot, "Resume 4 items", "key …3f9a?")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed")


async def test_without_a_key_it_leads_to_where_one_is_pasted(
    tmp_path: Path, provider: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOLYSHEEP_API_KEY", raising=False)
    checkpoints = rested(tmp_path, provider, ['name = "holysheep"'])
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("p")
        await until_shown(pilot, "HOLYSHEEP_API_KEY is not set.", "k paste it")
