"""The item screen: tries on an axis, texts as they were, and carried out of the screen."""

import shutil
from pathlib import Path

import pytest
from textual.pilot import Pilot

from holytui.ui.carry_out import page_text, save_text
from holytui.ui.draw.item_texts import pretty
from holytui.ui.settings import UiExit
from tests.processes import holytui, write_job
from tests.ui.pilots import opened, said, top, until, until_shown

LINES = ["the first", "[[simulate stall]] the second", "[[simulate truncated]] the third"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three letters through two steps: one answered, one stalled twice, one cut at max_tokens."""
    folder = tmp_path_factory.mktemp("made")
    path = write_job(
        folder,
        name="letters",
        source='lines = "letters.txt"',
        provider=['name = "simulator"', 'base_url = "simulator:?latency=0"'],
        run=["concurrency = 4", "max_attempts = 2"],
        prompt="Answer this: {item}",
        step=[
            'system = "You are brief."',
            "max_tokens = 60",
            "timeouts = { stall = 0.2 }",
            "[[steps]]",
            'name = "title"',
            'model = "gpt-4.1"',
            'prompt = "A title: {steps.summary}"',
        ],
    )
    (folder / "letters.txt").write_text("".join(f"{line}\n" for line in LINES), "utf-8")
    assert holytui("run", path, "--headless", cwd=folder).returncode == 1
    return folder / "checkpoints"


@pytest.fixture
def letters(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


async def stalled(pilot: Pilot[UiExit]) -> None:
    await until_shown(pilot, "letters")
    await pilot.press("enter", "3")
    await until_shown(pilot, "ITEMS 3")
    await pilot.press("j", "enter")
    await until_shown(pilot, "item 2 of 3 · failure 1 of 2")


async def test_verdict_remedy_and_evidence(letters: Path) -> None:
    async with opened(letters, size=(100, 30)) as pilot:
        await stalled(pilot)
        await until_shown(
            pilot,
            "✗ failed  timeout.stall   The answer stopped coming; 2 of 2 attempts used.",
            "r retries now with a 0.45 s stall clock, not charged    e changes model, clock or tokens first",
            "STEP 1 of 2  summary",
            "stall 0.2 s",
            "stall 0.3 s",
            "STEP 2 of 2  title     gpt-4.1   ○ not reached",
            "[2 answer]",
            "partial, summary try 2",
            "the text ends here",
        )


async def test_h_and_l_choose_a_try_and_the_texts_follow(letters: Path) -> None:
    async with opened(letters) as pilot:
        await stalled(pilot)
        await pilot.press("h")
        await until_shown(pilot, "partial, summary try 1")
        await pilot.press("l", "4")
        await until_shown(pilot, "try        2 of round 1", "0.3 s ran out", '"model": "deepseek-v3.2"')
        await pilot.press("1")
        await until_shown(
            pilot, "You are brief.", "Answer this: [[simulate stall]] the second", "waits for the answer of"
        )


async def test_y_copies_and_w_saves_exactly_what_is_stored_and_nothing_of_ours(
    letters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(letters) as pilot:
        await stalled(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "sent to the clipboard; w saves to a file" in said(pilot), "what was done")
        copied = pilot.app.clipboard
        assert copied
        assert "ends here" not in copied
        assert all(word in top(pilot) for word in copied.split())
        await pilot.press("w")
        await until(pilot, lambda: f"saved to {tmp_path}" in said(pilot), "where it is")
        await pilot.press("w")
        await until(pilot, lambda: "-answer-2.txt" in said(pilot), "that nothing was overwritten")
        await pilot.press("o")
        await until(pilot, lambda: "no pager here" in said(pilot), "that a test has no terminal to lend")
    saved = sorted(path.read_text("utf-8") for path in tmp_path.glob("letters-*.txt"))
    assert saved == [copied, copied]


def test_a_pager_gets_all_of_the_text_and_no_escape_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", f"cp -t {tmp_path}")
    page_text("first\n\x1b[31mred\n" + "long " * 100_000)
    (paged,) = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert paged.startswith("first\n␛[31mred\n")
    assert len(paged) > 500_000
    monkeypatch.setenv("PAGER", "/nowhere/pager")
    with pytest.raises(OSError, match="nowhere"):
        page_text("text")


def test_a_saved_text_is_what_is_stored_whatever_its_name(tmp_path: Path) -> None:
    path = save_text(tmp_path, "../../etc/[x] \x1b\ud83d", "lone \ud83d surrogate\0")
    assert path.parent == tmp_path
    assert path.read_bytes() == "lone \ud83d surrogate\0".encode("utf-8", "surrogatepass")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":[1,2]}', '{\n  "a": [\n    1,\n    2\n  ]\n}'),
        ("{not json", None),
        ("[" * 100_000, None),
        ("plain", None),
    ],
)
def test_json_is_shown_with_its_structure(text: str, expected: str | None) -> None:
    assert pretty(text) == expected
