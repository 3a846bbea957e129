"""Terminals that can do little, and windows that are dragged: nothing crashes, and what is shown is whole."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import write_job
from tests.pty.terminals import LEAVES_ALTERNATE_SCREEN, Terminal, terminal

ENTER, ESCAPE, CTRL_C = "\r", "\x1b", "\x03"
STREAM = 'base_url = "simulator:?latency=1&tokens_per_s=20&fault=server_error=0.1"'
WHOLE_STYLE = re.compile(r"\x1b\[([\d;]*)m")
DIALOGS = {
    "x": "Stop letters",
    "R": "Retry failed",
    "b": "no budget",
    "?": "open; in preflight",
    ":": "a command, a job",
    "T": "paper",
    "w": "jsonl",
    "q": "is running",
}


@contextmanager
def running(folder: Path, *options: str, **env: str) -> Iterator[Terminal]:
    """A run of which something is in flight, answered and failed."""
    job = write_job(
        folder,
        name="letters",
        source="count = 100000",
        provider=['name = "simulator"', STREAM],
        run=["concurrency = 32", "max_attempts = 1"],
    )
    with terminal(folder, ["run", job, *options], **env) as screen:
        screen.wait_for("enter run all")
        screen.press(ENTER)
        screen.wait_for("running", "32/3", "streaming", "server_error")
        yield screen


def is_whole(screen: Terminal) -> bool:
    """The run screen from its first line to its last, each part once, on 80x24."""
    lines, text = screen.lines, screen.text
    return (
        len(lines) == 24
        and lines[0].startswith(" letters")
        and "active" in lines[0]
        and lines[6].startswith("[1 live] 2 failures")
        and lines[7].startswith(" IN FLIGHT")
        and lines[8].lstrip(" >").startswith("doc_")
        and lines[23].startswith(" enter open   p pause   r retry")
        and all(text.count(words) == 1 for words in ("IN FLIGHT", "FAILED", "z shows more", "p pause", "Cost ", "ETA "))
    )


def is_whole_and_wide(screen: Terminal) -> bool:
    """The same on 200x60, where everything stands side by side."""
    lines, text = screen.lines, screen.text
    parts = ("1 IN FLIGHT", "2 FAILED", "3 ITEMS", "4 MAP", "5 LOG", "MONEY", "THROUGHPUT", "LATENCY", "? help")
    return (
        len(lines) == 60
        and lines[0].startswith(" letters")
        and "p pause" in lines[59]
        and all(text.count(words) == 1 for words in parts)
    )


def first_and_last_of(screen: Terminal, rows: int) -> bool:
    """As little as there is room for: what runs, and the keys."""
    lines = screen.lines
    return len(lines) == rows and lines[0].startswith(" letters") and "p pause" in lines[-1]


def shown(screen: Terminal) -> None:
    screen.wait_until(lambda: is_whole(screen), "the whole run screen on 80x24")


@pytest.mark.parametrize("value", ["1", ""], ids=["NO_COLOR=1", "NO_COLOR is empty"])
def test_no_color_is_heeded_also_when_it_is_empty(tmp_path: Path, value: str) -> None:
    """Greys only: red is red, green is green, blue is blue, and all three are the same."""
    with running(tmp_path, NO_COLOR=value, COLORTERM="truecolor") as screen:
        shown(screen)
        assert "● running" in screen.text
        seen = colours(screen.output)
        assert seen, "it has styles all the same"
        assert all(red == green == blue for red, green, blue in seen), seen
        for key in "2345":
            screen.press(key)
            screen.wait_for(f"[{key} ")
        assert all(red == green == blue for red, green, blue in colours(screen.output))


def colours(output: str) -> set[tuple[str, ...]]:
    """Every colour that was sent as red, green and blue; a sequence of which the rest is still to come is not read."""
    found = set()
    for style in WHOLE_STYLE.findall(output):
        numbers = style.split(";")
        for at in range(len(numbers) - 4):
            if numbers[at] in {"38", "48"} and numbers[at + 1] == "2":
                found.add(tuple(numbers[at + 2 : at + 5]))
    return found


def test_in_colour_there_are_colours(tmp_path: Path) -> None:
    """What the test above looks for is there where nobody forbids it."""
    with running(tmp_path, COLORTERM="truecolor") as screen:
        assert any(len(set(one)) > 1 for one in colours(screen.output))


def test_a_terminal_that_can_only_print_gets_plain_lines(tmp_path: Path) -> None:
    job = write_job(tmp_path, name="letters", source="count = 12")
    with terminal(tmp_path, ["run", job], TERM="dumb") as screen:
        assert screen.wait_for_end() == 0
        assert "\x1b" not in screen.output
        assert "12 succeeded" in screen.output


@pytest.mark.parametrize("how", ["--ascii", "LANG=C", "HOLYTUI_ASCII=1"])
def test_in_ascii_nothing_else_is_sent_by_any_panel_or_dialog(tmp_path: Path, how: str) -> None:
    options = [how] if how.startswith("--") else []
    env = {} if options else dict([how.split("=")])
    with running(tmp_path, *options, **env) as screen:
        screen.wait_for("> running")
        for key in "2345":
            screen.press(key)
            screen.wait_for(f"[{key} ")
        for key, words in DIALOGS.items():
            screen.press(key)
            screen.wait_for(words)
            screen.press(ESCAPE)
            screen.wait_until_gone(words)
        screen.press("+")
        screen.wait_for("at most")
        screen.resize(200, 60)
        screen.wait_until(lambda: is_whole_and_wide(screen), "everything side by side")
        screen.press("3", ENTER)
        screen.wait_for("doc_0.pdf", "esc")
        screen.press("?")
        screen.wait_for("back")
        others = sorted({character for character in screen.output if not character.isascii()})
        assert not others, f"sent: {others}"


def test_dragged_to_any_size_while_it_runs_it_lives_and_is_whole_again(tmp_path: Path) -> None:
    dice = random.Random(20260502)
    with running(tmp_path) as screen:
        for key in "12345":
            screen.press(key)
            for _ in range(6):
                screen.resize(dice.choice((1, 2, 10, 20, 40, 79, 110, 200)), dice.choice((1, 2, 5, 10, 24, 31, 60)))
                screen.read_for(dice.choice((0.0, 0.05, 0.3)))
            screen.resize(40, 10)
            screen.read_for(0.2)
            screen.resize(20, 5)
            screen.wait_until(lambda: len(screen.lines) == 5 and screen.lines[0].startswith(" letters"), "20x5")
            screen.resize(200, 60)
            screen.wait_until(lambda: is_whole_and_wide(screen), "the whole run screen on 200x60")
            screen.resize(80, 24)
            screen.press("1")
            shown(screen)
        screen.press(CTRL_C)
        screen.wait_for("stop and quit")
        screen.press(CTRL_C)
        assert screen.wait_for_end() == 0
        assert LEAVES_ALTERNATE_SCREEN in screen.output


def test_the_keys_stay_in_sight_however_low_the_window(tmp_path: Path) -> None:
    with running(tmp_path) as screen:
        for rows in (10, 8, 5, 3):
            screen.resize(40, rows)
            screen.wait_until(
                lambda rows=rows: first_and_last_of(screen, rows),  # type: ignore[misc]
                f"the title and the footer on 40x{rows}",
            )


def test_a_window_dragged_back_before_anybody_looked_is_painted_anew(tmp_path: Path) -> None:
    """The terminal has lost what it showed, while holytui sees the size it had."""
    with running(tmp_path) as screen:
        shown(screen)
        for _ in range(10):
            screen.resize(40, 5)
            screen.resize(80, 24)
            shown(screen)


def test_dragged_while_a_dialog_is_open_the_dialog_stays_and_all_is_whole_behind_it(tmp_path: Path) -> None:
    with running(tmp_path) as screen:
        shown(screen)
        for key, words in DIALOGS.items():
            screen.press(key)
            screen.wait_for(words)
            for size in ((40, 10), (20, 5), (200, 60), (1, 1), (80, 24)):
                screen.resize(*size)
                screen.read_for(0.1)
            screen.wait_until(
                lambda words=words: " letters" in screen.text and screen.text.count(words) == 1,  # type: ignore[misc]
                f"{words!r} once, before the run screen",
            )
            screen.press(ESCAPE)
            screen.wait_until_gone(words)
            shown(screen)
