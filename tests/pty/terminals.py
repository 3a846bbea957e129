"""A real terminal for tests: holytui on a pty, its screen as a person would see it."""

import os
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte

from tests.processes import HOLYTUI, PATIENCE_S, environment

COLUMNS, ROWS = 80, 24
SET_ELSEWHERE = {
    "COLUMNS",
    "LINES",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "NO_COLOR",
    "COLORTERM",
    "LC_ALL",
    "LC_CTYPE",
}
"""What the terminal of whoever runs the tests has set, or pytest for its workers, says nothing about ours."""

LEAVES_ALTERNATE_SCREEN = "\x1b[?1049l"


class _Answering(pyte.Screen):
    """A screen that answers what it is asked, such as where its cursor is."""

    def __init__(self, child: "pexpect.spawn[str]") -> None:
        super().__init__(COLUMNS, ROWS)
        self._child = child

    def write_process_input(self, data: str) -> None:
        self._child.send(data)


class Terminal:
    """One program on a pty of 80x24."""

    def __init__(self, child: "pexpect.spawn[str]") -> None:
        self._child = child
        self._screen = _Answering(child)
        self._stream = pyte.Stream(self._screen)
        self.output = ""

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def spoil(self, text: str) -> None:
        """Write on the screen as another program would."""
        self._stream.feed(text)

    def press(self, *keys: str) -> None:
        for key in keys:
            self._child.send(key)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, as a window that is dragged does."""
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signal(self, number: signal.Signals) -> None:
        self._child.kill(number)

    def wait_for(self, *words: str, seconds: float = PATIENCE_S) -> None:
        """Read until all of these are on the screen."""
        until = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < until, f"{words} never came; the screen:\n{self.text}"
            assert self._read(), f"it ended before {words} came; the screen:\n{self.text}"

    def wait_until(self, seen: Callable[[], bool], what: str, seconds: float = PATIENCE_S) -> None:
        """Read until this is so."""
        until = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < until, f"not seen: {what}; the screen:\n{self.text}"
            assert self._read(), f"it ended; the screen:\n{self.text}"

    def wait_until_gone(self, words: str, seconds: float = PATIENCE_S) -> None:
        """Read until this is no longer on the screen."""
        until = time.monotonic() + seconds
        while words in self.text:
            assert time.monotonic() < until, f"{words!r} stayed; the screen:\n{self.text}"
            assert self._read(), f"it ended; the screen:\n{self.text}"

    def read_for(self, seconds: float) -> int:
        """Read for so long; the bytes that came."""
        before, until = len(self.output), time.monotonic() + seconds
        while time.monotonic() < until:
            assert self._read(), f"it ended; the screen:\n{self.text}"
        return len(self.output[before:].encode())

    def wait_for_end(self, seconds: float = PATIENCE_S) -> int:
        """Read to the end; the exit code, as a shell would see it."""
        until = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < until, f"it did not end; the screen:\n{self.text}"
        self._child.close()
        return self._child.exitstatus if self._child.exitstatus is not None else 128 + (self._child.signalstatus or 0)

    def kill(self) -> None:
        """SIGKILL the program, and wait until it is gone."""
        self._child.kill(signal.SIGKILL)
        self._child.wait()

    def hang_up(self) -> int:
        """Close the terminal, as a dropped link does; the exit code of what ran in it."""
        self._child.ptyproc.fileobj.close()
        _, status = os.waitpid(self._child.pid, 0)
        self._child.terminated = self._child.ptyproc.terminated = True
        return os.waitstatus_to_exitcode(status)

    def _read(self) -> bool:
        try:
            data = self._child.read_nonblocking(65_536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.output += data
        self._stream.feed(data)
        return True


@contextmanager
def terminal(cwd: Path, arguments: Sequence[str | Path] = (), **env: str) -> Iterator[Terminal]:
    """Holytui with these arguments; killed at the end if it still lives."""
    with program(cwd, [*HOLYTUI, *map(str, arguments)], env) as screen:
        yield screen


@contextmanager
def shell(cwd: Path, **env: str) -> Iterator[Terminal]:
    """An interactive shell with job control, whose prompt is `shell>`."""
    with program(cwd, ["bash", "--norc", "--noprofile", "-i"], {"PS1": "shell> ", **env}) as screen:
        screen.wait_for("shell>")
        yield screen


def command(arguments: Sequence[str | Path] = ()) -> str:
    """Holytui with these arguments, to be typed into a shell."""
    return shlex.join([*HOLYTUI, *map(str, arguments)])


@contextmanager
def program(cwd: Path, line: Sequence[str], env: Mapping[str, str]) -> Iterator[Terminal]:
    """Any program on a terminal of its own; killed at the end if it still lives."""
    variables = environment(**{"TERM": "xterm-256color", "LANG": "C.UTF-8", **env})
    for name in SET_ELSEWHERE - env.keys():
        variables.pop(name, None)
    child = pexpect.spawn(
        line[0],
        list(line[1:]),
        cwd=str(cwd),
        env=variables,
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        codec_errors="replace",
        timeout=PATIENCE_S,
    )
    try:
        yield Terminal(child)
    finally:
        # pexpect waits a tenth of a second after its own SIGKILL, which a busy machine may need longer for.
        if child.isalive():
            child.kill(signal.SIGKILL)
            child.wait()
        child.close(force=True)
