"""The jobs screen as a shelf: in another order, jobs renamed, made again, thrown away and taken back."""

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from holytui.store.catalog import list_jobs
from holytui.store.checkpoint import FILE
from holytui.store.shelf import TRASH, in_trash
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from holytui.ui.settings import UiExit
from tests.processes import start, status, wait_until
from tests.ui.frozen import JOBS, FrozenDesk, frozen_app
from tests.ui.pilots import (
    HUNG,
    desk_of,
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three finished jobs and their files: letters, lines, words."""
    folder = tmp_path_factory.mktemp("made")
    finished_job(folder, ["one", "[[simulate network]] two", "three"])
    finished_job(folder, [f"line {n}" for n in range(5)], name="lines")
    finished_job(folder, ["[[simulate network]] a", "[[simulate network]] b"], name="words")
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """The checkpoint folder of one's own with the three."""
    shutil.copytree(made / "checkpoints", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def rows(pilot: Pilot[UiExit]) -> list[str]:
    """The ids of the jobs as they stand on the screen."""
    lines = top(pilot).splitlines()
    first = next(at for at, line in enumerate(lines) if line.strip().startswith("JOB"))
    found = [line[2:].split()[0] for line in lines[first + 1 :] if line[2:3].strip()]
    return found[: found.index("SAMPLES")]


def cursor(pilot: Pilot[UiExit]) -> str:
    """What stands behind the cursor's marker."""
    return next(line[2:].split()[0] for line in top(pilot).splitlines() if line.startswith("> "))


def jobs(checkpoints: Path) -> list[str]:
    return [entry.job_id for entry in list_jobs(checkpoints)]


async def go_to(pilot: Pilot[UiExit], job: str) -> None:
    await until_shown(pilot, job)
    await pilot.press("g")
    for _ in range(20):
        if cursor(pilot) == job:
            return
        await pilot.press("j")
    raise AssertionError(f"no way to {job}:\n{top(pilot)}")


async def test_s_sorts_by_each_column_in_turn_and_capital_s_turns_it_round() -> None:
    app = frozen_app(FrozenDesk(JOBS))
    attention = [
        "nightly-labels", "tickets-june", "pdf-summaries", "eval-gpt41-mini", "contracts-ocr", "glossary",
    ]  # fmt: skip
    expected = [
        ("by name", "JOB↑", ["contracts-ocr", "eval-gpt41-mini", "glossary", "nightly-labels"]),
        ("by state", "STATE↑", ["nightly-labels", "tickets-june", "pdf-summaries", "eval-gpt41-mini"]),
        ("by done, largest first", "DONE↓", ["nightly-labels", "tickets-june", "pdf-summaries", "glossary"]),
        ("by failed, largest first", "FAIL↓", ["nightly-labels", "pdf-summaries", "contracts-ocr", "tickets-june"]),
        ("by spent, largest first", "SPENT↓", ["nightly-labels", "pdf-summaries", "tickets-june", "contracts-ocr"]),
        ("by when, newest first", "WHEN↓", ["pdf-summaries", "nightly-labels", "eval-gpt41-mini", "tickets-june"]),
    ]
    async with app.run_test(size=(120, 24)) as pilot:
        await until_shown(pilot, "nightly-labels")
        assert rows(pilot) == attention
        assert " by " not in top(pilot)
        await pilot.press("j")
        assert cursor(pilot) == "tickets-june"
        for words, arrow, order in expected:
            await pilot.press("s")
            await until_shown(pilot, words, arrow)
            assert rows(pilot)[:4] == order
            assert cursor(pilot) == "tickets-june", "the cursor stays on its job"
            forth = rows(pilot)
            await pilot.press("S")
            arrows = arrow.replace("↓", "↑") if "↓" in arrow else arrow.replace("↑", "↓")
            await until_shown(pilot, arrows)
            turned = rows(pilot)
            assert turned != forth
            assert set(turned) == set(forth)
            if words == "by name":
                assert turned == forth[::-1]
        await pilot.press("s")
        await until(pilot, lambda: rows(pilot) == attention and " by " not in top(pilot), "as it was")


async def test_jobs_without_a_value_stand_last_either_way_and_no_row_moves_by_itself(home: Path) -> None:
    (home / "letters" / FILE).write_bytes(b"rubbish" * 500)
    async with opened(home, size=(120, 24)) as pilot:
        await until_shown(pilot, "letters", "lines", "words")
        for _ in range(4):
            await pilot.press("s")
        await until_shown(pilot, "FAIL↓")
        assert rows(pilot) == ["words", "lines", "letters"]
        await pilot.press("S")
        await until_shown(pilot, "FAIL↑")
        assert rows(pilot) == ["lines", "words", "letters"]
        shutil.copytree(home / "lines", home / "another")
        await until(pilot, lambda: "another" in rows(pilot), "the new one")
        assert rows(pilot) == ["lines", "words", "letters", "another"], "new ones come last"
        await pilot.press("s", "S")
        await until(pilot, lambda: rows(pilot)[-1] == "letters", "sorted when it is asked for")


async def test_m_renames_a_job_where_it_stands_and_u_takes_it_back(home: Path) -> None:
    async with opened(home) as pilot:
        await go_to(pilot, "lines")
        before = rows(pilot)
        await pilot.press("m")
        await until_shown(pilot, "lines gets another name", "that is its name now", "enter rename")
        await pilot.press("enter")
        await until_shown(pilot, "that is its name now")
        await pilot.press("ctrl+u", *"words")
        await until_shown(pilot, "there is a job words already")
        await pilot.press("ctrl+u")
        await until_shown(pilot, "a name: letters, digits and -")
        await pilot.press(*"Lines of July")
        await until_shown(pilot, "as lines-of-july")
        await pilot.press("enter")
        await until(pilot, lambda: "lines is lines-of-july now   u undoes" in said(pilot), "said")
        assert jobs(home) == ["letters", "lines-of-july", "words"]
        await until(pilot, lambda: rows(pilot) == [name.replace("lines", "lines-of-july") for name in before], "place")
        assert cursor(pilot) == "lines-of-july"
        await pilot.press("enter")
        await until_shown(pilot, "lines-of-july  ✓ completed", "5 done")
        await pilot.press("escape", "u")
        await until(pilot, lambda: "lines-of-july is lines again" in said(pilot), "taken back")
        await until(pilot, lambda: "lines" in rows(pilot), "the row")
        assert (jobs(home), cursor(pilot)) == (["letters", "lines", "words"], "lines")


async def test_a_job_that_runs_here_or_elsewhere_is_neither_renamed_nor_deleted(home: Path, tmp_path: Path) -> None:
    here = lines_job(tmp_path, ["one"], name="here", provider=HUNG)
    there = lines_job(tmp_path, ["one"], name="there", provider=HUNG)
    process = start("run", there, "--headless", cwd=tmp_path)
    try:
        wait_until(lambda: (home / "there").is_dir() and status(tmp_path, "there")["state"] == "running", "it runs")
        async with opened(home, open_job=here) as pilot:
            await until_shown(pilot, "run all")
            await pilot.press("enter")
            await until_shown(pilot, "● running", "1 in flight")
            await pilot.press("escape")
            for job in ("here", "there"):
                await go_to(pilot, job)
                for key, done in (("m", "renamed"), ("d", "deleted")):
                    await pilot.press(key)
                    words = f"{job} is running: x stops it, then it can be {done}"
                    await until(pilot, lambda words=words: words in said(pilot), words)  # type: ignore[misc]
                    assert isinstance(pilot.app.screen, JobsScreen)
        assert {"here", "there"} <= set(jobs(home))
    finally:
        process.terminate()
        process.wait(20)


async def test_the_lock_decides_when_the_screen_is_behind(home: Path, tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["one"], name="late", provider=HUNG)
    finished_job(tmp_path, ["one"], name="late")
    job.write_text(job.read_text().replace("latency=0", "latency=60"))
    (tmp_path / "late.txt").write_text("one\ntwo\n")
    async with opened(home) as pilot:
        await go_to(pilot, "late")
        await pilot.press("d")
        await until_shown(pilot, "Delete late?")
        process = start("run", job, "--headless", cwd=tmp_path)
        try:
            wait_until(lambda: status(tmp_path, "late")["state"] == "running", "it runs")
            await pilot.press("enter")
            await until(pilot, lambda: f"late is run by pid {process.pid}" in said(pilot), "refused")
            assert "late" in jobs(home)
            assert in_trash(home) == []
        finally:
            process.terminate()
            process.wait(20)


async def test_c_makes_the_job_again_and_nothing_is_spent_until_it_is_run(home: Path) -> None:
    async with opened(home) as pilot:
        await go_to(pilot, "lines")
        await pilot.press("c")
        await until_shown(pilot, "A new job like lines", "nothing spent")
        assert pilot.app.screen.query_one(Input).value == "lines-2"
        await pilot.press("enter")
        await until(pilot, lambda: "lines-2 is ready" in said(pilot), "said")
        await until(pilot, lambda: cursor(pilot) == "lines-2", "the cursor on the new one")
        assert rows(pilot).index("lines-2") == rows(pilot).index("lines") + 1
        assert state_of(pilot, "lines-2") == ("ready", "")
        await until_shown(pilot, "Not run yet", "p run")
        await pilot.press("c")
        await until_shown(pilot, "A new job like lines-2")
        assert pilot.app.screen.query_one(Input).value == "lines-2-2"
        await pilot.press("escape")
        for key in ("enter", "p"):
            await pilot.press(key)
            await until_shown(pilot, "saved job, from", "5 readable", "none: simulated")
            assert isinstance(pilot.app.screen, PreflightScreen)
            snapshot = desk_of(pilot).view("lines-2").snapshot()
            assert (snapshot.state.value, snapshot.counters.requests) == ("ready", 0), "opening spends nothing"
            await pilot.press("escape")
        await pilot.press("p")
        await until_shown(pilot, "5 readable")
        await pilot.press("enter")
        await until_shown(pilot, "lines-2  ✓ completed", "5 done")
        assert desk_of(pilot).view("lines").snapshot().counters.requests == 5, "the old one is as it was"
    async with opened(home, open_job="lines-2") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "its run, now that it has one")


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_d_throws_a_job_away_after_saying_what_goes(home: Path, key: str) -> None:
    async with opened(home) as pilot:
        await go_to(pilot, "letters")
        await pilot.press(key)
        await until_shown(pilot, "Delete letters?", "2 answers and a failed item, simulated", ".trash", "u undoes")
        await pilot.press("escape")
        assert jobs(home) == ["letters", "lines", "words"]
        await pilot.press(key, "enter")
        await until(pilot, lambda: "letters is in .trash   u undoes" in said(pilot), "said")
        await until(pilot, lambda: "letters" not in rows(pilot), "gone from the list")
        assert jobs(home) == ["lines", "words"]
        assert [one.place.parent for one in in_trash(home)] == [home / TRASH]


async def test_u_takes_back_deletes_and_renames_the_newest_first_also_by_another_holytui(home: Path) -> None:
    (home / "words" / FILE).write_bytes(b"rubbish" * 500)
    async with opened(home) as pilot:
        await go_to(pilot, "words")
        await until_shown(pilot, "d moves it to the trash as it is")
        await pilot.press("d")
        await until_shown(pilot, "It cannot be read as it is")
        await pilot.press("enter")
        await until(pilot, lambda: jobs(home) == ["letters", "lines"], "words thrown away")
        await go_to(pilot, "lines")
        await pilot.press("m", *"-2", "enter")
        await until(pilot, lambda: jobs(home) == ["letters", "lines-2"], "lines renamed")
        await go_to(pilot, "letters")
        await pilot.press("d", "enter")
        await until(pilot, lambda: jobs(home) == ["lines-2"], "letters thrown away")
        await pilot.press("u")
        await until(pilot, lambda: "letters is back" in said(pilot), "the last one first")
        await pilot.press("u")
        await until(pilot, lambda: "lines-2 is lines again" in said(pilot), "then the rename")
        assert jobs(home) == ["letters", "lines"]
    async with opened(home) as pilot:
        await until_shown(pilot, "letters")
        shutil.copytree(home / "lines", home / "words")
        await pilot.press("u")
        await until(pilot, lambda: "words: there is one of this name already" in said(pilot), "refused")
        shutil.rmtree(home / "words")
        await pilot.press("u")
        await until(pilot, lambda: "words is back" in said(pilot), "by another holytui")
        assert (home / "words" / FILE).read_bytes() == b"rubbish" * 500
        await until(pilot, lambda: cursor(pilot) == "words", "the cursor on it")
        await pilot.press("u")
        await until(pilot, lambda: "nothing to undo" in said(pilot), "nothing more")


async def test_one_toast_at_a_time_and_the_same_one_is_counted(home: Path) -> None:
    async with opened(home) as pilot:
        await go_to(pilot, "lines")
        await pilot.press("p")
        await until(pilot, lambda: said(pilot) == "nothing is pending", "once")
        await pilot.press("p", "p")
        await until(pilot, lambda: said(pilot) == "nothing is pending   x3", "counted")
        await pilot.press("u")
        await until(pilot, lambda: said(pilot).startswith("nothing to undo"), "another one takes its place")
        await pilot.press("p")
        await until(pilot, lambda: said(pilot) == "nothing is pending", "counted anew")


async def test_a_renamed_job_is_called_by_its_new_name_everywhere(home: Path) -> None:
    async with opened(home) as pilot:
        await go_to(pilot, "lines")
        await pilot.press("m", *"-x", "enter")
        await until_shown(pilot, "lines-x · deepseek-v3.2")
        await pilot.press("colon", *"job linesx")
        await until_shown(pilot, "job lines-x")
        assert "lines " not in shown(pilot).replace("lines-x", "")
