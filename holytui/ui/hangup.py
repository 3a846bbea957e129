"""A terminal that goes away takes nobody with it.

Textual writes in a thread of its own, through a queue of thirty. When the terminal is gone its write fails, the thread
ends, and whoever writes next waits for ever at the full queue: the app cannot even leave, and the run it holds neither
stops nor is recorded as interrupted. The kernel makes it likely: with SIGHUP it sends SIGCONT, on which Textual starts
its thread and a screenful of output anew.
"""

from typing import IO, Any

from textual.drivers.linux_driver import LinuxDriver


class WhileItLasts:
    """A file that swallows what is written to it once it has failed."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._gone = False

    def write(self, text: str) -> int:
        if not self._gone:
            try:
                return self._file.write(text)
            except OSError:
                self._gone = True
        return len(text)

    def flush(self) -> None:
        if not self._gone:
            try:
                self._file.flush()
            except OSError:
                self._gone = True

    def fileno(self) -> int:
        return self._file.fileno()


class HangupDriver(LinuxDriver):
    """Textual's driver, over such a file."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self._file is not None:
            self._file = WhileItLasts(self._file)  # type: ignore[assignment]  # the three methods that it calls
