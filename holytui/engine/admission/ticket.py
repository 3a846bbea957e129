"""The right to send one request, and the refusal of it."""

from dataclasses import dataclass, field

from holytui.engine.admission.upstream import Place


class TurnedAway(Exception):
    """No new attempt now: the job pauses or stops, or the provider is down; the item goes back to pending."""


@dataclass(slots=True)
class Ticket:
    """The right to send one request.

    Attributes:
        bound_usd: the most it can cost; tokens: what it is counted with.
        admitted_at: on the loop's clock.
        place: in the order of sending.
        alone: nothing else was to be sent beside it: a probe, or a look whether there is an outage.
        cost_usd: what it did cost; left at None it settles at the bound.
        used_tokens: what it did take; left at None it settles at what it was counted with.
    """

    bound_usd: float
    admitted_at: float
    tokens: float = 0.0
    place: Place = field(default_factory=lambda: Place(0, 0.0))
    alone: bool = False
    cost_usd: float | None = None
    used_tokens: int | None = None
