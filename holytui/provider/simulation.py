"""How the simulated provider is asked to behave: its options as the command line and job files spell them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from holytui.provider.dialects import DEFAULT, DIALECTS

MODELS = ("deepseek-v3.2", "gpt-4.1", "gpt-4.1-mini", "claude-sonnet-4.5", "gemini-2.5-flash")
FAULTS = frozenset(
    {
        "connect", "first_token", "keepalive", "stall", "drip", "network", "reset", "cut", "server_error",
        "error_event", "rate_limit", "bad_request", "context_length", "truncated", "content_filter", "empty",
        "invalid_json", "auth", "forbidden", "quota", "model", "html",
    }
)  # fmt: skip
LIVELY_LATENCY_S = 0.8
LIVELY_SIGMA = 0.4


class SimulatorError(ValueError):
    """The simulator was asked for something it cannot do; the message says what it can."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time in which every request meets the same.

    Attributes:
        start_s: seconds after the first request; seconds: how long.
        retry_after: what a refusal says in its `Retry-After`, None: nothing.
    """

    start_s: float
    seconds: float
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How the simulated provider behaves.

    Attributes:
        latency_s, latency_sigma: seconds a whole answer takes, and the sigma of its log-normal spread.
        first_token_s: seconds until the first word; None: a fifth of the latency.
        tokens_per_s: pace of the stream; None: the words come evenly until the latency is over.
        max_in_flight: more requests at once are answered 429.
        faults: rate by kind, 0 to 1.
        auth_after: every request after this many is refused for its key.
        ledger: a file that gets a JSON line per request.
        dialect: whose way of writing is simulated.
        outage: every request in it is answered 503 or its connection reset, by turns.
        refuse: every request in it is answered 429.
        rpm, tpm: requests and tokens a minute; above them it answers 429.
    """

    seed: int = 0
    latency_s: float = 0.0
    latency_sigma: float = 0.0
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    max_in_flight: int | None = None
    faults: Mapping[str, float] = field(default_factory=dict)
    auth_after: int | None = None
    ledger: Path | None = None
    dialect: str = DEFAULT
    outage: Window | None = None
    refuse: Window | None = None
    rpm: int | None = None
    tpm: int | None = None


def options_from_url(url: str) -> SimulatorOptions:
    """The options in a job file's `base_url = "simulator:?latency=0.8:0.4&fault=stall=0.01"`.

    Without a latency the answers are lively: about a second each.

    Raises:
        SimulatorError: an unknown option or a value that does not fit.
    """
    given = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    options = {name: value for name, value in given if name != "fault"}
    unknown = sorted(options.keys() - {*_NUMBERS, *_TEXTS, "latency"})
    if unknown:
        known = ", ".join(sorted({*_NUMBERS, *_TEXTS, "latency", "fault"}))
        raise SimulatorError(f"the simulator knows no {unknown[0]}; it knows {known}")
    numbers: dict[str, Any] = {}
    for name, number in _NUMBERS.items():
        if name in options:
            try:
                numbers[name] = number(options[name])
            except ValueError as error:
                what = "whole number" if number is int else "number"
                raise SimulatorError(f"{name}={options[name]} in {url}: that is no {what}") from error
    latency = options.get("latency", f"{LIVELY_LATENCY_S}:{LIVELY_SIGMA}")
    faults = tuple(value for name, value in given if name == "fault")
    texts: dict[str, Any] = {name: options[name] for name in _TEXTS if name in options}
    return parse_options(latency=latency, faults=faults, **numbers, **texts)


_NUMBERS: Mapping[str, Callable[[str], float]] = {
    "seed": int,
    "first_token": float,
    "tokens_per_s": float,
    "max_in_flight": int,
    "auth_after": int,
    "rpm": int,
    "tpm": int,
}
_TEXTS = ("dialect", "outage", "refuse")


