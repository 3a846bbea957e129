"""`c` in preflight: a job that runs on workers, and goes on there whatever key takes it up again."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.store.lock import read_owner
from holytui.ui.screens.run import RunScreen
from holytui.ui.settings import UiExit
from tests.processes import holytui, status, wait_until, write_job
from tests.redis_server import RedisServer, free_port, redis_server
from tests.ui.pilots import FAST, HUNG, desk_of, lines_job, opened, said, shown, state_of, top, until, until_shown

PASSWORD = "s3cretOfRedis"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), password=PASSWORD) as server:
        yield server


@pytest.fixture(scope="module")
def worker(redis: RedisServer) -> Iterator[None]:
    with redis.worker(3):
        yield


def lines(number: int) -> list[str]:
    return [f"line {n}" for n in range(number)]


def executor_of(pilot: Pilot[UiExit], job: str) -> str:
    return desk_of(pilot).view(job).snapshot().executor


async def test_c_says_who_is_there_while_they_come_and_goes_back(tmp_path: Path) -> None:
    job = lines_job(tmp_path, lines(3))
    with redis_server(tmp_path, password=PASSWORD) as redis:
        await _come_and_go(tmp_path / "checkpoints", job, redis)


async def _come_and_go(checkpoints: Path, job: Path, redis: RedisServer) -> None:
    async with opened(checkpoints, open_job=job, size=(100, 24), redis=redis.url) as pilot:
        await until_shown(pilot, "Runs       here", "c on workers")
        await pilot.press("c")
        await until_shown(pilot, "on workers: none there yet; holytui worker starts one", f"({redis.place})", "c here")
        with redis.worker(5):
            await until_shown(pilot, f"on workers: 1 there, 5 at once  ({redis.place})")
        assert PASSWORD not in shown(pilot)
        await pilot.press("c")
        await until_shown(pilot, "Runs       here")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed")
        assert executor_of(pilot, "letters") == "local"


async def test_a_redis_that_is_not_there_is_said_and_holds_nothing_up(tmp_path: Path) -> None:
    job = lines_job(tmp_path, lines(3))
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with opened(tmp_path / "checkpoints", open_job=job, size=(100, 24), redis=nowhere) as pilot:
        await until_shown(pilot, "Runs       here")
        await pilot.press("c")
        await until_shown(pilot, f"on workers: Redis at {nowhere} does not answer (Connection", "refused).")
        await pilot.press("v")
        await until_shown(pilot, "line 0")


async def test_without_celery_c_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holytui.distributed.elsewhere", None)
    job = lines_job(tmp_path, lines(3))
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Runs       here")
        await pilot.press("c")
        await until(pilot, lambda: "Workers need Celery: pip install 'holytui[celery]'" in said(pilot), "the way")
        await until_shown(pilot, "Runs       here")


async def test_a_key_that_is_missing_here_is_the_workers_matter(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    job = write_job(tmp_path, source="count = 2", provider=['name = "openai"'])
    async with opened(tmp_path / "checkpoints", open_job=job, redis=redis.url) as pilot:
        await until_shown(pilot, "OPENAI_API_KEY is not set.", "k paste it")
        assert "enter run" not in top(pilot)
        await pilot.press("c")
        await until_shown(pilot, "each worker reads OPENAI_API_KEY from its own environment", "enter run all")
        assert "paste" not in top(pilot)
        await pilot.press("k")
        await pilot.pause()
        assert "for this session of holytui" not in top(pilot)
        await pilot.press("c")
        await until_shown(pilot, "OPENAI_API_KEY is not set.", "k paste it")


@pytest.mark.usefixtures("worker")
async def test_first_ten_the_rest_and_what_is_resumed_all_run_there(tmp_path: Path, redis: RedisServer) -> None:
    job = lines_job(tmp_path, lines(24), provider=FAST)
    async with opened(tmp_path / "checkpoints", open_job=job, size=(100, 24), redis=redis.url) as pilot:
        await until_shown(pilot, "Runs       here", "f first 10")
        await pilot.press("c")
        await until_shown(pilot, "1 there, 3 at once", "c here")
        await pilot.press("f")
        await until_shown(pilot, "10 have their result", "on workers: 1 there", "enter run 14")
        assert executor_of(pilot, "letters") == "celery"
    async with opened(tmp_path / "checkpoints", size=(100, 24), redis=redis.url) as pilot:
        await until_shown(pilot, "letters", "first 10 done")
        assert desk_of(pilot).preview(job).on_workers, "where E leads"
        await pilot.press("p")
        await until_shown(pilot, "Resume 14 items", "on workers?")
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot, "letters") == ("completed", ""), "all of it")
        assert executor_of(pilot, "letters") == "celery"
    assert status(tmp_path, "letters")["executor"] == "celery"


@pytest.mark.usefixtures("worker")
async def test_what_is_retried_stays_there(tmp_path: Path, redis: RedisServer) -> None:
    job = lines_job(tmp_path, ["one", "[[simulate server_error]] two", "three"])
    done = holytui("run", job, "--headless", "--executor", "celery", cwd=tmp_path, HOLYTUI_REDIS=redis.url)
    assert done.returncode == 1, done.stderr
    async with opened(tmp_path / "checkpoints", open_job=job, size=(100, 24), redis=redis.url) as pilot:
        await until_shown(pilot, "Nothing is pending")
        await pilot.press("enter")
        await until_shown(pilot, "✗ with failures")
        before = desk_of(pilot).view("letters").snapshot().counters
        await pilot.press("R")
        await until_shown(pilot, "server_error")
        await pilot.press("enter")
        await until(
            pilot,
            lambda: (
                desk_of(pilot).view("letters").snapshot().counters.attempts > before.attempts
                and state_of(pilot, "letters") == ("completed_with_failures", "")
            ),
            "tried again",
        )
        assert executor_of(pilot, "letters") == "celery"


@pytest.mark.usefixtures("worker")
async def test_a_run_that_is_detached_goes_on_there_and_the_password_is_no_argument(
    tmp_path: Path, redis: RedisServer
) -> None:
    job = lines_job(tmp_path, lines(12), provider=HUNG)
    folder = tmp_path / "checkpoints" / "letters"
    async with opened(tmp_path / "checkpoints", open_job=job, size=(100, 24), redis=redis.url) as pilot:
        await until_shown(pilot, "Runs       here")
        await pilot.press("c")
        await until_shown(pilot, "1 there, 3 at once")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await until_shown(pilot, "3 in flight")
        await pilot.press("D")
        await until_shown(pilot, "detach, stay here")
        await pilot.press("j", "enter")
        await until(pilot, lambda: "runs on in the background" in said(pilot), "it is taken up")
        owner = read_owner(folder)
        assert owner is not None
        assert owner.pid != os.getpid()
        try:
            arguments = Path(f"/proc/{owner.pid}/cmdline").read_bytes()
            assert b"--executor=celery" in arguments
            assert PASSWORD.encode() not in arguments
            await until_shown(pilot, "3 in flight")
            assert executor_of(pilot, "letters") == "celery"
        finally:
            os.kill(owner.pid, signal.SIGTERM)
            wait_until(lambda: read_owner(folder) is None, "it has ended")


async def test_a_run_says_what_it_waits_for_at_80_by_24_and_goes_on(tmp_path: Path) -> None:
    job = lines_job(tmp_path, lines(40), provider='base_url = "simulator:?latency=0.5"')
    with redis_server(tmp_path) as redis:
        async with opened(tmp_path / "checkpoints", open_job=job, redis=redis.url) as pilot:
            await until_shown(pilot, "Runs       here")
            await pilot.press("c")
            await until_shown(pilot, "none there yet")
            await pilot.press("enter")
            await until_shown(pilot, f"Waits  no worker is there yet: holytui worker, with {redis.place}")
            with redis.worker(2):
                await until_shown(pilot, "ETA ", "2/2 ", "/s")
                redis.stop()
                await until_shown(pilot, f"Waits  Redis at {redis.place} does not answer since ")
                redis.start()
                await until(pilot, lambda: state_of(pilot, "letters") == ("completed", ""), "all of it")
            assert desk_of(pilot).view("letters").snapshot().counters.succeeded == 40
