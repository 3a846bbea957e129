"""What an app owes its terminal: no more bytes than it must, any size, one message at a time, the way to the shell."""

import shutil
import time

from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from holytui.ui.hangup import HangupDriver
from holytui.ui.painted import Painted
from holytui.ui.settings import UiExit

LOOK_AT_SIZE_S = 0.5
SHOWN_S, SHOWN_BAD_S = 4, 8
"""Seconds that a message stays."""


class TerminalApp(App[UiExit]):
    """Knows nothing of jobs."""

    def __init__(self, *, ascii: bool) -> None:  # noqa: A002  # the setting's name
        """Build the app; `ascii`: nothing else is sent to the terminal."""
        super().__init__()
        self._painted = Painted(ascii=ascii)
        self._said_bad = False
        self._said = ("", 0, 0.0)
        """The toast of now, how often it was said, and until when it is shown on the monotonic clock."""

    def get_driver_class(self) -> type[Driver]:
        """Textual's, but for terminals that may go away."""
        found = super().get_driver_class()
        return HangupDriver if found is LinuxDriver else found

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _: self._painted.forget())
        self.set_interval(LOOK_AT_SIZE_S, self._look_at_size)

    @property
    def defect(self) -> Exception | None:
        """What ended the app, where nobody foresaw it."""
        return self._exception

    def _fatal_error(self) -> None:
        """End; whoever ran the app tells of the defect. Textual would show all variables, and one may hold a key."""
        self._close_messages_no_wait()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send the terminal what is not on it already."""
        if isinstance(renderable, CompositorUpdate):
            renderable = self._painted.changes(renderable, self.size)
        super()._display(screen, renderable)

    def on_resize(self) -> None:
        """A terminal that changed its size shows what it likes, even when it comes back to the size it had."""
        self.action_redraw()

    def action_redraw(self) -> None:
        """Send everything: another program may have written over it."""
        self._painted.forget()
        self.screen.refresh()

    def _look_at_size(self) -> None:
        """Linux signals a new size before it can be read: of a window that is dragged the last may be missed."""
        if self.is_headless or self.is_web:
            return
        seen = Size(*shutil.get_terminal_size(fallback=self.size))
        if seen != self.size:
            self.post_message(Resize(seen, seen))

    def say(self, text: str, *, bad: bool = False) -> None:
        """One toast at a time; what is said again while it is shown is counted."""
        at, seconds = time.monotonic(), SHOWN_BAD_S if bad else SHOWN_S
        before, times, until = self._said
        times = times + 1 if text == before and at < until else 1
        self._said = text, times, at + seconds
        self._said_bad = bad
        self.clear_notifications()
        severity = "error" if bad else "information"
        shown = text if times == 1 else f"{text}   x{times}"
        self.notify(shown, severity=severity, markup=False, timeout=seconds)  # type: ignore[arg-type]  # a literal type

    def hush(self) -> None:
        """Another screen opens: what was said of the one before is over, unless something went wrong."""
        if not self._said_bad:
            self._said = ("", 0, 0.0)
            self.clear_notifications()

    def action_suspend(self) -> None:
        self.action_suspend_process()
