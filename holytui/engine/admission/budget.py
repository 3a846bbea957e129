"""The money a job may spend: what a request can cost at most is set aside before it is sent.

What is set aside is also on disk before it is sent, as a mark that only rises: a process that is killed cannot say
what became of its requests, so the next one takes the mark for spent.
"""

from collections.abc import Callable


class Budget:
    """Spent and reserved USD against a limit; without a limit everything fits."""

    def __init__(
        self, limit_usd: float | None, spent_usd: float, *, raise_mark: Callable[[float], None] | None = None
    ) -> None:
        """Open the purse.

        Args:
            limit_usd: what may be spent in all; None: no limit.
            spent_usd: what has been.
            raise_mark: asked to put a higher mark on disk; it answers by `marked`. None: no mark is kept.
        """
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0
        self._raise_mark = raise_mark
        self._mark_usd = 0.0
        self._asked_usd = 0.0

    def fits(self, bound_usd: float) -> bool:
        """Whether a request of at most this cost stays within the limit, whatever is in flight."""
        if self.limit_usd is None:
            return True
        return self.spent_usd + self.reserved_usd + bound_usd <= self.limit_usd

    def covered(self, bound_usd: float, more_usd: float) -> bool:
        """Whether the mark on disk covers one more request; if not, a higher one is asked for.

        Args:
            bound_usd: of the request.
            more_usd: of those that stand behind it and could go with it, for one write covers all.
        """
        if self.limit_usd is None or self._raise_mark is None:
            return True
        needed = self.reserved_usd + bound_usd
        if needed <= self._mark_usd:
            return True
        if needed > self._asked_usd:
            self._asked_usd = max(needed, min(needed + more_usd, self.limit_usd - self.spent_usd))
            self._raise_mark(self._asked_usd)
        return False

    def marked(self, usd: float) -> None:
        """So much is on disk as set aside."""
        self._mark_usd = max(self._mark_usd, usd)

    def reserve(self, bound_usd: float) -> None:
        self.reserved_usd += bound_usd

    def settle(self, bound_usd: float, cost_usd: float) -> None:
        """A request ended: its bound is free again, its cost is spent."""
        self.reserved_usd = max(0.0, self.reserved_usd - bound_usd)
        self.spent_usd += cost_usd
