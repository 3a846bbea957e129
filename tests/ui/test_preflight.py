"""What preflight says of a key and models before anything is paid for, and that it holds nobody up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.ui.app import UiExit
from tests.processes import write_job
from tests.provider.scripted import (
    DONE,
    Received,
    Script,
    Scripted,
    always,
    delta,
    eventually,
    finish,
    scripted,
    stream,
    then_hang,
    whole,
)
from tests.ui.pilots import desk_of, opened, state_of, top, until, until_shown

KEY = "cr_T0pS3cretT0pS3cret3f9a"
LISTED = whole(200, json.dumps({"data": [{"id": "deepseek-v3.2"}]}).encode())
NO_LIST = whole(404, b"")
REFUSED = whole(401, b'{"error": {"message": "Incorrect API key provided"}}')


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_API_KEY", KEY)


@asynccontextmanager
async def preflight(server: Scripted, folder: Path, model: str = "deepseek-v3.2") -> AsyncIterator[Pilot[UiExit]]:
    """The preflight of a job for this server."""
    provider = ['name = "mine"', f'base_url = "{server.base_url}"', 'api_key_env = "MINE_API_KEY"']
    path = write_job(folder, source="count = 2", provider=provider, run=["max_attempts = 1"])
    path.write_text(path.read_text("utf-8").replace('"deepseek-v3.2"', f'"{model}"'), "utf-8")
    async with opened(folder / "checkpoints", open_job=path) as pilot:
        yield pilot


@pytest.mark.parametrize(
    ("answer", "model", "words"),
    [
        (LISTED, "deepseek-v3.2", ("MINE_API_KEY …3f9a accepted; model found",)),
        (LISTED, "deepseek-v32", ('accepted; no model "deepseek-v32" here;', "nearest: deepseek-v3.2",
                                  "Change it in the job file. enter runs it all the same.")),
        (REFUSED, "deepseek-v3.2", ("MINE_API_KEY …3f9a was refused (401)", "Set MINE_API_KEY anew",
                                    "enter runs it all the same.")),
        (NO_LIST, "deepseek-v3.2", ("MINE_API_KEY …3f9a: accepted is not known: no list of models there (404)",)),
    ],
    ids=["good", "model", "refused", "no list"],
)  # fmt: skip
async def test_the_key_line_says_what_the_provider_says(
    tmp_path: Path, answer: bytes, model: str, words: tuple[str, ...]
) -> None:
    async with scripted(always(answer)) as server:
        async with preflight(server, tmp_path, model) as pilot:
            await until(pilot, lambda: all(part in flat(top(pilot)) for part in words), f"{words} on the sheet")
            assert KEY[:-4] not in top(pilot)
        assert [request.path for request in server.requests] == ["/v1/models"]


def flat(screen: str) -> str:
    """Words as they are read on, over the ends of lines."""
    return " ".join(screen.split())


async def test_a_provider_that_is_silent_holds_neither_the_sheet_nor_the_run(tmp_path: Path) -> None:
    answer = stream(delta("an answer"), finish(), DONE)
    silent = then_hang(b"")

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        chosen: Script = silent if received.method == "GET" else always(answer)
        await chosen(received, writer)

    async with scripted(script) as server, preflight(server, tmp_path) as pilot:
        await until_shown(pilot, "MINE_API_KEY …3f9a, being checked", "enter run all")
        await eventually(lambda: bool(server.requests), "the provider was asked")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed")
        assert state_of(pilot, "job") == ("completed", "")


async def test_enter_runs_what_the_sheet_warns_of(tmp_path: Path) -> None:
    async with scripted(always(REFUSED)) as server, preflight(server, tmp_path) as pilot:
        await until_shown(pilot, "was refused (401)")
        await pilot.press("enter")
        await until_shown(pilot, "■ stopped: key")
        assert state_of(pilot, "job") == ("stopped", "auth")


async def test_a_simulated_job_asks_nobody(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 2")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Key        none needed: simulated")
        assert desk_of(pilot).check(job).words == "none needed: simulated"
