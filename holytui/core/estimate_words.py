"""An estimate in words, the same in the terminal UI and in plain lines."""

from holytui.core.display import about_usd, count, dollars, span, usd_pair
from holytui.core.estimate import Estimate, StepEstimate
from holytui.core.spread import Range

SIMULATED = "none: simulated, nothing leaves this machine"


def tokens_words(estimate: Estimate) -> str:
    """Tokens in and out, and what they are estimated from."""
    return f"{tokens_range(estimate.input)} in, {tokens_range(estimate.output)} out, {basis(estimate.answers)}"


def cost_words(estimate: Estimate) -> str:
    """From and to, with where the prices come from; or why there is none, and what would give one."""
    if estimate.simulated:
        return SIMULATED
    cost = estimate.cost
    if cost is None:
        return unpriced_words(estimate)
    sources = dict.fromkeys(step.price.source for step in estimate.steps if step.price is not None)
    return ", ".join([usd_range(cost), *sources])


def unpriced_words(estimate: Estimate) -> str:
    """Which models have no price, and the keys that give one."""
    models = estimate.unpriced
    tables = f'[prices."{models[0]}"] in config.toml or [provider.prices."{models[0]}"] in the job file sets one'
    return f"unknown: no price for {', '.join(models)}; {tables}"


def time_words(estimate: Estimate) -> str:
    """From and to at the job's concurrency, and what it is estimated from."""
    seconds = estimate.seconds
    low, high = span(seconds.low), span(seconds.high)
    band = "under 1 s" if seconds.high < 1 else low if low == high else f"{low} to {high}"
    return f"{band} at {estimate.concurrency} in flight, {basis(estimate.answers)}"


def again_words(estimate: Estimate, cost: Range | None) -> str:
    """What asking all again costs, where steps have changed."""
    if estimate.simulated:
        return "simulated: not charged"
    return "cost unknown" if cost is None else about_usd(cost.mid)


def pending_words(estimate: Estimate) -> str:
    """What is asked when the answers to an older text are kept, and what that costs."""
    if not estimate.pending:
        return "nothing is asked now"
    are = "is" if estimate.pending == 1 else "are"
    return f"{count(estimate.pending)} pending {are} asked, {again_words(estimate, estimate.cost)}"


def first_words(estimate: Estimate, items: int) -> str:
    """What so many of the pending items cost."""
    cost = estimate.cost
    if estimate.simulated:
        return "simulated: not charged"
    if cost is None or not estimate.pending:
        return "cost unknown"
    return f"about {dollars(cost.mid * items / estimate.pending)}"


def budget_note(budget: float, spent: float | None, end: Range | None) -> str:
    """What comes of a budget that is too small; empty where it is not, or nobody can tell.

    Args:
        budget: in USD, for the whole job.
        spent: so far, in USD; None: nobody knows.
        end: what the whole job comes to, in USD, what is spent among it.
    """
    if spent and budget <= spent:
        return f"{dollars(spent)} is spent already: the job would stop at once"
    if end is None or budget >= end.high:
        return ""
    ends = "would" if budget < end.low else "may"
    return f"below the estimate of {usd_range(end)}: it {ends} stop early"


def basis(answers: int) -> str:
    """What figures rest on."""
    return f"from {count(answers)} answers" if answers else "a guess until it runs"


def usd_range(cost: Range) -> str:
    """`$0.90 to $1.30`; one figure where both are written alike."""
    low, high = usd_pair(cost.low, cost.high)
    return low if low == high else f"{low} to {high}"


def ratio_words(estimate: Estimate, cost: Range) -> str:
    """How another model's cost compares with the job's own: `-38%`, `x5.2`; empty where there is nothing to compare."""
    own = estimate.cost
    if own is None or own.mid <= 0:
        return ""
    return ratio(cost.mid / own.mid)


def ratio(share: float) -> str:
    """A share of the job's own cost: `-38%`, `+12%`, and from twice as much on `x5.2`."""
    return f"x{share:.1f}" if share >= 2 else f"{share * 100 - 100:+.0f}%"


def tokens_range(tokens: Range) -> str:
    """`1.9 M to 2.3 M`; one figure where both are written alike."""
    low, high = _short(tokens.low), _short(tokens.high)
    return low if low == high else f"{low} to {high}"


def step_words(step: StepEstimate) -> str:
    """A step's money, with where its price comes from."""
    cost = step.cost
    if cost is None or step.price is None:
        return "no price known"
    return f"{usd_range(cost)}, {step.price.source}"


def _short(tokens: float) -> str:
    """To two or three digits, for it is an estimate: `2.1 M`, `96,000`, `340`."""
    if tokens >= 1e6:
        return f"{tokens / 1e6:.1f} M"
    digits = 10 ** max(0, len(str(int(tokens))) - 3)
    return count(round(tokens / digits) * digits)
