"""What tests that draw pictures share: sizes, and waiting for what is read beside a screen."""

from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from holytui.ui.settings import UiExit

Compare = Callable[..., bool]
SMALL, MIDDLE, WIDE = (80, 24), (120, 40), (160, 45)


def then(*keys: str) -> Callable[[Pilot[UiExit]], Awaitable[None]]:
    """Wait for what is read beside the screen, press keys, wait again."""

    async def before(pilot: Pilot[UiExit]) -> None:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            while pilot.app.workers:  # what one of them found out may have started another
                await pilot.app.workers.wait_for_complete()
                await pilot.pause()
            await pilot.pause()

    return before
