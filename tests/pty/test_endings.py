"""How the terminal UI ends, on a real pty of 80x24: by key, by signal, by a dropped link; and what it leaves."""

import signal
import sys
from pathlib import Path

import pytest

from tests.processes import holytui, kill, start, status, wait_until, write_job
from tests.pty.terminals import LEAVES_ALTERNATE_SCREEN, Terminal, program, terminal

ENTER, CTRL_C, ESCAPE = "\r", "\x03", "\x1b"
SLOW = 'base_url = "simulator:?latency=0.4:0.3"'
HUNG = 'base_url = "simulator:?latency=600"'


WITH_A_DEFECT = """
from holytui.cli.group import main
from holytui.ui.app import HolytuiApp

def broken(app):
    key = "sk-" + "abcdefghijkl"
    raise KeyError("no such thing")

HolytuiApp.action_help = broken
main()
"""
"""Holytui with a key that nobody foresaw."""


def job(folder: Path, items: int, provider: str = 'base_url = "simulator:?latency=0"') -> Path:
    return write_job(
        folder,
        name="letters",
        source=f"count = {items}",
        provider=['name = "simulator"', provider],
        run=["concurrency = 8"],
    )


def begin(screen: Terminal) -> None:
    """Through the preflight into the run."""
    screen.wait_for("new job from", "enter run all")
    screen.press(ENTER)


def test_q_quits_at_once_when_nothing_runs(tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        screen.wait_for("SAMPLES", "the-story")
        screen.press("q")
        assert screen.wait_for_end() == 0
        assert LEAVES_ALTERNATE_SCREEN in screen.output


def test_a_defect_ends_in_a_sentence_without_any_variables_and_the_run_is_safe(tmp_path: Path) -> None:
    begun = job(tmp_path, 10_000, SLOW)
    line = [sys.executable, "-c", WITH_A_DEFECT, "run", str(begun)]
    with program(tmp_path, line, {"TMPDIR": str(tmp_path)}) as screen:
        begin(screen)
        screen.wait_for("● running")
        screen.press("?")
        assert screen.wait_for_end() == 70
        left = screen.output.rpartition(LEAVES_ALTERNATE_SCREEN)[2]
    assert "a defect in holytui, not in your job: KeyError: 'no such thing'" in left
    assert "Traceback" not in left
    (written,) = tmp_path.glob("holytui-defect-*.txt")
    assert "KeyError" in written.read_text()
    assert "abcdefghijkl" not in screen.output + written.read_text()
    after = status(tmp_path, "letters")
    assert (after["state"], after["reason"], after["owner"]) == ("interrupted", "crashed", None)


def test_a_run_from_the_preflight_to_the_summary_in_the_scrollback(tmp_path: Path) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 40)]) as screen:
        begin(screen)
        screen.wait_for("✓ completed", "40 done", "100.0%", "simulated")
        screen.press("q")
        assert screen.wait_for_end() == 0
        left = screen.output.rpartition(LEAVES_ALTERNATE_SCREEN)[2]
    assert "40 succeeded   0 failed   0 pending   of 40" in left
    assert "holytui export letters" in left


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [(signal.SIGHUP, 129, "hangup"), (signal.SIGTERM, 143, "terminated")],
    ids=["SIGHUP", "SIGTERM"],
)
def test_a_signal_saves_and_restores_the_terminal(
    tmp_path: Path, number: signal.Signals, code: int, reason: str
) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 500, SLOW)]) as screen:
        begin(screen)
        screen.wait_for("● running", "8 in flight")
        screen.signal(number)
        assert screen.wait_for_end() == code
        assert LEAVES_ALTERNATE_SCREEN in screen.output
    told = status(tmp_path, "letters")
    assert (told["state"], told["reason"], told["owner"]) == ("interrupted", reason, None)
    assert told["pending"] == 500 - told["succeeded"]


def test_a_dropped_link_ends_as_a_hangup(tmp_path: Path) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 500, SLOW)]) as screen:
        begin(screen)
        screen.wait_for("● running", "8 in flight")
        assert screen.hang_up() == 129
    told = status(tmp_path, "letters")
    assert (told["state"], told["reason"], told["owner"]) == ("interrupted", "hangup", None)


def test_ctrl_c_asks_and_a_second_one_stops_two_hundred_hung_requests(tmp_path: Path) -> None:
    path = write_job(
        tmp_path, name="letters", source="count = 500", provider=['name = "simulator"', HUNG], run=["concurrency = 200"]
    )
    with terminal(tmp_path, ["run", path]) as screen:
        begin(screen)
        screen.wait_for("● running", "200 in flight")
        screen.press(CTRL_C)
        screen.wait_for("letters is running: 200 in flight", "stop and quit")
        screen.press(CTRL_C)
        assert screen.wait_for_end() == 0
        assert "500 pending" in screen.output.rpartition(LEAVES_ALTERNATE_SCREEN)[2]
    told = status(tmp_path, "letters")
    assert (told["state"], told["reason"], told["pending"], told["owner"]) == ("stopped", "user", 500, None)


