"""Runs items in this process, on the loop that hosts the run."""

from collections.abc import Sequence

from holytui.core.progress import InFlight
from holytui.core.work import Sink, Work
from holytui.engine.executor import Ending
from holytui.engine.steps import Bench, ItemRun


class LocalExecutor:
    """The executor of a single machine."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def run(self, work: Work, sink: Sink) -> Ending:
        """Take one item through its remaining steps."""
        return await ItemRun(self._bench, work, sink).run()

    def wanted(self, in_hand: int) -> int:
        """Items for which a slot is free now."""
        return self._bench.admission.wanted(in_hand)

    def in_flight(self) -> Sequence[InFlight]:
        """What is in hand, oldest first."""
        return self._bench.flights.view()

    async def aclose(self) -> None:
        """Close the provider's connections."""
        await self._bench.client.aclose()
