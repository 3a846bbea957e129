"""What the same job would cost if all its steps ran on one other model.

Taken for granted: the other model makes as many tokens of the prompts, answers as long, and finds as much of them in
its cache, at its own price for cached input. Retries and lost streams come along as they were.
"""

from collections.abc import Mapping, Sequence

from holytui.core.estimate import OtherModel, StepEstimate
from holytui.core.pace import ENOUGH_RESULTS
from holytui.core.pricing import Price, PriceBook
from holytui.core.progress import Counters, ModelCost
from holytui.core.spread import Range


def before_running(steps: Sequence[StepEstimate], book: PriceBook) -> tuple[OtherModel, ...]:
    """The cost on each known model that the job does not run on as a whole, cheapest first."""
    costs = []
    for model, price in _others(book, [step.model for step in steps]).items():
        cost = sum((step.cost_at(price) for step in steps), Range())
        costs.append(OtherModel(model, cost))
    return tuple(sorted(costs, key=lambda other: (other.cost.mid, other.model)))


def while_running(counters: Counters, models: Sequence[str], book: PriceBook) -> tuple[ModelCost, ...]:
    """The whole job's cost on each known model that it does not run on, cheapest first.

    From the tokens of all requests so far, retries included, and what is still to come like what is done.

    Args:
        counters: of the job; nothing is said before there are results enough.
        models: of its steps.
        book: its prices.
    """
    done = counters.succeeded + counters.failed
    tokens = counters.tokens
    if not done or not (tokens.input or tokens.output) or (counters.pending and done < ENOUGH_RESULTS):
        return ()
    scale = counters.total / done
    costs = [ModelCost(model, price.cost(tokens) * scale) for model, price in _others(book, models).items()]
    return tuple(sorted(costs, key=lambda other: (other.usd, other.model)))


def _others(book: PriceBook, models: Sequence[str]) -> Mapping[str, Price]:
    """Every known model but the one that all steps use already."""
    used = {book.listed_name(model) for model in models}
    return {model: price for model, price in book.known().items() if used != {model}}
