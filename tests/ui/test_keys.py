"""Every key of the registry, pressed in the real app over real jobs, with what has to come of it."""

import ast
import json
import shutil
from pathlib import Path

import pytest
from textual.screen import ModalScreen

from holytui.runs.desk import Sample
from holytui.ui.actions import ACTIONS
from holytui.ui.screens.item import ItemScreen
from holytui.ui.screens.jobs import JobsScreen
from holytui.ui.screens.preflight import PreflightScreen
from holytui.ui.screens.run import RunScreen
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines
from tests.processes import simulator, write_job
from tests.ui.pilots import (
    HUNG,
    SLOW,
    app_of,
    desk_of,
    finished_job,
    lines_job,
    opened,
    said,
    state_of,
    top,
    until,
    until_shown,
)

LETTERS = [
    "the first letter",
    "[[simulate server_error]] the second",
    "the third letter",
    "[[simulate bad_request]] the fourth",
    "[[simulate network]] the fifth",
    "the sixth letter",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Jobs that have run: six letters of which three failed, and forty lines."""
    folder = tmp_path_factory.mktemp("made")
    finished_job(folder, LETTERS)
    (folder / "forty").mkdir()
    finished_job(folder / "forty", [f"line {n}" for n in range(40)], name="lines")
    return folder


@pytest.fixture
def letters(made: Path, tmp_path: Path) -> Path:
    """A checkpoint folder of one's own with the letters."""
    shutil.copytree(made / "checkpoints", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


@pytest.fixture
def lines(made: Path) -> Path:
    """A checkpoint folder with the forty lines, only to be looked at."""
    return made / "forty" / "checkpoints"


def test_no_key_of_the_registry_is_left_out() -> None:
    """Every key stands in a test of this folder, or on a real terminal; what comes of it is asserted there."""
    pressed: set[str] = set()
    folders = (Path(__file__).parent, Path(__file__).parents[1] / "pty")
    for path in (path for folder in folders for path in folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                pressed.add(node.value)
    missing = {key for action in ACTIONS for key in action.keys} - pressed
    assert missing == set()


async def test_enter_opens_a_sample_shows_what_it_costs_and_only_then_runs_it(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "0") as provider:
        lines = ['name = "simulator"', f'base_url = "{provider.url}"']
        job = write_job(tmp_path, name="sample", source="count = 12", provider=lines)
        sample = Sample("sample", job, "twelve documents", simulated=True)
        async with opened(tmp_path / "checkpoints", samples=(sample,)) as pilot:
            await until_shown(pilot, "sample", "twelve documents")
            await pilot.press("enter")
            await until_shown(pilot, "new job from", "Requests   12", "none: simulated")
            assert isinstance(pilot.app.screen, PreflightScreen)
            assert provider.count() == 0
            assert not (tmp_path / "checkpoints" / "sample").exists()
            await pilot.press("enter")
            await until_shown(pilot, "✓ completed", "12 done", "100.0%")
            assert isinstance(pilot.app.screen, RunScreen)
            assert provider.count() == 12


async def test_v_shows_the_prompts_before_anything_is_sent(tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["a line about harvests"])
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "Requests")
        await pilot.press("v")
        await until_shown(pilot, "a line about harvests")
        await pilot.press("escape")
        await until_shown(pilot, "Requests")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "back on the jobs")


async def test_esc_closes_clears_goes_back_and_never_quits(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "3", "enter")
        assert isinstance(pilot.app.screen, ItemScreen)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunScreen)
        await pilot.press("R")
        assert isinstance(pilot.app.screen, ModalScreen)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, RunScreen)
        for _ in range(5):
            await pilot.press("escape")
        assert isinstance(pilot.app.screen, JobsScreen)
        assert pilot.app.is_running


