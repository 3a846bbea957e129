"""`n`: a new job by keys, from a folder, a file, a sample or nothing; what is wrong is said while it is typed."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from holytui.core.job_file import load_job
from holytui.runs.desk import Sample
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.new_job import NewJobScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.settings import UiExit
from tests.ui.pilots import control_characters, finished_job, lines_job, opened, said, top, until, until_shown


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOLYSHEEP_API_KEY", raising=False)


async def from_path(pilot: Pilot[UiExit], path: str) -> None:
    """Begin from a folder or file."""
    await until_shown(pilot, "SAMPLES")
    await pilot.press("n")
    await until_shown(pilot, "> a folder or file", "from scratch")
    await pilot.press("enter")
    await until_shown(pilot, "The folder or file")
    pilot.app.screen.query_one("#line", Input).value = path
    await pilot.press("enter")


async def from_scratch(pilot: Pilot[UiExit]) -> None:
    await until_shown(pilot, "SAMPLES")
    await pilot.press("n", "j", "enter")
    await until_shown(pilot, "New job", "Sum up doc_0.pdf in one sentence.")


def write(pilot: Pilot[UiExit], field: str, text: str) -> None:
    pilot.app.screen.query_one(f"#{field}", Input).value = text


async def save(pilot: Pilot[UiExit], file: str) -> None:
    await pilot.press("ctrl+s")
    await until_shown(pilot, "Write the job file to:")
    assert pilot.app.screen.query_one("#line", Input).value == file
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, PreflightScreen), "preflight")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_a_folder_becomes_a_job_that_preflight_shows(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "letters").mkdir()
    for n in range(4):
        (tmp_path / "letters" / f"{n}.txt").write_text(f"Dear {n}", "utf-8")
    async with opened(tmp_path / "checkpoints", size=size) as pilot:
        await from_path(pilot, "letters")
        await until_shown(pilot, "4 files", "0.txt · answer", "ctrl+s save", "shift+tab previous", "esc back")
        await save(pilot, "letters.toml")
        await until_shown(pilot, "new job from ./letters.toml", "4 readable", "HOLYSHEEP_API_KEY is not set.")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "the jobs")
    job = load_job(tmp_path / "letters.toml").job
    assert (job.input.glob, job.provider.name, job.run.budget_usd) == ("letters/**/*.txt", "holysheep", 5.0)


async def test_a_job_from_scratch_is_typed_and_run(tmp_path: Path) -> None:
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_scratch(pilot)
        await pilot.press(*["backspace"] * 7, *"three", "tab", "tab", *["backspace"] * 2, *"3")
        prompt = pilot.app.screen.query_one("#prompt", TextArea)
        while pilot.app.focused is not prompt:
            await pilot.press("tab")
        await pilot.press("end", "enter", *"In French.")
        await until_shown(pilot, "In French.")
        await save(pilot, "three.toml")
        await until_shown(pilot, "Items      3", "none: simulated")
        await pilot.press("enter")
        await until_shown(pilot, "✓ completed", "3 done")
    job = load_job(tmp_path / "three.toml").job
    assert (job.name, job.input.count) == ("three", 3)
    assert job.steps[0].prompt == "Sum up {item} in one sentence.\nIn French."


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("name", "", "must not be empty"),
        ("path", "many", "expected a whole number"),
        ("path", "0", "expected a number of at least 1"),
        ("provider", "nobody", 'no base_url (the address) for provider "nobody"'),
        ("model", " ", "must not be empty"),
        ("max_tokens", "1.5", "expected a whole number"),
        ("concurrency", "5000", "expected a number of at most 4096"),
        ("budget", "-1", "expected a number above 0"),
    ],
)
async def test_what_is_wrong_is_said_under_its_field_and_nothing_is_written(
    tmp_path: Path, field: str, text: str, sentence: str
) -> None:
    async with opened(tmp_path / "checkpoints", size=(160, 45)) as pilot:
        await from_scratch(pilot)
        write(pilot, field, text)
        await until_shown(pilot, sentence)
        assert pilot.app.screen.query_one(f"#problem-{field}").display
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "1 problem to mend first" in said(pilot), "that it is not saved")
        await until(pilot, lambda: (pilot.app.focused and pilot.app.focused.id) == field, "the cursor where it is")
        write(pilot, field, "3" if field not in {"provider", "model"} else "simulator")
        await until(pilot, lambda: sentence not in top(pilot), "mended")
    assert list(tmp_path.glob("*.toml")) == []


async def test_problems_of_several_fields_are_all_said_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path / "checkpoints", size=(120, 40)) as pilot:
        await from_scratch(pilot)
        await pilot.press("tab", "right")
        await until_shown(pilot, "[glob]")
        write(pilot, "path", "gone/*.txt")
        write(pilot, "max_tokens", "some")
        write(pilot, "provider", "nobody")
        await until_shown(pilot, "No file matches", "expected a whole number", "no base_url (the address)")


async def test_a_field_that_the_items_have_not_is_said_under_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,text\na,one\nb,two\n", "utf-8")
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_path(pilot, "rows.csv")
        await until_shown(pilot, "fields: id, text", "a · answer")
        pilot.app.screen.query_one("#prompt", TextArea).text = "Say {item.txt}"
        await until(pilot, lambda: bool(pilot.app.screen.query_one("#problem-prompt").display), "the problem")
        await until_shown(pilot, "txt")


async def test_what_was_found_in_a_file_is_said_only_of_its_kind(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": 1, "text": "a"}\n', "utf-8")
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_path(pilot, "rows.jsonl")
        await until_shown(pilot, "fields: id, text")
        pilot.app.screen.query_one("#kind").focus()
        await pilot.press("right")
        await until(pilot, lambda: "fields: id" not in top(pilot), "another kind")
        await pilot.press("left")
        await until_shown(pilot, "fields: id, text")


async def test_a_name_that_is_taken_and_a_file_that_is_there_are_refused(tmp_path: Path) -> None:
    checkpoints = finished_job(tmp_path, ["one"])
    before = (tmp_path / "letters.toml").read_bytes()
    async with opened(checkpoints) as pilot:
        await from_scratch(pilot)
        write(pilot, "name", "Letters")
        await until_shown(pilot, 'a job "letters" is saved here already')
        write(pilot, "name", "letters again")
        await until(pilot, lambda: "is saved here already" not in top(pilot), "mended")
        await pilot.press("ctrl+s")
        await until_shown(pilot, "Write the job file to:")
        assert pilot.app.screen.query_one("#line", Input).value == "letters-again.toml"
        pilot.app.screen.query_one("#line", Input).value = "letters.toml"
        await until_shown(pilot, "letters.toml is there already")
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, ModalScreen)
    assert (tmp_path / "letters.toml").read_bytes() == before


async def test_saved_elsewhere_its_paths_lead_to_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("one\ntwo\n", "utf-8")
    (tmp_path / "jobs").mkdir()
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_path(pilot, "lines.txt")
        await until_shown(pilot, "an item a line", "Sum up this text")
        await pilot.press("ctrl+s")
        await until_shown(pilot, "Write the job file to:")
        pilot.app.screen.query_one("#line", Input).value = "jobs/lines.toml"
        await pilot.press("enter")
        await until_shown(pilot, "new job from ./jobs/lines.toml", "2 readable")
    assert load_job(tmp_path / "jobs" / "lines.toml").job.input.lines == "../lines.txt"


async def test_a_sample_is_begun_from_with_its_data(tmp_path: Path) -> None:
    (tmp_path / "shipped").mkdir()
    sample = lines_job(tmp_path / "shipped", ["one", "two"])
    row = Sample("letters", sample, "two letters", simulated=True)
    async with opened(tmp_path / "checkpoints", samples=(row,)) as pilot:
        await until_shown(pilot, "two letters")
        await pilot.press("n")
        await until_shown(pilot, "sample letters")
        await pilot.press("j", "j", "enter")
        await until_shown(pilot, "from the sample letters", "two")
        await save(pilot, "my-letters.toml")
        await until_shown(pilot, "2 readable")
    assert (tmp_path / "letters.txt").read_text("utf-8") == "one\ntwo\n"
    assert load_job(tmp_path / "my-letters.toml").job.provider.base_url == "simulator:?latency=0"


async def test_esc_leaves_and_asks_where_something_was_typed(tmp_path: Path) -> None:
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_scratch(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "left at once")
        await from_scratch(pilot)
        await pilot.press("x", "escape")
        await until_shown(pilot, "The new job is not saved.", "what was typed is lost")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, NewJobScreen), "still there")
        await pilot.press("escape", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "left")
    assert list(tmp_path.glob("*.toml")) == []


async def test_a_path_that_is_not_there_is_asked_for_again_with_the_reason(tmp_path: Path) -> None:
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_path(pilot, "nowhere")
        await until_shown(pilot, "There is no file or folder nowhere.", "tab completes")
        assert pilot.app.screen.query_one("#line", Input).value == "nowhere"


async def test_tab_completes_a_path(tmp_path: Path) -> None:
    (tmp_path / "letters of june").mkdir()
    (tmp_path / "letters of june" / "one.txt").write_text("Dear all", "utf-8")
    async with opened(tmp_path / "checkpoints") as pilot:
        await from_path(pilot, "nowhere")
        await until_shown(pilot, "There is no file")
        line = pilot.app.screen.query_one("#line", Input)
        line.value = ""
        await pilot.press(*"let")
        await until(pilot, lambda: line._suggestion == "letters of june/", "a completion")
        await pilot.press("tab")
        await until(pilot, lambda: line._suggestion == "letters of june/one.txt", "the next one")
        await pilot.press("tab", "enter")
        await until_shown(pilot, "Dear all")


async def test_hostile_names_and_texts_harm_no_field(tmp_path: Path) -> None:
    name = "[red]x[b] \x1b[31m"
    (tmp_path / name).mkdir()
    field = "text \x1b]0;title\x07 [/foo]"
    row = {"id": "[bold]\x1b[2J", field: "lone \ud83d \x1b[31mred"}
    (tmp_path / name / "rows.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    async with opened(tmp_path / "checkpoints", size=(120, 40)) as pilot:
        await from_path(pilot, f"{name}/rows.jsonl")
        await until_shown(pilot, "New job", "[bold]")
        screen = pilot.app.screen
        drawn = "\n".join(
            widget.render_line(y).text
            for widget in (*screen.query(Input), screen.query_one("#prompt", TextArea))
            for y in range(widget.size.height)
        )
        assert "[red]x[b]" in drawn
        assert list(control_characters(drawn + "\n" + top(pilot))) == []
        await save(pilot, "rows.toml")
        await until_shown(pilot, "1 readable")
    assert field in load_job(tmp_path / "rows.toml").job.steps[0].prompt
