"""Who would take a job's items, asked again and again beside the screen that tells it."""

from collections.abc import Callable, Sequence

from holytui.core.workers import WorkerSeen
from holytui.offload import offload
from holytui.runs.desk import Desk, DeskError

EVERY_S = 2.0
"""Seconds between two questions; one that is not answered yet is not asked again."""


class Roster:
    """The last that is known."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """Know nothing yet.

        Args:
            changed: told when an answer has come.
        """
        self._changed = changed
        self._asking = False
        self.workers: Sequence[WorkerSeen] | None = None
        """None: not known yet, or not to be had."""
        self.problem = ""
        """Why they cannot be asked for."""

    async def look(self, desk: Desk) -> None:
        """Ask in a thread that nobody waits for: a Redis that is silent must hold neither the screen nor the end."""
        if self._asking:
            return
        self._asking = True
        try:
            self.workers, self.problem = await offload(desk.workers, "holytui-roster"), ""
        except DeskError as error:
            self.workers, self.problem = None, str(error)
        finally:
            self._asking = False
        self._changed()