@pytest.mark.parametrize("from_screen", ["jobs", "run"])
async def test_p_pauses_and_resumes(tmp_path: Path, from_screen: str) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(400)], provider=SLOW)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
        if from_screen == "jobs":
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "the jobs")
            await until_shown(pilot, "● running")
        await pilot.press("p")
        await until(pilot, lambda: state_of(pilot, "letters") == ("paused", "user"), "paused")
        done = desk_of(pilot).view("letters").snapshot().counters.succeeded
        await until_shown(pilot, "‖ paused: you")
        await pilot.press("p")
        await until(pilot, lambda: state_of(pilot, "letters") == ("running", ""), "running")
        await until(pilot, lambda: desk_of(pilot).view("letters").snapshot().counters.succeeded > done, "more answers")


async def test_p_on_a_job_at_rest_asks_with_count_and_cost_first(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(400)], provider=SLOW)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
    async with opened(tmp_path / "checkpoints") as pilot:
        await until_shown(pilot, "■ stopped: you")
        await pilot.press("p")
        await until_shown(pilot, "Resume", "items", "simulated: not charged")
        await pilot.press("escape")
        assert state_of(pilot, "letters") == ("stopped", "user")
        await pilot.press("p")
        await until_shown(pilot, "Resume")
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot, "letters") == ("running", ""), "running")


async def test_x_asks_and_stops_hung_requests_at_once(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(20)], provider=HUNG)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
        await pilot.press("x")
        await until_shown(pilot, "Stop letters now?", "4 in flight return to pending")
        await pilot.press("escape")
        assert state_of(pilot, "letters") == ("running", "")
        await pilot.press("x")
        await until_shown(pilot, "stop now")
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot, "letters") == ("stopped", "user"), "stopped")
        assert desk_of(pilot).view("letters").snapshot().pending == 20


@pytest.mark.parametrize(
    ("keys", "question", "rounds"),
    [
        (("2", "j", "r"), "Retry the 1 network", [1, 1, 1, 1, 2, 1]),
        (("3", "j", "r"), "Retry this item", [1, 2, 1, 1, 1, 1]),
    ],
    ids=["a group of failures", "an item"],
)
async def test_r_retries_what_is_under_the_cursor(
    letters: Path, keys: tuple[str, ...], question: str, rounds: list[int]
) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter")
        await until_shown(pilot, "[1 live]")
        before = desk_of(pilot).view("letters").snapshot().counters.requests
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until_shown(pilot, question)
        await pilot.press("enter")
        await until(
            pilot, lambda: desk_of(pilot).view("letters").snapshot().counters.requests == before + 1, "one more request"
        )
        await until(pilot, lambda: state_of(pilot, "letters")[0] == "completed_with_failures", "ended again")
        reader = desk_of(pilot).reader("letters")
        try:
            assert [reader.item(index).row.round for index in range(6)] == rounds
        finally:
            reader.close()


