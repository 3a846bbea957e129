"""What a job would do and cost, before anything is spent."""

from dataclasses import dataclass
from typing import Any

from holytui.core.pricing import Price, Usage
from holytui.core.spread import Range


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """One step's share.

    Attributes:
        input, output: tokens of all its requests together.
        price: of its model; None when nobody knows it.
        cached_share: of the input, as far as answers told.
        answers: how many the figures are made from; 0: a guess.
    """

    step: str
    model: str
    requests: int
    input: Range
    output: Range
    price: Price | None
    cached_share: float = 0.0
    answers: int = 0

    @property
    def cost(self) -> Range | None:
        """USD, or None when no price is known."""
        return None if self.price is None else self.cost_at(self.price)

    def cost_at(self, price: Price) -> Range:
        """USD at any price."""

        def usd(sent: float, brought: float) -> float:
            return price.cost(Usage(round(sent), round(brought), cached=round(sent * self.cached_share)))

        return Range(
            usd(self.input.low, self.output.low),
            usd(self.input.mid, self.output.mid),
            usd(self.input.high, self.output.high),
        )


@dataclass(frozen=True, slots=True)
class OtherModel:
    """The same job with all its steps on one other model, in USD."""

    model: str
    cost: Range


@dataclass(frozen=True, slots=True)
class Estimate:
    """A job before it runs.

    Attributes:
        items: in the input; readable: those that have text; unreadable ids stand in `problems`.
        pending: items that a run would send now (fewer than `items` on a resume).
        seconds: how long it takes at the job's concurrency.
        steps: what the pending items ask for.
        prompts: the first few rendered prompts as (item id, step, text); foreign text.
        simulated: nothing leaves this machine; the money is what list prices would come to.
        other_models: the same on one other model each, cheapest first.
    """

    name: str
    items: int
    readable: int
    pending: int
    problems: tuple[tuple[str, str], ...]
    steps: tuple[StepEstimate, ...]
    seconds: Range
    concurrency: int
    budget_usd: float | None
    prompts: tuple[tuple[str, str, str], ...]
    simulated: bool
    other_models: tuple[OtherModel, ...] = ()

    @property
    def requests(self) -> int:
        return sum(step.requests for step in self.steps)

    @property
    def input(self) -> Range:
        """Tokens of all steps."""
        return sum((step.input for step in self.steps), Range())

    @property
    def output(self) -> Range:
        """Tokens of all steps."""
        return sum((step.output for step in self.steps), Range())

    @property
    def cost(self) -> Range | None:
        """USD, or None as soon as one step's price is unknown."""
        costs = [step.cost for step in self.steps]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Range()) if len(known) == len(costs) else None

    @property
    def answers(self) -> int:
        """How many answers the worst known step is estimated from; 0: a guess."""
        return min((step.answers for step in self.steps), default=0)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models whose price nobody knows."""
        return tuple(dict.fromkeys(step.model for step in self.steps if step.price is None))

    def to_json(self) -> dict[str, Any]:
        cost = self.cost
        return {
            "name": self.name,
            "items": self.items,
            "readable": self.readable,
            "pending": self.pending,
            "problems": [{"id": item, "problem": problem} for item, problem in self.problems],
            "requests": self.requests,
            "tokens": {**_tokens(self.input, self.output), "kind": "estimated"},
            "cost": {**_usd(cost), "kind": "unknown" if cost is None else "estimated"},
            "unpriced": list(self.unpriced),
            "duration_s": {"low": self.seconds.low, "high": self.seconds.high},
            "answers": self.answers,
            "concurrency": self.concurrency,
            "budget_usd": self.budget_usd,
            "simulated": self.simulated,
            "steps": [_step_json(step) for step in self.steps],
            "other_models": [{"model": other.model, **_usd(other.cost)} for other in self.other_models],
        }


def _step_json(step: StepEstimate) -> dict[str, Any]:
    price = step.price
    return {
        "step": step.step,
        "model": step.model,
        "requests": step.requests,
        "tokens": _tokens(step.input, step.output),
        "cost": _usd(step.cost),
        "price_source": None if price is None else price.source,
        "price": None
        if price is None
        else {"input": price.input, "cached_input": price.cached_input, "output": price.output},
        "answers": step.answers,
    }


def _tokens(sent: Range, brought: Range) -> dict[str, int]:
    return {
        "input": round(sent.mid),
        "output": round(brought.mid),
        "input_low": round(sent.low),
        "input_high": round(sent.high),
        "output_low": round(brought.low),
        "output_high": round(brought.high),
    }


def _usd(cost: Range | None) -> dict[str, float | None]:
    return {"low_usd": None, "high_usd": None} if cost is None else {"low_usd": cost.low, "high_usd": cost.high}
