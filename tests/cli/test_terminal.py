"""What is asked of a terminal before the screen opens: how wide it draws, and what the user wants."""

import os
import pty
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holytui.cli.screen import ui_settings
from holytui.cli.terminal import draws_wide, slow_down_frames
from holytui.config import ConfigError, Settings, load_settings

UTF8 = {"LANG": "C.UTF-8"}


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A pty: the terminal's end, and the program's."""
    terminal, program = pty.openpty()
    yield terminal, program
    os.close(terminal)
    os.close(program)


def answering(terminal: int, reply: bytes) -> threading.Thread:
    """A terminal that is asked where its cursor is, and says so."""

    def answer() -> None:
        heard = b""
        while b"\x1b[6n" not in heard:
            heard += os.read(terminal, 64)
        os.write(terminal, reply)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("reply", "wide"),
    [(b"\x1b[1;2R", False), (b"\x1b[12;3R", True), (b"typed ahead\x1b[1;3R", True), (b"nonsense\x1b[;R", False)],
    ids=["one cell", "two cells", "after typed keys", "no answer"],
)
def test_a_terminal_tells_how_wide_it_draws(ends: tuple[int, int], reply: bytes, wide: bool) -> None:  # a fact
    terminal, program = ends
    thread = answering(terminal, reply)
    assert draws_wide(program, program, seconds=0.5) is wide
    thread.join(5)


def test_a_silent_terminal_is_a_usual_one_and_is_left_as_it_was(ends: tuple[int, int]) -> None:
    import termios

    _, program = ends
    before = termios.tcgetattr(program)
    began = time.monotonic()
    assert not draws_wide(program, program, seconds=0.05)
    assert time.monotonic() - began < 5
    assert termios.tcgetattr(program) == before


def test_what_is_no_terminal_draws_nothing_wide(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        assert not draws_wide(file.fileno(), file.fileno())
    assert (tmp_path / "file").read_bytes() == b""


def test_ascii_is_for_those_who_ask_for_it_and_where_nothing_else_is_spoken(tmp_path: Path) -> None:
    home = {"HOLYTUI_CONFIG_DIR": str(tmp_path)}
    assert not load_settings(home).ascii
    assert load_settings({**home, "HOLYTUI_ASCII": "1"}).ascii
    (tmp_path / "config.toml").write_text("ascii = true\nbell = true\nmouse = false\n", "utf-8")
    told = load_settings(home)
    assert (told.ascii, told.bell, told.mouse, told.notes) == (True, True, False, ())
    assert ui_settings(told, UTF8).ascii
    assert ui_settings(told, UTF8).bell
    assert (ui_settings(told, UTF8).mouse, ui_settings(Settings(), UTF8).mouse) == (False, True)
    assert not ui_settings(Settings(), UTF8).ascii
    assert ui_settings(Settings(), {"LANG": "C"}).ascii
    assert ui_settings(Settings(), {"LANG": "C", "LC_CTYPE": "C.UTF-8"}).ascii, "Python put that there"
    assert not ui_settings(Settings(), {"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}).ascii
    assert not ui_settings(Settings(), {"LC_CTYPE": "C.UTF-8"}).ascii
    (tmp_path / "config.toml").write_text('bell = "loud"\n', "utf-8")
    with pytest.raises(ConfigError, match="bell: expected true or false"):
        load_settings(home)


def test_over_ssh_fewer_frames_are_drawn_unless_the_user_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEXTUAL_FPS", raising=False)
    slow_down_frames(UTF8)
    assert "TEXTUAL_FPS" not in os.environ
    slow_down_frames({**UTF8, "SSH_CONNECTION": "1 2 3 4"})
    assert os.environ["TEXTUAL_FPS"] == "15"
    monkeypatch.setenv("TEXTUAL_FPS", "30")
    slow_down_frames({**UTF8, "SSH_TTY": "/dev/pts/1"})
    assert os.environ["TEXTUAL_FPS"] == "30"


def test_a_keymap_with_an_id_that_no_action_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    ui_settings(Settings(keymap={"run.pause": ("f5",), "retry_al": ("f6",), "stop": ("f7",)}), UTF8)
    told = capsys.readouterr().err
    assert 'no action is called "run.pause"; did you mean pause?' in told
    assert 'no action is called "retry_al"; did you mean retry_all?' in told
    assert "stop" not in told
