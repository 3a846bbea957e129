"""The money a job may spend: what a request can cost at most is set aside before it is sent."""


class Budget:
    """Spent and reserved USD against a limit; without a limit everything fits."""

    def __init__(self, limit_usd: float | None, spent_usd: float) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0

    def fits(self, bound_usd: float) -> bool:
        """Whether a request of at most this cost stays within the limit, whatever is in flight."""
        if self.limit_usd is None:
            return True
        return self.spent_usd + self.reserved_usd + bound_usd <= self.limit_usd

    def reserve(self, bound_usd: float) -> None:
        self.reserved_usd += bound_usd

    def settle(self, bound_usd: float, cost_usd: float) -> None:
        """A request ended: its bound is free again, its cost is spent."""
        self.reserved_usd = max(0.0, self.reserved_usd - bound_usd)
        self.spent_usd += cost_usd
