"""The same job on one other model: which models, at what price, from which tokens."""

import random

import pytest

from holytui.core.estimate import StepEstimate
from holytui.core.item_costs import ItemCosts
from holytui.core.other_models import before_running, while_running
from holytui.core.pricing import UNKNOWN, Money, MoneyKind, Price, PriceBook, Usage
from holytui.core.progress import Counters, Spend
from holytui.core.spread import Range

CHEAP = Price(1.0, 0.5, 2.0, "list", "cheap-1.5")
DEAR = Price(10.0, 1.0, 40.0, "list", "dear")
TABLE = {"cheap-1.5": CHEAP, "cheap-1-5": CHEAP, "dear": DEAR}
MINE = Price(0.0, 0.0, 100.0, "your price")


def step(model: str, price: Price | None, *, cached: float = 0.0) -> StepEstimate:
    return StepEstimate("s", model, 10, Range(1e6, 2e6, 3e6), Range(1e5, 2e5, 3e5), price, cached)


def book(**user: Price) -> PriceBook:
    return PriceBook(user=user, table=TABLE)


def test_every_model_with_a_price_but_the_one_in_use_whatever_its_spelling() -> None:
    prices = book(own=MINE)
    for name in ("cheap-1.5", "cheap-1-5"):
        assert [other.model for other in before_running([step(name, CHEAP)], prices)] == ["own", "dear"]
    mixed = before_running([step("cheap-1.5", CHEAP), step("dear", DEAR)], prices)
    assert [other.model for other in mixed] == ["cheap-1.5", "own", "dear"]


def test_before_it_runs_all_steps_at_the_other_price_with_as_many_tokens() -> None:
    (dear,) = before_running([step("cheap-1.5", CHEAP), step("nobodys", None, cached=0.5)], book())[-1:]
    assert dear.model == "dear"
    assert dear.cost.low == pytest.approx((10 + 4) + (5 + 0.5 + 4))
    assert dear.cost.high == pytest.approx((30 + 12) + (15 + 1.5 + 12))
    assert dear.cost.low < dear.cost.mid < dear.cost.high


def test_while_it_runs_what_is_to_come_is_like_what_is_done_and_the_cache_has_its_price() -> None:
    counters = Counters(total=100, succeeded=18, failed=2, tokens=Usage(1_000_000, 100_000, cached=400_000))
    (dear,) = while_running(counters, ["cheap-1-5"], book())
    assert dear.model == "dear"
    assert dear.usd == pytest.approx((0.6 * 10 + 0.4 * 1 + 0.1 * 40) * 5)


def test_nothing_is_said_before_there_are_results_enough_but_of_a_small_job_that_is_done() -> None:
    tokens = Usage(1_000, 100)
    assert while_running(Counters(total=100, succeeded=9, tokens=tokens), ["dear"], book()) == ()
    assert while_running(Counters(total=100, succeeded=50), ["dear"], book()) == ()
    assert while_running(Counters(), ["dear"], book()) == ()
    assert [cost.model for cost in while_running(Counters(total=3, succeeded=3, tokens=tokens), ["dear"], book())] == [
        "cheap-1.5"
    ]


def test_the_projection_has_a_band_that_mostly_holds_what_comes() -> None:
    dice = random.Random(3)
    inside = 0
    for _ in range(200):
        money = [dice.lognormvariate(-6, 0.6) for _ in range(300)]
        costs = ItemCosts()
        for index, usd in enumerate(money[:40]):
            costs.spent(index, Money(usd / 3, MoneyKind.COMPUTED))
            costs.spent(index, Money(usd * 2 / 3, MoneyKind.COMPUTED))
            costs.closed(index)
        spent = sum(money[:40])
        counters = Counters(total=300, succeeded=40, spend=Spend(computed=spent))
        band = costs.band(Money(spent / 40 * 300, MoneyKind.ESTIMATED), counters, 10)
        assert band is not None
        assert spent <= band[0] <= spent / 40 * 300 <= band[1]
        inside += band[0] <= sum(money) <= band[1]
    assert inside > 170


def test_there_is_no_band_where_there_is_no_projection_no_evidence_or_nothing_left() -> None:
    costs = ItemCosts()
    for index in range(9):
        costs.spent(index, Money(0.5, MoneyKind.COMPUTED))
        costs.closed(index)
    counters = Counters(total=20, succeeded=9, spend=Spend(computed=4.5))
    projected = Money(10.0, MoneyKind.ESTIMATED)
    assert costs.band(projected, counters, 10) is None
    costs.closed(9)
    assert costs.band(projected, counters, 10) is not None
    assert costs.band(UNKNOWN, counters, 10) is None
    assert costs.band(projected, Counters(total=10, succeeded=10), 10) is None
