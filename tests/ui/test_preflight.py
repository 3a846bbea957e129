"""What preflight says of a key and models before anything is paid for, and that it holds nobody up."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.core.job import Job
from holytui.core.work import Item
from holytui.inputs.source import read_job
from holytui.ui.settings import UiExit
from holytui.ui.widgets.line_list import LineList
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
from tests.ui.pilots import desk_of, opened, said, shown, state_of, top, until, until_shown

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


async def test_k_pastes_a_missing_key_for_the_session_and_nothing_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINE_API_KEY")
    answer = stream(delta("an answer"), finish(), DONE)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        await always(LISTED if received.method == "GET" else answer)(received, writer)

    async with scripted(script) as server:
        provider = ['name = "mine"', f'base_url = "{server.base_url}"'.replace("127.0.0.1", "localhost.test")]
        path = write_job(tmp_path, source="count = 2", provider=[*provider, 'api_key_env = "MINE_API_KEY"'])
        monkeypatch.setattr("holytui.runs.endpoint.is_loopback", lambda url: False)
        monkeypatch.setattr("holytui.runs.endpoint.check_url", lambda url, has_key: None)
        path.write_text(path.read_text("utf-8").replace("localhost.test", "127.0.0.1"), "utf-8")
        async with opened(tmp_path / "checkpoints", open_job=path) as pilot:
            await until_shown(pilot, "MINE_API_KEY is not set.", "k paste it for this session (never saved)")
            await until_shown(pilot, "or: export MINE_API_KEY=…")
            await pilot.press("enter")
            await until(pilot, lambda: "MINE_API_KEY is not set. k pastes it." in said(pilot), "the way out")
            assert server.requests == []
            await pilot.press("k", *"a b")
            await until_shown(pilot, "a key has no blanks")
            await pilot.press("escape", "k", *KEY)
            await pilot.pause()
            assert KEY[-6:] not in shown(pilot)
            await pilot.press("enter")
            await until_shown(pilot, "MINE_API_KEY …3f9a accepted; model found")
            assert "k paste" not in top(pilot)
            await pilot.press("enter")
            await until_shown(pilot, "✓ completed")
        assert {request.headers["authorization"] for request in server.requests} == {f"Bearer {KEY}"}
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert KEY.encode() not in kept


async def test_k_moves_the_sheet_where_no_key_is_wanted(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 2")
    async with opened(tmp_path / "checkpoints", open_job=job, size=(80, 8)) as pilot:
        await until_shown(pilot, "Items")
        sheet = pilot.app.screen.query_one("#sheet", LineList)
        await pilot.press("G")
        await until(pilot, lambda: sheet.scroll_offset.y > 1, "the end")
        end = sheet.scroll_offset.y
        await pilot.press("k")
        await until(pilot, lambda: sheet.scroll_offset.y == end - 1, "one line up")


async def test_b_sets_a_budget_for_this_run_and_the_file_stays(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 3", step=["max_tokens = 100"])
    before = job.read_bytes()
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "b sets a budget")
        await pilot.press("b", *"none")
        await until_shown(pilot, "an amount in USD")
        await pilot.press(*["backspace"] * 4, *"2.5", "enter")
        await until_shown(pilot, "b budget $2.50")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed", "$2.50 budget")
    assert job.read_bytes() == before


async def test_a_tiny_terminal_has_more_than_a_word_a_line(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 3")
    async with opened(tmp_path / "checkpoints", open_job=job, size=(40, 24)) as pilot:
        await until_shown(pilot, "Cost       none: simulated, nothing")


async def test_a_budget_that_cannot_be_kept_is_said_before_enter(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 3")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "b sets a budget")
        await pilot.press("b", *"2", "enter")
        await until_shown(pilot, "has no max_tokens: a budget cannot be kept")
        assert "run all" not in top(pilot)


async def test_items_without_text_are_counted_while_they_are_read_and_v_shows_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "texts").mkdir()
    for n in range(5):
        (tmp_path / "texts" / f"{n}.txt").write_text("" if n == 2 else "text", "utf-8")
    go_on = threading.Event()

    def slowly(job: Job, base_dir: Path) -> Iterator[Item]:
        for item in read_job(job, base_dir):
            if item.index == 4:
                go_on.wait(60)
            yield item

    monkeypatch.setattr("holytui.runs.estimating.read_job", slowly)
    job = write_job(tmp_path, source='glob = "texts/*.txt"', prompt="{item.text}")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        try:
            await until_shown(pilot, "Reading input 3", "1 without a prompt so far")
            await pilot.press("enter")
            assert said(pilot) == "a moment: its input is being read"
        finally:
            go_on.set()
        await until_shown(pilot, "4 readable, 1 without a prompt", "v shows them")
        await pilot.press("v")
        await until_shown(pilot, "1 without a prompt", "2.txt  it has no text")
