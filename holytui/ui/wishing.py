"""What a person wishes beside a job file, in preflight: a budget, a key, where it runs; asked, and kept by the desk."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from holytui.core.estimate_words import budget_note
from holytui.core.spread import Range
from holytui.offload import offload
from holytui.runs.desk import DeskError, JobSource, Preview
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.triage import amount_of, no_amount

if TYPE_CHECKING:
    from holytui.ui.screens.base import HolyScreen


class Wishing:
    """The questions over one preflight; what comes of each is shown there."""

    def __init__(
        self, screen: "HolyScreen", shown: Callable[[Preview], None], failed: Callable[[JobSource, str], None]
    ) -> None:
        """Ask for a screen.

        Args:
            screen: over which it is asked.
            shown: told the preview with the wish in it.
            failed: told why there is none any more.
        """
        self._screen = screen
        self._shown = shown
        self._failed = failed
        self.choosing = False
        """Where it runs is being changed."""

    def key(self, source: JobSource, preview: Preview, given: Callable[[], None]) -> None:
        """A key for this session, kept in memory only; `given` is told before it is shown."""
        sentences = [
            f"The key for {preview.variable or 'the provider'}, for this session of holytui.",
            "It is not shown and goes to no file; whoever runs this job in the background gets it too.",
            "",
        ]

        def answered(text: str | None) -> None:
            if text is not None:
                given()
                self._wish(partial(self._screen.holy.desk.wish, source, preview, api_key=text.strip()), source)

        dialog = AskLine(self._screen.pen(68), sentences, verb="use it", check=no_key, secret=True)
        self._screen.app.push_screen(dialog, answered)

    def budget(self, source: JobSource, preview: Preview) -> None:
        """A budget for this run, as `--budget` gives it; the job file stays as it is."""
        budget = preview.estimate.budget_usd
        sentences = ["The budget of this job in USD, from its first request on. Its file stays as it is.", ""]

        def answered(text: str | None) -> None:
            if text is not None:
                self._wish(partial(self._screen.holy.desk.wish, source, preview, budget_usd=amount_of(text)), source)

        def note(text: str) -> str:
            spent, cost = preview.spent.usd or 0.0, preview.estimate.cost
            return budget_note(amount_of(text), spent, None if cost is None else cost + Range(spent, spent, spent))

        value = "" if budget is None else f"{budget:g}"
        dialog = AskLine(self._screen.pen(68), sentences, value=value, check=no_amount, note=note)
        self._screen.app.push_screen(dialog, answered)

    def _wish(self, wish: Callable[[], Preview], source: JobSource) -> None:
        try:
            self._shown(wish())
        except DeskError as error:
            self._failed(source, str(error))

    async def executor(self, source: JobSource, preview: Preview) -> None:
        """The other way round: here or on workers. In a thread: what talks to workers is imported the first time."""
        self.choosing = True
        wish = partial(self._screen.holy.desk.wish, source, preview, on_workers=not preview.on_workers)
        try:
            self._shown(await offload(wish, "holytui-executor"))
        except DeskError as error:
            self._screen.say(str(error), bad=True)
        finally:
            self.choosing = False


def no_key(text: str) -> str:
    """Why a text cannot be a key; empty where it can. The text itself is never in it."""
    key = text.strip()
    if not key:
        return "a key, please; esc leaves it"
    return "" if key.isascii() and key.isprintable() and " " not in key else "a key has no blanks or special signs"
