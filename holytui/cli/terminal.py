"""What is to be known of a terminal before the terminal UI opens on it."""

import contextlib
import os
import re
import select
import termios
import time
import tty
from collections.abc import Mapping

AMBIGUOUS = "●"
"""Two cells wide in some East Asian terminals, one everywhere else; so are the other glyphs of the screens."""

ASK_S = 0.3
"""For the answer of a terminal behind a slow link; one that never answers costs this much once."""

REMOTE_FPS = 15
"""Frames a second over SSH: a busy screen sends a fifth of the bytes, and keys are echoed as fast."""

_REPLY = re.compile(rb"\x1b\[(\d+);(\d+)R")


def is_remote(env: Mapping[str, str]) -> bool:
    """Whether this terminal is at the other end of an SSH link."""
    return "SSH_CONNECTION" in env or "SSH_TTY" in env


def slow_down_frames(env: Mapping[str, str]) -> None:
    """Let Textual draw fewer frames over SSH; before Textual is imported, for it reads this then."""
    if is_remote(env):
        os.environ.setdefault("TEXTUAL_FPS", str(REMOTE_FPS))


def draws_wide(read_from: int, write_to: int, seconds: float = ASK_S) -> bool:
    """Whether the terminal draws an ambiguous glyph two cells wide.

    Prints the glyph, asks for the cursor's column, and wipes the line; a terminal that does not answer in time is
    taken for a usual one.

    Args:
        read_from: descriptor of the terminal.
        write_to: the same, to write to.
        seconds: to wait for the answer.
    """
    try:
        before = termios.tcgetattr(read_from)
    except termios.error:
        return False
    try:
        tty.setcbreak(read_from, termios.TCSANOW)
        mode = termios.tcgetattr(read_from)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(read_from, termios.TCSANOW, mode)
        os.write(write_to, f"\r{AMBIGUOUS}\x1b[6n".encode())
        column = _column(read_from, seconds)
        os.write(write_to, b"\r\x1b[2K")
    except OSError:
        return False
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(read_from, termios.TCSANOW, before)
    return column == len(AMBIGUOUS) + 2


def _column(read_from: int, seconds: float) -> int | None:
    """The column of the reply, from 1; None when none came."""
    heard, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if not select.select([read_from], [], [], left)[0]:
            break
        part = os.read(read_from, 64)
        if not part:
            break
        heard += part
        if (reply := _REPLY.search(heard)) is not None:
            return int(reply[2])
    return None
