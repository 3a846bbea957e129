"""What a job would do and cost, before anything is spent."""

from dataclasses import dataclass
from typing import Any

from holytui.core.pricing import Price


@dataclass(frozen=True, slots=True)
class StepEstimate:
    """One step's share.

    Attributes:
        input_tokens, output_tokens: estimated, for all its requests together.
        low_usd, high_usd: None when no price is known.
    """

    step: str
    model: str
    requests: int
    input_tokens: int
    output_tokens: int
    low_usd: float | None
    high_usd: float | None
    price: Price | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A job before it runs.

    Attributes:
        items: in the input; readable: those that have text; unreadable ids stand in `problems`.
        pending: items that a run would send now (fewer than `items` on a resume).
        low_s, high_s: a guess at the duration in seconds at the job's concurrency.
        steps: what the pending items ask for.
        prompts: the first few rendered prompts as (item id, step, text); foreign text.
        simulated: nothing leaves this machine; the money is what list prices would come to.
    """

    name: str
    items: int
    readable: int
    pending: int
    problems: tuple[tuple[str, str], ...]
    steps: tuple[StepEstimate, ...]
    low_s: float
    high_s: float
    concurrency: int
    budget_usd: float | None
    prompts: tuple[tuple[str, str, str], ...]
    simulated: bool

    @property
    def requests(self) -> int:
        return sum(step.requests for step in self.steps)

    @property
    def low_usd(self) -> float | None:
        """USD, or None as soon as one step's price is unknown."""
        return _sum([step.low_usd for step in self.steps])

    @property
    def high_usd(self) -> float | None:
        """USD, or None as soon as one step's price is unknown."""
        return _sum([step.high_usd for step in self.steps])

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "items": self.items,
            "readable": self.readable,
            "pending": self.pending,
            "problems": [{"id": item, "problem": problem} for item, problem in self.problems],
            "requests": self.requests,
            "tokens": {
                "input": sum(step.input_tokens for step in self.steps),
                "output": sum(step.output_tokens for step in self.steps),
                "kind": "estimated",
            },
            "cost": {
                "low_usd": self.low_usd,
                "high_usd": self.high_usd,
                "kind": "unknown" if self.low_usd is None else "estimated",
            },
            "duration_s": {"low": self.low_s, "high": self.high_s},
            "concurrency": self.concurrency,
            "budget_usd": self.budget_usd,
            "simulated": self.simulated,
            "steps": [
                {
                    "step": step.step,
                    "model": step.model,
                    "requests": step.requests,
                    "tokens": {"input": step.input_tokens, "output": step.output_tokens},
                    "cost": {"low_usd": step.low_usd, "high_usd": step.high_usd},
                    "price_source": None if step.price is None else step.price.source,
                }
                for step in self.steps
            ],
        }


def _sum(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
