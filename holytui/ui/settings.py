"""What the terminal UI is opened with, and how it ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual.theme import Theme

FAST_S, SLOW_S = 0.5, 1.0


@dataclass(frozen=True, slots=True)
class UiSettings:
    """What the user and the terminal decide.

    Attributes:
        themes: by name; `theme` is one of them.
        keymap: keys by action id, comma-separated; they replace the action's own.
        fast_s, slow_s: seconds between two drawings of a run, and of the list of jobs.
        bell: ring when a run stops by itself or ends.
        mouse: take clicks and the wheel from the terminal.
        notice: said once at the start.
        other_folders: checkpoint folders used before, told where this one is empty.
    """

    themes: Mapping[str, Theme]
    theme: str
    keymap: Mapping[str, str] = field(default_factory=dict)
    ascii: bool = False
    bell: bool = False
    mouse: bool = True
    fast_s: float = FAST_S
    slow_s: float = SLOW_S
    notice: str = ""
    other_folders: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class UiExit:
    """How the UI ended.

    Attributes:
        code: for the shell.
        lines: left in the scrollback.
    """

    code: int
    lines: tuple[str, ...] = ()
