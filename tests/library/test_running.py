"""Runs from a program: callbacks, threads, loops, ends of every kind; nothing lost, nothing asked twice."""

import asyncio
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import holytui
from holytui.core.progress import LIVE_STATES
from holytui.offload import offload
from holytui.store.catalog import snapshot_of
from holytui.store.reader import Reader
from tests.processes import Simulator, simulator, wait_until, write_job
from tests.processes import holytui as command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a script stands; nothing of the user's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HOLYTUI_CHECKPOINTS", raising=False)
    return tmp_path


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as provider:
        yield provider


def job(number: int = 5, *, latency: str = "0", name: str | None = "letters", **more: Any) -> holytui.Job:
    return holytui.Job.from_prompt(
        items=more.pop("items", [f"letter {n}" for n in range(number)]),
        prompt=more.pop("prompt", "About {item}"),
        model="deepseek-v3.2",
        name=name,
        provider=holytui.Provider(name="simulator", base_url=f"simulator:?latency={latency}"),
        **more,
    )


def log(folder: Path) -> str:
    reader = Reader.open(folder)
    try:
        return "\n".join(line.text for line in reader.events(50))
    finally:
        reader.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition without blocking the loop."""
    await offload(lambda: wait_until(condition, "what was waited for"))


def test_a_run_is_told_of_and_its_rows_are_those_of_an_export(folder: Path) -> None:
    seen: list[holytui.Progress] = []
    result = holytui.run(job(), on_progress=seen.append)
    assert (result.ok, result.finished, result.state, result.exit_code) == (True, True, "completed", 0)
    assert (result.total, result.succeeded, result.failed, result.pending) == (5, 5, 0, 0)
    assert result.cost.usd
    assert result.folder == folder / "checkpoints" / "letters"
    assert seen[-1].snapshot is result.snapshot
    assert (seen[-1].percent, seen[-1].eta) == (100.0, 0.0)
    assert str(seen[-1]) == "100.0 %: 5 of 5"
    assert repr(result) == "<Result letters: completed; 5 of 5 succeeded, 0 failed>"
    exported = [json.loads(line) for line in command("export", "letters", cwd=folder).stdout.splitlines()]
    assert list(result) == exported
    assert [row["input"] for row in result] == [f"letter {n}" for n in range(5)]
    assert list(result.results(status="failed")) == []


def test_the_callback_comes_after_the_answers_are_saved_in_the_callers_thread(folder: Path) -> None:
    threads, counted = set(), list[tuple[int, int]]()

    def told(p: holytui.Progress) -> None:
        threads.add(threading.current_thread())
        reader = Reader.open(p_folder)
        try:
            counted.append((p.succeeded, reader.counters().succeeded))
        finally:
            reader.close()

    p_folder = folder / "checkpoints" / "letters"
    holytui.run(job(60, latency="0.3:0.5", run=holytui.RunOptions(concurrency=8)), on_progress=told)
    assert threads == {threading.current_thread()}
    assert len(counted) >= 3
    assert all(told <= saved for told, saved in counted)
    assert counted[-1] == (60, 60)


def test_a_callback_that_raises_is_told_once_and_does_not_hurt_the_run(folder: Path) -> None:
    calls = []

    def broken(p: holytui.Progress) -> None:
        calls.append(p.succeeded)
        raise ZeroDivisionError("a defect of the script")

    with pytest.warns(RuntimeWarning, match="on_progress raised ZeroDivisionError: a defect of the script") as told:
        result = holytui.run(job(40, latency="0.3", run=holytui.RunOptions(concurrency=8)), on_progress=broken)
    assert result.ok
    assert len(told) == 1
    assert len(calls) > 1
    assert "on_progress raised ZeroDivisionError" in log(result.folder)


def test_warnings_made_errors_do_not_hurt_it_either(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert holytui.run(job(2), on_progress=lambda p: 1 / 0).ok
    assert "on_progress raised ZeroDivisionError" in log(folder / "checkpoints" / "letters")


def test_the_same_call_again_asks_nothing_and_changed_items_only_what_is_new(provider: Simulator) -> None:
    assert holytui.run(job(3), base_url=provider.url).succeeded == 3
    seen: list[float] = []
    assert holytui.run(job(3), base_url=provider.url, on_progress=lambda p: seen.append(p.percent)).ok
    assert (provider.count(), seen) == (3, [100.0])
    more = holytui.run(job(items=["letter 1", "a new one"]), base_url=provider.url)
    assert (more.total, more.succeeded, provider.count()) == (2, 2, 4)
    with pytest.raises(holytui.PrepareError, match="Changed since the job ran: answer"):
        holytui.run(job(3, prompt="Not about {item}"), base_url=provider.url)
    assert holytui.run(job(3, prompt="Not about {item}"), base_url=provider.url, drift="keep").ok
    assert provider.count() == 4


def test_without_resume_a_new_job_begins_beside_the_old_one_whatever_it_is_made_from(
    folder: Path, provider: Simulator
) -> None:
    file = write_job(folder, name="filed", source="count = 2")
    kinds: list[tuple[Any, str, int]] = [(job(2), "letters", 2), (file, "filed", 2), ("letters", "letters", 2)]
    for source, name, number in kinds:
        result = holytui.run(source, base_url=provider.url, resume=False)
        assert result.began_beside == ("letters" if source == "letters" else None)
        assert result.job == (f"{name}-2" if source == "letters" else name)
        assert result.succeeded == number
    again = [holytui.run(source, base_url=provider.url, resume=False) for source, _, _ in kinds]
    assert [one.job for one in again] == ["letters-3", "filed-2", "letters-4"]
    assert [one.began_beside for one in again] == ["letters", "filed", "letters"]
    assert provider.count() == 12
    assert holytui.run("letters-3").job == "letters-3"


def test_a_limit_ends_early_and_ends_that_are_no_exceptions_are_in_the_result(provider: Simulator) -> None:
    first = holytui.run(job(10), limit=3, base_url=provider.url)
    assert (first.state, first.reason, first.finished, first.exit_code) == ("paused", "limit", False, 0)
    assert first.succeeded >= 3
    poor = holytui.run(
        job(10, max_tokens=50, name="poor", run=holytui.RunOptions(budget_usd=1e-9)), base_url=provider.url
    )
    assert (poor.state, poor.reason, poor.exit_code, poor.succeeded) == ("stopped", "budget", 4, 0)
    assert "Raise the budget" in poor.message
    failed = holytui.run(job(items=["a", "b [[simulate bad_request]]"], name="half"), base_url=provider.url)
    assert (failed.ok, failed.finished, failed.exit_code) == (False, True, 1)
    assert failed.failures == {"bad_request": 1}
    (row,) = failed.results(status="failed")
    assert row["error"] is not None
    assert row["error"]["kind"] == "bad_request"


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"limit": 0}, ValueError, "limit: expected a number of at least 1, got 0"),
        ({"concurrency": 0}, ValueError, "concurrency: expected a number of at least 1, got 0"),
        ({"budget_usd": -1.0}, ValueError, "budget_usd: expected a number above 0, got -1.0"),
        ({"drift": "perhaps"}, ValueError, "drift: expected"),
        ({"concurency": 3}, TypeError, "concurency: no such option; known are resume, checkpoints"),
        ({"base_url": "http://far.example", "api_key": "k"}, holytui.EndpointError, "https"),
        ({"executor": "elsewhere"}, Exception, "No executor is called elsewhere"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is_made(
    folder: Path, options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        holytui.run(job(), **options)
    assert not (folder / "checkpoints").exists()


def test_sources_that_are_none_are_refused(folder: Path) -> None:
    with pytest.raises(
        TypeError, match="job: expected a Job, the path of a job file or the id of a saved job, got list"
    ):
        holytui.run(["a"])  # type: ignore[arg-type]  # the point
    with pytest.raises(holytui.NoSuchJob, match="no such job file"):
        holytui.run("nobody")
    with pytest.raises(holytui.NoSuchJob):
        holytui.open_job("nobody")
    (folder / "bad.toml").write_text("name = 3")
    with pytest.raises(holytui.JobFileError):
        holytui.run(folder / "bad.toml")


def test_a_key_for_this_call_goes_to_no_file(folder: Path, provider: Simulator) -> None:
    made = holytui.Job.from_prompt(
        items=["a"], prompt="{item}", model="deepseek-v3.2", provider=holytui.Provider(name="openai"), name="keyed"
    )
    with pytest.raises(holytui.EndpointError, match="OPENAI_API_KEY"):
        holytui.run(made)
    assert holytui.run(made, base_url=provider.url, api_key="T0pS3cretT0pS3cret").ok
    written = b"".join(path.read_bytes() for path in (folder / "checkpoints").rglob("*") if path.is_file())
    assert b"T0pS3cret" not in written


def test_from_another_thread_and_two_at_once(provider: Simulator) -> None:
    results: dict[str, holytui.Result] = {}

    def work(name: str) -> None:
        results[name] = holytui.run(job(30, name=name), base_url=provider.url)

    before = set(threading.enumerate())  # other tests of this process have left some
    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {name: (one.ok, one.succeeded) for name, one in results.items()} == {"one": (True, 30), "two": (True, 30)}
    hosts = [thread for thread in set(threading.enumerate()) - before if thread.name == "holytui-runs"]
    assert len(hosts) <= 1, "runs of one process share their thread"


def test_the_same_job_twice_at_once_is_refused_and_a_saved_job_can_be_steered(folder: Path) -> None:
    results: list[holytui.Result] = []
    thread = threading.Thread(target=lambda: results.append(holytui.run(job(4, latency="60"))))
    thread.start()
    place = folder / "checkpoints" / "letters"
    wait_until(lambda: place.exists() and snapshot_of(place).requests_in_flight == 4, "four in flight")
    with pytest.raises(holytui.OwnedElsewhere):
        holytui.run(job(4))
    saved = holytui.open_job("letters")
    assert (saved.id, saved.progress().state, saved.progress().percent) == ("letters", "running", 0.0)
    assert "given to its owner" in saved.stop()
    thread.join(30)
    assert (results[0].state, results[0].reason, results[0].exit_code) == ("stopped", "user", 6)
    assert "already stopped" in saved.stop()


def test_a_saved_job_is_looked_at_retried_and_resumed(provider: Simulator) -> None:
    holytui.run(job(items=["a", "b [[simulate bad_request]]"]), base_url=provider.url)
    saved = holytui.open_job("letters")
    assert saved.failures == {"bad_request": 1}
    assert [row["status"] for row in saved.results()] == ["succeeded", "failed"]
    with pytest.raises(ValueError, match="there is no kind of failure 'bad'"):
        saved.retry(kinds=["bad"])
    assert saved.retry() == 0, "it would fail the same way again"
    assert saved.retry(kinds=["bad_request"]) == 1
    assert saved.progress().pending == 1
    result = saved.resume(base_url=provider.url)
    assert (result.succeeded, result.failed, provider.count()) == (1, 1, 3)


def test_where_an_event_loop_runs_already(folder: Path) -> None:
    async def cell() -> holytui.Result:
        return holytui.run(job(3))

    assert asyncio.run(cell()).ok


async def test_on_a_loop_that_is_not_blocked() -> None:
    beats, seen = 0, list[threading.Thread]()

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    beating = asyncio.create_task(beat())
    jobs = [job(20, latency="0.2", name=name) for name in ("one", "two")]
    told = lambda p: seen.append(threading.current_thread())  # noqa: E731  # a name for two uses
    results = await asyncio.gather(*(holytui.run_async(one, on_progress=told) for one in jobs))
    beating.cancel()
    assert [one.ok for one in results] == [True, True]
    assert set(seen) == {threading.current_thread()}
    assert beats > 10


async def test_cancelled_it_winds_down_and_goes_on_at_the_next_call(folder: Path, provider: Simulator) -> None:
    place = folder / "checkpoints" / "letters"
    running = asyncio.create_task(
        holytui.run_async(job(8, latency="0.5", run=holytui.RunOptions(concurrency=2), name="letters"))
    )
    await until(lambda: place.exists() and snapshot_of(place).counters.succeeded >= 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    rest = snapshot_of(place)
    assert (rest.state.value, rest.reason, rest.owner) == ("paused", "user", None)
    assert 2 <= rest.counters.succeeded < 8
    done = await holytui.run_async(job(8), base_url=provider.url)
    assert (done.ok, provider.count()) == (True, 8 - rest.counters.succeeded)


async def test_cancelled_twice_it_breaks_off_what_hangs(folder: Path) -> None:
    place = folder / "checkpoints" / "letters"
    running = asyncio.create_task(holytui.run_async(job(3, latency="60")))
    await until(lambda: place.exists() and snapshot_of(place).requests_in_flight == 3)
    running.cancel()
    await asyncio.sleep(0.2)
    assert not running.done(), "what is in flight has some seconds"
    running.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await running
    assert snapshot_of(place).state not in LIVE_STATES


@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05])
async def test_cancelled_while_it_begins_the_same_call_goes_on(provider: Simulator, after_s: float) -> None:
    for number in range(3):
        name = f"letters-{number}"
        running = asyncio.create_task(holytui.run_async(job(300, name=name), base_url=provider.url))
        await asyncio.sleep(after_s)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await holytui.run_async(job(300, name=name), base_url=provider.url)).ok


async def test_a_new_job_twice_at_once_is_run_once(folder: Path) -> None:
    for number in range(3):
        calls = [holytui.run_async(job(4, latency="0.5", name=f"letters-{number}")) for _ in range(6)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(end, holytui.Result) for end in ends) == 1, ends
        assert sum(isinstance(end, holytui.OwnedElsewhere) for end in ends) == 5, ends


async def test_new_jobs_begun_beside_each_other_at_once_are_each_their_own() -> None:
    ends = await asyncio.gather(*(holytui.run_async(job(2), resume=False) for _ in range(4)))
    assert {end.job for end in ends} == {"letters", "letters-2", "letters-3", "letters-4"}


async def test_cancelled_before_it_began_it_begins_nothing(folder: Path) -> None:
    running = asyncio.create_task(holytui.run_async(job(3, latency="60")))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    place = folder / "checkpoints" / "letters"
    await asyncio.sleep(0.3)  # nothing is to happen
    assert not place.exists() or snapshot_of(place).requests_in_flight == 0
