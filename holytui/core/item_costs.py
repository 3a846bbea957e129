"""What items of a session cost, one by one: how far a projection from them may be off."""

from holytui.core.pricing import Money
from holytui.core.progress import Counters
from holytui.core.spread import Spread


class ItemCosts:
    """Adds requests up until their item is closed; only this session's, for only these are known one by one."""

    def __init__(self) -> None:
        self._open: dict[int, float] = {}
        self._closed = Spread()

    def spent(self, index: int, cost: Money) -> None:
        """A request of an item ended; an unknown cost is told by the projection, which is unknown then."""
        self._open[index] = self._open.get(index, 0.0) + (cost.usd or 0.0)

    def closed(self, index: int) -> None:
        """The item has its result."""
        self._closed = self._closed.add(self._open.pop(index, 0.0))

    def band(self, projected: Money, counters: Counters, enough: int) -> tuple[float, float] | None:
        """USD from and to which the whole job will cost, around what is projected.

        Args:
            projected: for the whole job.
            counters: as of the projection.
            enough: items below which nothing is said.
        """
        if projected.usd is None or not counters.pending or self._closed.count < enough:
            return None
        more = self._closed.more(counters.pending)
        margin = more.high - more.mid
        low = max(counters.spend.known_usd, projected.usd - margin)
        return low, max(low, projected.usd + margin)
