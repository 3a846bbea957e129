"""What opens over any screen: the keys, the palette, the themes."""

from dataclasses import replace
from typing import TYPE_CHECKING

from holytui.ui.commands import entries_of
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.help import HelpScreen
from holytui.ui.screens.palette import Entry, PaletteScreen
from holytui.ui.screens.themes import ThemesScreen

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp


class Overlays:
    """Opens them; holds no state."""

    def __init__(self, app: "HolytuiApp") -> None:
        self._app = app

    def help(self) -> None:
        """Every key of the screen below, as it is bound."""
        screen = self._app.screen
        if isinstance(screen, HolyScreen):
            self._app.push_screen(HelpScreen(screen.pen(), screen.registered(), self._app.settings.keymap))

    def themes(self) -> None:
        """Choose a theme by trying it on."""
        app, pen = self._app, self._app.dialog_pen()

        def kept(name: str | None) -> None:
            if name is not None:
                app.say(f'theme = "{name}" in config.toml keeps it')

        names = sorted(app.settings.themes)
        app.push_screen(ThemesScreen(lambda: replace(pen, palette=app.palette), names, app.theme, app.wear), kept)

    def palette(self) -> None:
        """Everything that can be done here, by a few letters."""
        screen = self._app.screen
        if not isinstance(screen, HolyScreen):
            return

        def chosen(entry: Entry | None) -> None:
            if entry is not None:
                entry.run()

        self._app.push_screen(PaletteScreen(self._app.dialog_pen(), entries_of(self._app, screen)), chosen)