def test_esc_never_quits(tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        screen.wait_for("SAMPLES")
        screen.press("?")
        screen.wait_for("never quits")
        screen.press(ESCAPE)
        screen.wait_until_gone("never quits")
        screen.press("/")
        screen.wait_for("filter: words")
        screen.press(ESCAPE)
        screen.wait_until_gone("filter: words")
        screen.press(ESCAPE, ESCAPE)
        screen.press("j", "j", "q")
        assert screen.wait_for_end() == 0


def test_left_running_it_goes_on_in_the_background_and_opens_again(tmp_path: Path) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 400, SLOW)]) as screen:
        begin(screen)
        screen.wait_for("● running", "8 in flight")
        screen.press("q")
        screen.wait_for("> leave it running")
        screen.press(ENTER)
        assert screen.wait_for_end() == 0
        assert "letters runs on in the background (pid" in screen.output
        after = screen.output.partition("runs on in the background")[2]
        assert "interrupted" not in after, "what runs on has no end to be summed up"
    try:
        before = status(tmp_path, "letters")
        assert before["owner"] is not None
        wait_until(lambda: status(tmp_path, "letters")["succeeded"] > before["succeeded"], "it goes on")
        with terminal(tmp_path) as screen:
            screen.wait_for("letters", "● running")
            screen.press(ENTER)
            screen.wait_for("8 in flight", "[1 live]")
            screen.press("p")
            screen.wait_for("‖ paused: you")
            screen.press("q")
            assert screen.wait_for_end() == 0
        told = status(tmp_path, "letters")
        assert (told["state"], told["reason"]) == ("paused", "user")
        assert told["owner"] is not None
    finally:
        assert holytui("stop", "letters", cwd=tmp_path).returncode == 0
    wait_until(lambda: status(tmp_path, "letters")["owner"] is None, "the background run ends")


def test_detached_it_goes_on_apart_while_the_screen_goes_on_showing_it(tmp_path: Path) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 400, SLOW)]) as screen:
        begin(screen)
        screen.wait_for("● running", "8 in flight")
        try:
            screen.press("D")
            screen.wait_for("run on in the background", "> detach and quit", "detach, stay here")
            screen.press("j", ENTER)
            screen.wait_for("letters runs on in the background (pid")
            owner = status(tmp_path, "letters")["owner"]
            screen.wait_for("● running", "8 in flight")
            screen.press("D")
            screen.wait_for(f"it runs apart already: pid {owner['pid']}")
            screen.press("q")
            assert screen.wait_for_end() == 0
            assert status(tmp_path, "letters")["owner"]["pid"] == owner["pid"]
        finally:
            assert holytui("stop", "letters", cwd=tmp_path).returncode == 0
    wait_until(lambda: status(tmp_path, "letters")["owner"] is None, "the background run ends")


def test_detached_with_another_run_left_here_quitting_asks_about_that_one(tmp_path: Path) -> None:
    other = write_job(tmp_path, name="other", source="count = 400", provider=['name = "simulator"', SLOW])
    with terminal(tmp_path, ["run", other]) as screen:
        begin(screen)
        screen.wait_for("other", "● running")
        screen.press(ESCAPE)
        screen.wait_for("SAMPLES", "breaker")
        screen.press("G", "k", "k", "k", ENTER)
        screen.wait_for("all-that-fails", "enter run all")
        screen.press(ENTER)
        screen.wait_for("all-that-fails", "● running", "[1 live]")
        try:
            screen.press("D")
            screen.wait_for("> detach and quit")
            screen.press(ENTER)
            screen.wait_for("other is running", "> leave it running", "stop and quit")
            screen.press("j", ENTER)
            assert screen.wait_for_end() == 0
        finally:
            holytui("stop", "all-that-fails", cwd=tmp_path)
    assert (status(tmp_path, "other")["state"], status(tmp_path, "other")["reason"]) == ("stopped", "user")


def test_a_job_that_another_process_runs_opens_as_a_viewer(tmp_path: Path) -> None:
    path = job(tmp_path, 2_000, SLOW)
    owner = start("run", path, "--headless", cwd=tmp_path)
    try:
        wait_until(lambda: (tmp_path / "checkpoints" / "letters" / "live.json").exists(), "it runs")
        with terminal(tmp_path, ["run", path]) as screen:
            screen.wait_for("● running", "8 in flight", "[1 live]")
            screen.press("q")
            assert screen.wait_for_end() == 0
        assert owner.poll() is None
    finally:
        kill(owner)


def test_a_terminal_that_can_only_print_gets_lines(tmp_path: Path) -> None:
    with terminal(tmp_path, ["run", job(tmp_path, 12)], TERM="dumb") as screen:
        assert screen.wait_for_end() == 0
    assert "12 succeeded" in screen.output
    assert "\x1b" not in screen.output