async def test_capital_r_ticks_by_sense_and_retries_what_is_ticked(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        before = desk_of(pilot).view("letters").snapshot().counters.requests
        await pilot.press("R")
        await until_shown(pilot, "[ ]     1  bad_request", "[x]     1  network", "[x]     1  server_error", "2 items")
        await pilot.press("j", "space")
        await until_shown(pilot, "[ ]     1  network", "1 item,")
        await pilot.press("enter")
        await until(
            pilot, lambda: desk_of(pilot).view("letters").snapshot().counters.requests == before + 1, "one more request"
        )
        await until(pilot, lambda: state_of(pilot, "letters")[0] == "completed_with_failures", "ended again")


async def test_w_exports_where_it_says(letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = letters
    monkeypatch.chdir(tmp_path)
    async with opened(checkpoints) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("w")
        await until_shown(pilot, "> jsonl", "csv")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "letters.jsonl").exists(), "the file")
        await until(pilot, lambda: f"exported to {tmp_path}" in said(pilot), "where it is")
    rows = [json.loads(line) for line in (tmp_path / "letters.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows].count("succeeded") == 3
    assert [row["input"] for row in rows] == LETTERS


async def test_slash_filters_jobs_and_items_as_one_types(letters: Path, tmp_path: Path) -> None:
    finished_job(tmp_path, ["only one"], name="other")
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters", "other")
        await pilot.press("slash", *"oth")
        await until(pilot, lambda: "letters" not in top(pilot), "only the other job")
        await pilot.press("escape")
        await until_shown(pilot, "letters", "other")
        await pilot.press("slash", *"lett", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await pilot.press("3")
        await until_shown(pilot, "ITEMS 6")
        await pilot.press("slash", *"failed")
        await until_shown(pilot, "ITEMS 3")
        await pilot.press("space", *"network")
        await until_shown(pilot, "ITEMS 1")
        await pilot.press("escape")
        await until_shown(pilot, "ITEMS 6")


MOVES = [
    ("j", 1), ("down", 1), ("ctrl+d", 7), ("pagedown", 7), ("G", 39), ("end", 39),
]  # fmt: skip
BACK = [("k", 38), ("up", 38), ("ctrl+u", 33), ("pageup", 33), ("g", 0), ("home", 0)]


@pytest.mark.parametrize(("key", "place"), [*MOVES, *BACK])
async def test_movement(lines: Path, key: str, place: int) -> None:
    """From the first row, or for keys that lead back, from the last of 40."""
    async with opened(lines) as pilot:
        await until_shown(pilot, "lines")
        await pilot.press("enter", "3")
        await until_shown(pilot, "ITEMS 40")
        items = pilot.app.screen.query_one("#items", LineList)
        half = items.half_page()
        if (key, place) in BACK:
            await pilot.press("G")
            await until(pilot, lambda: items.cursor == 39, "the last row")
        expected = {"ctrl+d": half, "pagedown": half, "ctrl+u": 39 - half, "pageup": 39 - half}
        await pilot.press(key)
        wanted = expected.get(key, place)
        await until(pilot, lambda: items.cursor == wanted, f"the cursor at {wanted}, it is at {items.cursor}")
        assert f"{items.cursor + 1:,} " in top(pilot)


async def test_digits_and_tab_change_the_panel(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter")
        panels = [
            ("2", "FAILED 3"),
            ("3", "ITEMS 6"),
            ("4", "MAP  an item a cell"),
            ("5", "started: 6 to go"),
            ("1", "WHAT TO DO"),
        ]
        for key, words in panels:
            await pilot.press(key)
            await until_shown(pilot, f"[{key} ", words)
        for name in ("[2 failures 3]", "[3 items]", "[4 map]", "[5 log]", "[1 live]"):
            await pilot.press("tab")
            await until_shown(pilot, name)


async def test_a_wide_terminal_shows_all_panels_and_z_gives_one_of_them_all(letters: Path) -> None:
    async with opened(letters, size=(160, 45)) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter")
        await until_shown(pilot, "1 IN FLIGHT", "2 FAILED", "3 ITEMS", "4 MAP", "5 LOG", "MONEY")
        await pilot.press("3", "z")
        await until_shown(pilot, "[3 items]")
        assert "MONEY" not in top(pilot)
        await pilot.press("escape")
        await until_shown(pilot, "2 FAILED", "MONEY")


async def test_an_item_shows_prompt_answer_and_raw_and_leads_on_to_others(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "2")
        await until_shown(pilot, "FAILED 3")
        await pilot.press("j", "j", "enter")
        await until_shown(pilot, "ITEMS 1")
        await pilot.press("enter")
        await until_shown(pilot, "item 2 of 6", "failure 1 of 3", "server_error", "The provider failed")
        await pilot.press("1")
        await until_shown(pilot, "[1 prompt]", "[[simulate server_error]] the second")
        await pilot.press("3")
        await until_shown(pilot, "[3 raw]", "simulated: overloaded")
        await pilot.press("n")
        await until_shown(pilot, "item 4 of 6", "failure 2 of 3", "bad_request")
        await pilot.press("N")
        await until_shown(pilot, "item 2 of 6")
        await pilot.press("right_square_bracket")
        await until_shown(pilot, "item 3 of 6", "✓ succeeded")
        await pilot.press("2")
        await until_shown(pilot, "[2 answer]", "Topic:")
        await pilot.press("left_square_bracket", "left_square_bracket")
        await until_shown(pilot, "item 1 of 6")
        await pilot.press("left_square_bracket")
        assert "item 1 of 6" in top(pilot)


async def test_an_item_on_the_screen_follows_its_retry(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "2")
        await until_shown(pilot, "FAILED 3")
        await pilot.press("j", "j", "enter")
        await until_shown(pilot, "ITEMS 1")
        await pilot.press("enter")
        await until_shown(pilot, "item 2 of 6", "1 attempt")
        await pilot.press("r")
        await until_shown(pilot, "Retry this item")
        await pilot.press("enter")
        await until_shown(pilot, "round 1: server_error")


async def test_a_preflight_longer_than_the_screen_scrolls_by_key(tmp_path: Path) -> None:
    job = lines_job(tmp_path, ["one", "two"])
    async with opened(tmp_path / "checkpoints", open_job=job, size=(80, 10)) as pilot:
        await until_shown(pilot, "2 readable")
        sheet = pilot.app.screen.query_one("#sheet", LineList)
        above, below = sheet.render_line(0).text, sheet.count - sheet.size.height
        assert below > 0
        await pilot.press("j")
        await until(pilot, lambda: sheet.scroll_offset.y == 1, "one line down")
        assert sheet.render_line(0).text != above
        await pilot.press("G")
        await until(pilot, lambda: sheet.scroll_offset.y == below, "the end")
        await pilot.press("g")
        await until(pilot, lambda: sheet.render_line(0).text == above, "the top")


async def test_a_theme_reaches_what_is_open(letters: Path) -> None:
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "3")
        await until_shown(pilot, "ITEMS 6")
        await pilot.press("enter")
        await until_shown(pilot, "item 1 of 6")
        head = pilot.app.screen.query_one("#item-head", Lines)
        before = [part.style for part in head.render_line(0)]
        await pilot.press("T", "j", "enter")
        await until(pilot, lambda: [part.style for part in head.render_line(0)] != before, "other colours")


async def test_t_tries_themes_on_and_keeps_one_or_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as pilot:
        await pilot.press("T")
        await until_shown(pilot, "> night", "paper", "terminal")
        await pilot.press("j")
        assert app_of(pilot).theme == "paper"
        await pilot.press("escape")
        assert app_of(pilot).theme == "night"
        await pilot.press("T", "G", "j", "j", "enter")
        await until(pilot, lambda: 'theme = "terminal" in config.toml keeps it' in said(pilot), "how to keep it")
        assert app_of(pilot).theme == "terminal"


async def test_the_palette_finds_commands_and_jobs_by_a_few_letters(letters: Path, tmp_path: Path) -> None:
    finished_job(tmp_path, ["only one"], name="other")
    async with opened(letters) as pilot:
        await until_shown(pilot, "letters", "other")
        await pilot.press("colon")
        await until_shown(pilot, "retry all failed, by kind", "R")
        await pilot.press(*"job oth", "enter")
        await until_shown(pilot, "other  ✓ completed", "[1 live]")
        await pilot.press("3", "ctrl+p")
        await until_shown(pilot, "sort by the next column")
        await pilot.press(*"next col", "enter")
        await until_shown(pilot, "by id")
        await pilot.press("colon", *"paneltwo", "escape")
        await until_shown(pilot, "by id")
        await pilot.press("colon", *"the")
        await until_shown(pilot, "> themes, each tried on")
        await pilot.press("enter")
        await until_shown(pilot, "enter keep it")


async def test_the_help_has_the_keys_of_the_panel_too(letters: Path) -> None:
    async with opened(letters, size=(100, 60)) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("enter", "question_mark")
        await until_shown(pilot, "another budget")
        assert "mark all that are shown" not in top(pilot)
        await pilot.press("escape", "3", "question_mark")
        await until_shown(pilot, "mark all that are shown", "another budget")


async def test_question_mark_lists_the_keys_of_the_screen_below_as_they_are_bound(tmp_path: Path) -> None:
    async with opened(tmp_path, keymap={"pause": "f5"}) as pilot:
        await pilot.press("question_mark")
        await until_shown(pilot, "f5", "pause, resume", "never quits")
        assert "show the first prompts" not in top(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen), "closed")


async def test_a_remapped_key_works_and_its_old_one_does_not(letters: Path) -> None:
    async with opened(letters, keymap={"retry_all": "f6"}) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press("R")
        assert isinstance(pilot.app.screen, JobsScreen)
        await pilot.press("f6")
        await until_shown(pilot, "Retry failed items by kind")


async def test_a_key_that_is_given_away_is_shown_with_its_new_action_only(letters: Path) -> None:
    async with opened(letters, keymap={"retry_all": "r"}, size=(100, 40)) as pilot:
        await until_shown(pilot, "letters", "enter open   n new   w export")
        assert "r retry" not in top(pilot)
        await pilot.press("question_mark")
        await until_shown(pilot, "retry all failed, by kind")
        lines = {line.split()[-1]: line.split() for line in top(pilot).splitlines() if line.strip()}
        assert lines["retry_all"][0] == "r"
        assert lines["retry"][0] == "retry"
        await pilot.press("escape", "r")
        await until_shown(pilot, "Retry failed items by kind")


async def test_the_bell_rings_when_a_run_ends_by_itself_or_is_stopped_by_its_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(8)], provider=SLOW)
    rung: list[str] = []
    async with opened(tmp_path / "checkpoints", open_job=job, bell=True) as pilot:
        monkeypatch.setattr(pilot.app, "bell", lambda: rung.append("bell"))
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running")
        assert rung == []
        await until_shown(pilot, "✓ completed")
        await until(pilot, lambda: rung == ["bell"], "a bell, once")


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quit_is_at_once_when_nothing_runs(tmp_path: Path, key: str) -> None:
    async with opened(finished_job(tmp_path, ["one"])) as pilot:
        await until_shown(pilot, "letters")
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.is_running, "the end")
        assert pilot.app.return_code == 0


