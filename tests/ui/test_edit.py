"""`E`: the job file in an editor, from each screen that has one, with what is wrong told before and after."""

from pathlib import Path

import pytest
from textual.widgets import TextArea

from holytui.core.job_file import load_job
from holytui.runs.desk import Sample
from holytui.ui.screens.editor import EditorScreen
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from tests.processes import write_job
from tests.ui.pilots import control_characters, finished_job, lines_job, opened, said, top, until, until_shown


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.chdir(tmp_path)


async def test_preflight_reads_the_job_anew_after_it_was_edited(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 20")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Items      20")
        await pilot.press("E")
        await until_shown(pilot, "job.toml", "nothing is wrong with this job file", "ctrl+s save", "esc back")
        text = pilot.app.screen.query_one("#text", TextArea)
        text.move_cursor((2, len("count = 20")))
        await pilot.press(*"x")
        await until_shown(pilot, "not saved", "not TOML")
        await pilot.press("backspace", "5")
        await until_shown(pilot, "not saved", "nothing is wrong")
        assert "count = 20\n" in job.read_text("utf-8")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "count = 205\n" in job.read_text("utf-8"), "the file")
        await until(pilot, lambda: "not saved" not in top(pilot), "no more said to be unsaved")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreflightScreen), "back in preflight")
        await until_shown(pilot, "Items      205")
    assert load_job(job).job.input.count == 205


async def test_a_file_with_mistakes_shows_all_of_them_on_the_preflight_and_can_be_mended(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 0", run=["concurency = 3"])
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "2 problems", "input.count", "run.concurency", 'did you mean "concurrency"?', "E edit")
        await pilot.press("E")
        await until_shown(pilot, "input.count", "run.concurency")
        text = pilot.app.screen.query_one("#text", TextArea)
        text.text = text.text.replace("count = 0", "count = 4").replace("concurency", "concurrency")
        await until_shown(pilot, "nothing is wrong")
        await pilot.press("ctrl+s", "escape")
        await until_shown(pilot, "Items      4", "run all")


async def test_leaving_with_changes_asks(tmp_path: Path) -> None:
    job = write_job(tmp_path)
    before = job.read_bytes()
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Items")
        await pilot.press("E", "x", "escape")
        await until_shown(pilot, "The changes are not saved.", "> save and leave")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen), "still in the editor")
        await pilot.press("escape", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreflightScreen), "left")
        assert job.read_bytes() == before
        await pilot.press("E", "#", "escape")
        await until_shown(pilot, "> save and leave")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreflightScreen), "left")
    assert job.read_bytes() == b"#" + before


async def test_what_somebody_else_wrote_meanwhile_is_not_overwritten_unsaid(tmp_path: Path) -> None:
    job = write_job(tmp_path)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Items")
        await pilot.press("E", "#")
        job.write_text("theirs", "utf-8")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "changed by somebody else" in said(pilot), "a warning")
        assert job.read_text("utf-8") == "theirs"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: job.read_text("utf-8").startswith("#name"), "saved all the same")


@pytest.mark.parametrize("screen", ["jobs", "run"])
async def test_a_saved_jobs_file_is_looked_at_after_it_was_changed(tmp_path: Path, screen: str) -> None:
    checkpoints = finished_job(tmp_path, ["one", "two"])
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        if screen == "run":
            await pilot.press("enter")
            await until_shown(pilot, "[1 live]")
        await pilot.press("E", "escape")
        kind = RunScreen if screen == "run" else JobsScreen
        await until(pilot, lambda: isinstance(pilot.app.screen, kind), "nothing changed: back")
        await pilot.press("E", "#", "enter", "ctrl+s", "escape")
        await until_shown(pilot, "saved job, from ./letters.toml", "2 have their result")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, kind), "back")
        (tmp_path / "letters.toml").unlink()
        await pilot.press("E")
        await until(pilot, lambda: "is not there any more" in said(pilot), "why not")


async def test_a_job_run_again_from_its_edited_file_is_one_screen(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one", "two"])
    (tmp_path / "letters.txt").write_text("one\ntwo\nthree\n", "utf-8")
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "E", "#", "enter", "ctrl+s", "escape")
        await until_shown(pilot, "enter run 1")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed", "3 done")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "back on the jobs at once")


async def test_a_sample_is_copied_with_its_data_and_stays_as_it_is(tmp_path: Path) -> None:
    shipped, here = tmp_path / "shipped", tmp_path / "here"
    shipped.mkdir()
    here.mkdir()
    sample = lines_job(shipped, ["one", "two"], name="letters")
    before = sample.read_bytes()
    (tmp_path / "here" / "letters.txt").write_text("mine\n", "utf-8")
    row = Sample("letters", sample, "two letters", simulated=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        async with opened(tmp_path / "checkpoints", samples=(row,)) as pilot:
            await until_shown(pilot, "two letters")
            await pilot.press("E")
            await until_shown(pilot, "./my-letters.toml")
            await until_shown(pilot, "./my-letters.toml", "a copy of the sample, kept if it is changed")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "nothing changed: back")
            assert sorted(path.name for path in here.iterdir()) == ["letters.txt"], "no copy is left of it"
            await pilot.press("E")
            await until_shown(pilot, "./my-letters.toml")
            await pilot.press("#", "enter", "ctrl+s", "escape")
            await until(pilot, lambda: "./my-letters.toml is your copy" in said(pilot), "what it is")
            await until_shown(pilot, "my-letters", "new job from ./my-letters.toml", "2 readable")
    assert sample.read_bytes() == before
    assert (here / "letters.txt").read_text("utf-8") == "mine\n"
    assert (here / "letters-2.txt").read_text("utf-8") == "one\ntwo\n"
    assert load_job(here / "my-letters.toml").job.name == "my-letters"


async def test_hostile_text_in_a_job_file_harms_neither_editor_nor_sheet(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="job")
    hostile = 'name = "[/foo] \x1b[31m"\n"[red]x" = 1\n# \u202e [@click=app.quit]x[/]\n'
    job.write_text(hostile, "utf-8")
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "it is not TOML")
        await pilot.press("E")
        await until_shown(pilot, "it is not TOML")
        text = pilot.app.screen.query_one("#text", TextArea)
        drawn = "\n".join(text.render_line(y).text for y in range(text.size.height))
        assert "[/foo]" in drawn
        assert "[@click=app.quit]x[/]" in drawn
        assert "␛" in drawn
        assert list(control_characters(drawn + "\n" + top(pilot))) == []
        assert "\u202e" not in drawn
        await pilot.press("ctrl+s")
        assert job.read_text("utf-8") == hostile
