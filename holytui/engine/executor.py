"""The seam between the runner and whatever runs items: here (`local`) or on other machines."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from holytui.core.progress import InFlight
from holytui.core.work import Sink, Work


class Ending(StrEnum):
    """How the executor is done with an item."""

    CLOSED = "closed"
    """An outcome that closes it was given to the sink."""
    RETURNED = "returned"
    """It goes back to pending: a pause, a stop or the breaker."""


class Executor(Protocol):
    """Runs items. Tells the sink what happens, never touches the checkpoint."""

    async def run(self, work: Work, sink: Sink) -> Ending:
        """Take one item through its remaining steps. Cancelling it cancels its requests."""

    def wanted(self, in_hand: int) -> int:
        """Items that could be taken up now beside those in hand."""

    def in_flight(self) -> Sequence[InFlight]:
        """What is in hand, oldest first; safe from any thread."""

    async def aclose(self) -> None:
        """Free connections."""
