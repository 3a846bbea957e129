"""What all screens share: the pen, the footer, the route of movement keys to the list that has them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from rich.style import Style
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from holytui.ui.actions import Action, key_of, of_screen
from holytui.ui.draw.pen import Pen
from holytui.ui.panels.panel import Movable
from holytui.ui.theme import Palette
from holytui.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp


GAP = 3
"""Cells between the verbs of the footer."""


class HolyScreen(Screen[None]):
    """A screen of holytui; `name_in_registry` is its name in `ui/actions.py`."""

    name_in_registry = ""
    AUTO_FOCUS: ClassVar[str | None] = None
    _told = ""

    @property
    def holy(self) -> "HolytuiApp":
        return cast("HolytuiApp", self.app)

    @property
    def palette(self) -> Palette:
        return self.holy.palette

    @property
    def in_sight(self) -> bool:
        """Whether a person sees it: on top, or under a dialog. Textual's `is_current` counts one more, a hidden one."""
        for screen in reversed(self.app.screen_stack):
            if screen is self:
                return True
            if not isinstance(screen, ModalScreen):
                break
        return False

    def pen(self, width: int | None = None) -> Pen:
        """A pen for this screen's width."""
        return Pen(self.palette, width or max(20, self.size.width), self.holy.settings.ascii)

    def cursor_style(self) -> Style:
        return self.palette.cursor

    def repaint(self) -> None:
        """Draw everything anew: the size or the theme is another."""

    def on_resize(self) -> None:
        self.repaint()

    def the_list(self) -> Movable | None:
        """The list that movement keys go to."""
        return None

    def action_down(self) -> None:
        self._move(1)

    def action_up(self) -> None:
        self._move(-1)

    def action_top(self) -> None:
        if (lines := self.the_list()) is not None:
            lines.move_to(0)

    def action_bottom(self) -> None:
        if (lines := self.the_list()) is not None:
            lines.move_to(lines.count - 1, direction=-1)

    def action_page_down(self) -> None:
        if (lines := self.the_list()) is not None:
            self._move(lines.half_page())

    def action_page_up(self) -> None:
        if (lines := self.the_list()) is not None:
            self._move(-lines.half_page())

    def _move(self, by: int) -> None:
        if (lines := self.the_list()) is not None:
            lines.move(by)

    def available(self) -> Iterable[tuple[str, str]]:
        """(action id, verb) pairs that make sense now, for the footer; the registry's labels by default.

        Two actions with one verb stand in one id with a blank between: `more fewer`.
        """
        for action in self.registered():
            if action.label:
                yield action.id, action.label

    def spare(self) -> Iterable[str]:
        """Ids of what the footer does without first where there is no room for all; then what stands last."""
        return ()

    def answers(self, action_id: str) -> DOMNode:  # noqa: ARG002  # a screen with panels asks them
        """Who does an action: the screen, or a part of it."""
        return self

    def registered(self) -> list[Action]:
        return of_screen(self.name_in_registry)

    def draw_footer(self) -> None:
        """Write the footer: what fits, the verbs that fit the moment."""
        shown = [(ids, keys, verb) for ids, verb in self.available() if (keys := self._keys_of(ids))]
        spare = list(self.spare())
        while shown and 1 + sum(len(keys) + 1 + len(verb) + GAP for _, keys, verb in shown) - GAP > self.size.width - 1:
            least = next((name for name in spare if any(ids == name for ids, _, _ in shown)), shown[-1][0])
            shown = [entry for entry in shown if entry[0] != least]
        line = self.pen().line().gap(1)
        for _, keys, verb in shown:
            line.add(f"{keys} ", self.palette.accent).add(verb + " " * GAP, self.palette.muted)
        self.query_one("#footer", Lines).show([line.done()])

    def _keys_of(self, ids: str) -> str:
        keymap = self.holy.settings.keymap
        return " ".join(filter(None, (key_of(action_id, keymap) for action_id in ids.split())))

    def say(self, text: str, *, bad: bool = False) -> None:
        """One toast at a time."""
        self.holy.say(text, bad=bad)

    def complain(self, error: Exception) -> None:
        """Say once why something cannot be read any more; what was read stays on the screen."""
        if str(error) != self._told:
            self._told = str(error)
            self.say(self._told, bad=True)

    def lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)
