"""Typed money: what a request cost, may cost at most, and where that figure comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from typing import Any

from holytui.core.status_json import MoneyJson, TokensJson

PER_MILLION = 1_000_000


class MoneyKind(StrEnum):
    """How a figure is known, best first. A sum is known as badly as its worst part."""

    REPORTED = "reported"
    COMPUTED = "computed"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


_WORST_LAST = list(MoneyKind)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in USD with its kind; `usd` is None exactly when the kind is unknown."""

    usd: float | None = 0.0
    kind: MoneyKind = MoneyKind.REPORTED

    def __add__(self, other: "Money") -> "Money":
        """The sum; a true zero (nothing spent) never worsens the kind of the other side."""
        if self.usd == 0.0:
            return other
        if other.usd == 0.0:
            return self
        if self.usd is None or other.usd is None:
            return UNKNOWN
        kind = max(self.kind, other.kind, key=_WORST_LAST.index)
        return Money(self.usd + other.usd, kind)

    def to_json(self) -> MoneyJson:
        return {"usd": None if self.usd is None else round(self.usd, 8), "kind": self.kind.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Money":
        return cls(data["usd"], MoneyKind(data["kind"]))


NOTHING = Money()
UNKNOWN = Money(None, MoneyKind.UNKNOWN)


def total(parts: Iterable[Money]) -> Money:
    """The sum of amounts; nothing spent when there are none."""
    result = NOTHING
    for part in parts:
        result = result + part
    return result


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request or of many.

    Attributes:
        input: prompt tokens, cached ones included.
        output: completion tokens, reasoning ones included.
        cached: of the input, read from the provider's cache.
        reasoning: of the output, spent on reasoning.
        exact: the provider said so; False where we estimated.
        reported_usd: the cost that the provider named itself, else None.
    """

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    exact: bool = True
    reported_usd: float | None = None

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
            self.exact and other.exact,
        )

    def to_json(self) -> TokensJson:
        return {
            "input": self.input,
            "output": self.output,
            "cached": self.cached,
            "reasoning": self.reasoning,
        }


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens.

    Attributes:
        source: where the figure comes from, with its date or version: `list price, 2026-11`.
        model: the name that our table lists it under, whatever spelling it is asked for by; empty elsewhere.
    """

    input: float
    cached_input: float
    output: float
    source: str
    model: str = ""

    def cost(self, usage: Usage) -> float:
        """USD for this usage; cached tokens at their own price."""
        fresh = max(0, usage.input - usage.cached)
        dollars = fresh * self.input + usage.cached * self.cached_input + usage.output * self.output
        return dollars / PER_MILLION

    def bound(self, prompt_bytes: int, max_tokens: int) -> float:
        """The most a request can cost in USD: a token is at least one byte of the prompt."""
        return (prompt_bytes * max(self.input, self.cached_input) + max_tokens * self.output) / PER_MILLION


class PriceBook:
    """Looks a model's price up: job file, then the user's prices, then our table, then genai-prices."""

    def __init__(
        self,
        *,
        job: Mapping[str, Price] | None = None,
        user: Mapping[str, Price] | None = None,
        table: Mapping[str, Price] | None = None,
        provider: str = "",
    ) -> None:
        self._layers = [job or {}, user or {}, table or {}]
        self._provider = provider
        self._found: dict[str, Price | None] = {}

    def price(self, model: str) -> Price | None:
        """The price of a model, or None when nobody knows it."""
        if model not in self._found:
            self._found[model] = self._look_up(model)
        return self._found[model]

    def known(self) -> dict[str, Price]:
        """Every model that the job, the user or our table names, once, with the price that holds for it."""
        job, user, table = self._layers
        merged = {**table, **user, **job}
        return {model: price for model, price in merged.items() if price.model in {"", model}}

    def listed_name(self, model: str) -> str:
        """The model as `known` spells it."""
        price = self.price(model)
        return model if price is None else price.model or model

    def _look_up(self, model: str) -> Price | None:
        for layer in self._layers:
            if model in layer:
                return layer[model]
        return _genai_price(model, self._provider)

    def cost(self, model: str, usage: Usage) -> Money:
        """What a request cost: reported by the provider, else computed from usage, else estimated or unknown."""
        if usage.reported_usd is not None:
            return Money(usage.reported_usd, MoneyKind.REPORTED)
        price = self.price(model)
        if price is None:
            return UNKNOWN if usage.input or usage.output else NOTHING
        return Money(price.cost(usage), MoneyKind.COMPUTED if usage.exact else MoneyKind.ESTIMATED)


def _genai_price(model: str, provider: str) -> Price | None:
    """The price in the table that genai-prices ships: offline, approximate, keyed by provider."""
    if provider in {"", "simulator", "ollama"}:
        return None
    # Imported here: its tables take 100 ms and most jobs never need them.
    from genai_prices import Usage as GenaiUsage
    from genai_prices import calc_price

    def per_million(**tokens: int) -> float:
        found = calc_price(GenaiUsage(**tokens), model_ref=model, provider_id=provider)
        return float(found.total_price)

    try:
        fresh = per_million(input_tokens=PER_MILLION)
        cached = per_million(input_tokens=PER_MILLION, cache_read_tokens=PER_MILLION)
        output = per_million(output_tokens=PER_MILLION)
    except (LookupError, ValueError):
        return None
    return Price(fresh, cached, output, f"genai-prices {version('genai-prices')}")
