"""The cockpit on a real terminal: what a stranger does with keys only, and a trip to the shell and back."""

import json
from pathlib import Path

from tests.processes import status, wait_until, write_job
from tests.pty.terminals import command, shell, terminal

ENTER, ESCAPE, DOWN = "\r", "\x1b", "\x1b[B"
KEYS = {"ctrl+z": "\x1a", "ctrl+l": "\x0c"}
MOST_KEYS = 15


def test_the_path_of_a_stranger(tmp_path: Path) -> None:
    """Start `all-that-fails`, find the stalled items, read one's tries, retry them with twice the clock, export."""
    pressed = 0
    with terminal(tmp_path) as screen:

        def press(*keys: str) -> None:
            nonlocal pressed
            pressed += len(keys)
            screen.press(*keys)

        screen.wait_for("SAMPLES", "all-that-fails")
        while "> all-that-fails" not in screen.text:
            at = next(line for line in screen.lines if line.startswith(">"))
            press(DOWN)
            screen.wait_until_gone(at)
        press(ENTER)
        screen.wait_for("enter run all")
        press(ENTER)
        screen.wait_for("with failures", "100.0%")
        press("2")
        screen.wait_for("[2 failures", ">      4  timeout.stall")
        press(ENTER)
        screen.wait_for("[3 items]", "ITEMS 4", "letter-02")
        press(ENTER)
        screen.wait_for("The answer stopped coming", "2 of 2 attempts used", "stall 1.5 s", "stall 2.25 s")
        press(ESCAPE)
        screen.wait_for("[3 items]")
        press("2")
        screen.wait_for("[2 failures")
        press("e")
        screen.wait_for("Retry the 4 timeout.stall with changes", "clock          2")
        press(ENTER)
        screen.wait_for("4 items retried")
        # Three of them stall no more; the fourth always does.
        screen.wait_for("21 done", "19 failed", "with failures")
        press("w")
        screen.wait_for("> jsonl")
        press(ENTER)
        wait_until(lambda: (tmp_path / "all-that-fails.jsonl").exists(), "the export")
        screen.wait_for("exported to")
        screen.press("q")
        screen.wait_for_end()
    assert pressed <= MOST_KEYS, pressed
    rows = [json.loads(line) for line in (tmp_path / "all-that-fails.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 40
    asked_again = {row["id"]: row["status"] for row in rows if row["id"] in {"letter-02", "letter-07", "letter-12"}}
    assert asked_again == {"letter-02": "succeeded", "letter-07": "failed", "letter-12": "succeeded"}


def test_ctrl_z_leads_to_the_shell_and_fg_back_and_no_item_fails_of_it(tmp_path: Path) -> None:
    job = write_job(
        tmp_path,
        name="letters",
        source="count = 60",
        provider=['name = "simulator"', 'base_url = "simulator:?latency=1.5"'],
        run=["concurrency = 4", "max_attempts = 1"],
        step=["timeouts = { attempt = 3, first_token = 3, stall = 3 }"],
    )
    with shell(tmp_path) as screen:
        screen.press(command(["run", job]), ENTER)
        screen.wait_for("enter run all")
        screen.press(ENTER)
        screen.wait_for("● running", "4 in flight")
        screen.press(KEYS["ctrl+z"])
        screen.wait_for("Stopped", "shell>")
        # Longer than every clock of the requests in flight.
        screen.press("sleep 4; echo slept", ENTER)
        screen.wait_for("\nslept")
        screen.press("fg", ENTER)
        screen.wait_for("● running", "in flight", "pending")
        screen.wait_for("12 done")
        screen.press("x")
        screen.wait_for("stop now")
        screen.press(ENTER)
        screen.wait_for("■ stopped: you")
        screen.press("q")
        screen.wait_for("shell>")
    assert status(tmp_path, "letters")["failed"] == 0


def test_the_mouse_is_left_to_the_terminal_where_the_user_wants_it(tmp_path: Path) -> None:
    takes_the_mouse = "\x1b[?1000h"
    config = tmp_path / "config"
    config.mkdir()
    for text, taken in (("", True), ("mouse = false\n", False)):
        (config / "config.toml").write_text(text, "utf-8")
        with terminal(tmp_path, HOLYTUI_CONFIG_DIR=str(config)) as screen:
            screen.wait_for("SAMPLES", "the-story")
            screen.press("q")
            screen.wait_for_end()
            assert (takes_the_mouse in screen.output) is taken


def test_ctrl_l_paints_the_screen_anew(tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        screen.wait_for("SAMPLES", "the-story", "enter open")
        screen.spoil("\x1b[2J\x1b[5;5Hyou have new mail")
        assert "SAMPLES" not in screen.text
        screen.press(KEYS["ctrl+l"])
        screen.wait_for("SAMPLES", "the-story", "enter open")
        screen.wait_until_gone("you have new mail")
