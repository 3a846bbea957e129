"""Typed money: what is unknown is never shown as nothing."""

from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.pricing import NOTHING, UNKNOWN, Money, MoneyKind, Price, PriceBook, Usage, total
from holytui.core.progress import Spend

PRICE = Price(2.0, 0.5, 8.0, "test")
KINDS = st.sampled_from([MoneyKind.REPORTED, MoneyKind.COMPUTED, MoneyKind.ESTIMATED])
AMOUNTS = st.one_of(st.just(UNKNOWN), st.builds(Money, st.floats(0.001, 100.0), KINDS))


def test_cached_tokens_have_their_own_price() -> None:
    assert PRICE.cost(Usage(input=1_000_000, output=0, cached=400_000)) == pytest.approx(1.2 + 0.2)


def test_a_reported_cost_wins_over_the_price() -> None:
    book = PriceBook(table={"m": PRICE})
    assert book.cost("m", Usage(input=1000, output=10, reported_usd=0.5)) == Money(0.5, MoneyKind.REPORTED)


def test_the_job_file_wins_over_the_user_and_the_table() -> None:
    cheap, dear = Price(1, 1, 1, "job"), Price(9, 9, 9, "table")
    assert PriceBook(job={"m": cheap}, user={"m": dear}, table={"m": dear}).price("m") == cheap
    assert PriceBook(user={"m": cheap}, table={"m": dear}).price("m") == cheap


def test_a_model_nobody_knows_costs_an_unknown_amount() -> None:
    book = PriceBook(provider="openai")
    assert book.price("no-such-model-anywhere") is None
    assert book.cost("no-such-model-anywhere", Usage(input=5)) == UNKNOWN


def test_genai_prices_stands_behind_the_table() -> None:
    price = PriceBook(provider="openai").price("gpt-4o-mini")
    assert price is not None
    assert 0 < price.input < price.output
    assert price.source == f"genai-prices {version('genai-prices')}"


@given(st.lists(AMOUNTS, max_size=20))
def test_a_sum_is_known_as_badly_as_its_worst_part(parts: list[Money]) -> None:
    result = total(parts)
    if any(part.usd is None for part in parts):
        assert result == UNKNOWN
    elif not parts:
        assert result == NOTHING
    else:
        assert result.usd == pytest.approx(sum(part.usd or 0 for part in parts))
        kinds = {part.kind for part in parts}
        worst = MoneyKind.ESTIMATED if MoneyKind.ESTIMATED in kinds else None
        if worst is not None:
            assert result.kind is worst


@given(st.lists(AMOUNTS, max_size=20))
def test_spend_and_money_agree(parts: list[Money]) -> None:
    spend = Spend()
    for part in parts:
        spend = spend.add(part)
    assert (spend.money.usd is None) == (total(parts).usd is None)
    assert (spend.money.usd is None) == (spend.money.kind is MoneyKind.UNKNOWN)


@given(st.text(max_size=300), st.integers(0, 500), st.integers(0, 300))
def test_no_request_costs_more_than_its_bound(prompt: str, output: int, cached: int) -> None:
    """A token is at least one byte, so bytes bound tokens."""
    size = len(prompt.encode("utf-8", "surrogatepass"))
    usage = Usage(input=size, output=output, cached=min(cached, size))
    assert PRICE.cost(usage) <= PRICE.bound(size, output) + 1e-12