async def test_plus_and_minus_change_how_many_may_be_in_flight(tmp_path: Path) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(20)], provider=HUNG)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
        await pilot.press("plus")
        await until_shown(pilot, "● running", "5 in flight")
        await pilot.press("plus")
        await until_shown(pilot, "● running", "6 in flight")
        await pilot.press("minus", "minus", "minus")
        run = desk_of(pilot).view("letters")
        await until(pilot, lambda: run.snapshot().ceiling == 3, "three at most")
        assert run.snapshot().requests_in_flight == 6, "those in flight finish"


@pytest.mark.parametrize("keys", [("q", "j", "enter"), ("ctrl+c", "ctrl+c")], ids=["q", "ctrl+c"])
async def test_quit_asks_while_a_job_runs_and_stops_it_safely(tmp_path: Path, keys: tuple[str, ...]) -> None:
    job = lines_job(tmp_path, [f"line {n}" for n in range(20)], provider=HUNG)
    async with opened(tmp_path / "checkpoints", open_job=job) as pilot:
        await until_shown(pilot, "run all")
        await pilot.press("enter")
        await until_shown(pilot, "● running", "4 in flight")
        await pilot.press(keys[0])
        await until_shown(pilot, "letters is running: 4 in flight", "> leave it running", "stop and quit", "cancel")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run again")
        assert state_of(pilot, "letters") == ("running", "")
        await pilot.press(keys[0])
        await until_shown(pilot, "> leave it running")
        await pilot.press(*keys[1:])
        await until(pilot, lambda: not pilot.app.is_running, "the end")
        assert state_of(pilot, "letters") == ("stopped", "user")


async def test_the_footer_names_the_verbs_that_fit(lines: Path, letters: Path) -> None:
    async with opened(letters, size=(100, 24)) as pilot:
        await until_shown(pilot, "letters", "enter open   n new   r retry   w export")
    async with opened(lines, size=(100, 24)) as pilot:
        await until_shown(pilot, "lines", "enter open   n new   w export")
