"""What was spent, by step and wasted, in digits that add up: the same on top of a run and in its panel."""

from collections.abc import Sequence
from dataclasses import dataclass

from holytui.core.display import usd
from holytui.core.progress import Snapshot, Spend
from holytui.core.sums import adding_up

STEPS = 4
"""Steps that are told apart, at most."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Amounts as they are written.

    Attributes:
        total: of all parts.
        steps: (name, model, amount) of each step; those that are too many are one.
        wasted: what brought no answer.
    """

    total: str
    steps: tuple[tuple[str, str, str], ...]
    wasted: str


def spent(snapshot: Snapshot) -> Spent:
    """Of a run; an amount is unknown as soon as one request of it is."""
    counters = snapshot.counters
    steps = [(name, model, counters.by_step.get(name, Spend())) for name, model in snapshot.step_models]
    named = {name for name, _, _ in steps}
    steps += [(name, "", spend) for name, spend in counters.by_step.items() if name not in named]
    if len(steps) > STEPS:
        others = steps[STEPS - 1 :]
        steps = [*steps[: STEPS - 1], (f"{len(others)} other steps", "", _together([spend for *_, spend in others]))]
    spends = [*(spend for *_, spend in steps), counters.wasted]
    total = _together(spends)
    written, parts = adding_up(total.known_usd, [spend.known_usd for spend in spends])
    if not counters.by_step or not float(written[1:].replace(",", "")):
        # Nothing to tell apart, or too little for the decimals of a sum.
        return Spent(usd(counters.spend.money), _rows(steps, parts), usd(counters.wasted.money))
    return Spent(_marked(total, written), _rows(steps, parts), _marked(counters.wasted, parts[-1]))


def _rows(steps: Sequence[tuple[str, str, Spend]], parts: Sequence[str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, model, _marked(spend, part)) for (name, model, spend), part in zip(steps, parts, strict=False))


def _together(spends: Sequence[Spend]) -> Spend:
    return Spend(
        sum(spend.reported for spend in spends),
        sum(spend.computed for spend in spends),
        sum(spend.estimated for spend in spends),
        sum(spend.unknown for spend in spends),
    )


def _marked(spend: Spend, written: str) -> str:
    if spend.unknown:
        return "—"
    return f"~{written}" if spend.estimated else written