def parse_options(
    *,
    seed: int = 0,
    latency: str | None = None,
    first_token: float | None = None,
    tokens_per_s: float | None = None,
    max_in_flight: int | None = None,
    faults: tuple[str, ...] = (),
    auth_after: int | None = None,
    ledger: Path | None = None,
    dialect: str = DEFAULT,
    outage: str | None = None,
    refuse: str | None = None,
    rpm: int | None = None,
    tpm: int | None = None,
) -> SimulatorOptions:
    """Options as the command line spells them.

    `latency` is S or S:SIGMA, a fault KIND=RATE, `outage` START:SECONDS and `refuse` START:SECONDS[:RETRY_AFTER].

    Raises:
        SimulatorError: a value that does not fit.
    """
    latency_s, latency_sigma = _latency(latency or "0")
    numbers = {
        "latency": latency_s,
        "the spread of latency": latency_sigma,
        "first_token": first_token,
        "tokens_per_s": tokens_per_s,
        "max_in_flight": max_in_flight,
        "auth_after": auth_after,
    }
    for name, number in numbers.items():
        if number is not None and not 0 <= number < math.inf:
            raise SimulatorError(f"{name} is {number:g}: it has to be a number from 0 up")
    if tokens_per_s == 0:
        raise SimulatorError("tokens_per_s is 0: the simulator would never answer; the fault first_token does that")
    for name, limit in (("rpm", rpm), ("tpm", tpm)):
        if limit is not None and limit < 1:
            raise SimulatorError(f"{name} is {limit}: it has to be a whole number from 1 up")
    if dialect not in DIALECTS:
        raise SimulatorError(f"dialect {dialect}: no such dialect. Known: {', '.join(sorted(DIALECTS))}")
    return SimulatorOptions(
        seed=seed,
        latency_s=latency_s,
        latency_sigma=latency_sigma,
        first_token_s=first_token,
        tokens_per_s=tokens_per_s,
        max_in_flight=max_in_flight,
        faults=_rates(faults),
        auth_after=auth_after,
        ledger=ledger,
        dialect=dialect,
        outage=None if outage is None else _window("outage", outage, "START:SECONDS, e.g. 10:60"),
        refuse=None if refuse is None else _window("refuse", refuse, "START:SECONDS[:RETRY_AFTER], e.g. 10:60:5"),
        rpm=rpm,
        tpm=tpm,
    )


def _latency(text: str) -> tuple[float, float]:
    mean, _, sigma = text.partition(":")
    try:
        return float(mean), float(sigma or 0)
    except ValueError as error:
        raise SimulatorError(f"latency {text}: write seconds, or seconds:sigma, e.g. 1:0.3") from error


def _window(name: str, text: str, form: str) -> Window:
    start, _, rest = text.partition(":")
    # What follows is sent as it is: nonsense is what some providers say, and a date holds colons.
    seconds, tells, retry_after = rest.partition(":")
    try:
        window = Window(float(start), float(seconds), retry_after if tells else None)
    except ValueError as error:
        raise SimulatorError(f"{name} {text}: write {form}") from error
    for number in (window.start_s, window.seconds):
        if not 0 <= number < math.inf:
            raise SimulatorError(f"{name} {text}: {number:g} is no number of seconds from 0 up")
    if tells and (name == "outage" or not (retry_after.isascii() and retry_after.isprintable())):
        raise SimulatorError(f"{name} {text}: write {form}")
    return window


def _rates(faults: tuple[str, ...]) -> dict[str, float]:
    rates = dict(_rate(fault) for fault in faults)
    if sum(rates.values()) > 1 + 1e-9:
        raise SimulatorError(f"the rates of {', '.join(rates)} add up to more than 1")
    return rates


def _rate(fault: str) -> tuple[str, float]:
    kind, _, rate = fault.partition("=")
    if kind not in FAULTS:
        raise SimulatorError(f"fault {kind}: no such kind. Known: {', '.join(sorted(FAULTS))}")
    try:
        value = float(rate)
    except ValueError as error:
        raise SimulatorError(f"fault {fault}: write KIND=RATE, e.g. stall=0.01") from error
    if not 0 <= value <= 1:
        raise SimulatorError(f"fault {fault}: the rate goes from 0 to 1")
    return kind, value
