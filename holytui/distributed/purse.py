"""The money that a worker may spend: what came with the slices that it has in hand."""

from holytui.engine.admission.budget import Budget

ROUNDING_USD = 1e-9
"""By so much sums of the same bounds may differ, taken in another order; no request is as cheap."""


class Purse(Budget):
    """One for all slices of a session: a request that is sent again may take what another item left.

    Its limit is what is left, spent money is gone from it: so its figures stay as small as what is in hand, and what
    was rounded does not add up.
    """

    def __init__(self) -> None:
        """Empty."""
        super().__init__(0.0, 0.0)
        self._own_usd: dict[str, float] = {}

    @property
    def left_usd(self) -> float:
        """USD that may still be spent, what is in flight included."""
        return self.limit_usd or 0.0

    def fits(self, bound_usd: float) -> bool:
        return self.reserved_usd + bound_usd <= self.left_usd + ROUNDING_USD

    def settle(self, bound_usd: float, cost_usd: float) -> None:
        super().settle(bound_usd, 0.0)
        self.limit_usd = self.left_usd - cost_usd

    def put_in(self, name: str, usd: float) -> None:
        """A slice came, with so much."""
        self.limit_usd = self.left_usd + usd if self._own_usd else usd
        self._own_usd[name] = usd

    def used_by(self, name: str, usd: float) -> None:
        """A request of a slice cost so much."""
        if name in self._own_usd:
            self._own_usd[name] -= usd

    def take_out(self, name: str) -> None:
        """A slice is over: the owner has back what it left.

        What it used beyond its own it took from the others, which leave less by that: never more is left here than
        the slices in hand have of their own.
        """
        del self._own_usd[name]
        self.limit_usd = min(self.left_usd, sum(max(0.0, usd) for usd in self._own_usd.values()))
