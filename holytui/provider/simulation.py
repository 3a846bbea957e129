"""What the simulator answers: a pure function of seed, prompt and how often that prompt was asked before.

It is a simulation, labelled so in every answer. That nothing depends on time or on other requests is what lets
a test run at any concurrency and still know what comes.
"""

import hashlib
import json
import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

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
CHARS_PER_TOKEN = 4

LEAST_TOKENS = 8
"""A `max_tokens` below this cuts an answer as a real model would; above, the simulator just says less."""

_DIRECTIVE = re.compile(r"\[\[simulate (\w+)(?: x(\d+))?\]\]")
_WORD = re.compile(r"[^\W\d_]{4,}")
_ASKS_FOR_TITLE = re.compile(r"\btitle\b", re.IGNORECASE)
_ASKS_FOR_JSON = re.compile(
    r"\b(?:in|as|write|return|give|reply with|answer with|respond with) (?:\w+ ){0,2}JSON\b", re.IGNORECASE
)


class SimulatorError(ValueError):
    """The simulator was asked for something it cannot do; the message says what it can."""


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


@dataclass(frozen=True, slots=True)
class Script:
    """How one request will go.

    Attributes:
        fault: its kind, or "" for a plain answer.
        pieces: the answer, cut into the chunks of a stream.
        first_s: seconds until the first piece; gap_s: between pieces.
    """

    fault: str
    pieces: tuple[str, ...]
    first_s: float
    gap_s: float
    finish: str
    prompt_tokens: int
    paced: bool = False
    """Every piece is an event of its own; else pieces may come together, for a fast stream costs both sides."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def options_from_url(url: str) -> SimulatorOptions:
    """The options in a job file's `base_url = "simulator:?latency=0.8:0.4&fault=stall=0.01"`.

    Without a latency the answers are lively: about a second each.

    Raises:
        SimulatorError: an unknown option or a value that does not fit.
    """
    given = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    options = {name: value for name, value in given if name != "fault"}
    unknown = sorted(options.keys() - {*_NUMBERS, "latency"})
    if unknown:
        known = ", ".join(sorted({*_NUMBERS, "latency", "fault"}))
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
    return parse_options(latency=latency, faults=faults, **numbers)


_NUMBERS: Mapping[str, Callable[[str], float]] = {
    "seed": int,
    "first_token": float,
    "tokens_per_s": float,
    "max_in_flight": int,
    "auth_after": int,
}


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
) -> SimulatorOptions:
    """Options as the command line spells them: `latency` is S or S:SIGMA, a fault KIND=RATE.

    Raises:
        SimulatorError: a value that does not fit.
    """
    mean, _, sigma = (latency or "0").partition(":")
    try:
        latency_s, latency_sigma = float(mean), float(sigma or 0)
    except ValueError as error:
        raise SimulatorError(f"latency {latency}: write seconds, or seconds:sigma, e.g. 1:0.3") from error
    numbers = {
        "latency": latency_s,
        "the spread of latency": latency_sigma,
        "first_token": first_token,
        "tokens_per_s": tokens_per_s,
        "max_in_flight": max_in_flight,
        "auth_after": auth_after,
    }
    for name, number in numbers.items():
        if number is not None and not 0 <= number < float("inf"):
            raise SimulatorError(f"{name} is {number:g}: it has to be a number from 0 up")
    if tokens_per_s == 0:
        raise SimulatorError("tokens_per_s is 0: the simulator would never answer; the fault first_token does that")
    rates = dict(_rate(fault) for fault in faults)
    if sum(rates.values()) > 1 + 1e-9:
        raise SimulatorError(f"the rates of {', '.join(rates)} add up to more than 1")
    return SimulatorOptions(
        seed, latency_s, latency_sigma, first_token, tokens_per_s, max_in_flight, rates, auth_after, ledger
    )


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


def script(options: SimulatorOptions, prompt: str, nth: int, max_tokens: int | None, *, wants_json: bool) -> Script:
    """How the nth request for a prompt goes, from 1."""
    dice = random.Random(_digest(options.seed, prompt, nth))
    fault = _fault(options, prompt, nth, dice)
    # The text itself is the same at every asking: only faults and timing depend on nth.
    text = _text(prompt, random.Random(_digest(options.seed, prompt, 0)), wants_json=wants_json)
    finish = "stop"
    if fault == "invalid_json":
        text = "Here is what you asked for: {subject: " + text[:40]
    elif fault == "empty":
        text = ""
    elif fault in {"truncated", "content_filter"}:
        text = text[: max(8, len(text) // 2)]
        finish = "length" if fault == "truncated" else "content_filter"
    pieces = tuple(re.findall(r"\S+\s*", text))
    if max_tokens is not None and len(pieces) > max_tokens:
        pieces, finish = pieces[:max_tokens], "length" if max_tokens < LEAST_TOKENS else finish
    latency = options.latency_s * math.exp(dice.gauss(0, options.latency_sigma)) if options.latency_s else 0.0
    first = options.first_token_s if options.first_token_s is not None else latency / 5
    gap = 1 / options.tokens_per_s if options.tokens_per_s else max(0.0, latency - first) / max(1, len(pieces))
    paced = options.tokens_per_s is not None
    return Script(fault, pieces, first, gap, finish, max(1, len(prompt) // CHARS_PER_TOKEN), paced)


def connect_directive(prompt: str) -> int | None:
    """How many requests for a prompt find nobody at the other end; None: it says nothing of the kind."""
    directive = _DIRECTIVE.search(prompt)
    if directive is None or directive[1] != "connect":
        return None
    return int(directive[2] or 10**9)


def _digest(seed: int, prompt: str, nth: int) -> str:
    data = f"{seed}:{nth}:".encode() + prompt.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()


def _fault(options: SimulatorOptions, prompt: str, nth: int, dice: random.Random) -> str:
    directive = _DIRECTIVE.search(prompt)
    if directive is not None and directive[1] in FAULTS:
        times = directive[2]
        return directive[1] if times is None or nth <= int(times) else ""
    throw = dice.random()
    for kind, rate in options.faults.items():
        if throw < rate:
            return kind
        throw -= rate
    return ""


def _text(prompt: str, dice: random.Random, *, wants_json: bool) -> str:
    """Something that reads like an answer to this prompt, made of its words."""
    words = list(dict.fromkeys(_WORD.findall(_DIRECTIVE.sub(" ", prompt[:20_000])))) or ["nothing", "much"]
    chosen = [dice.choice(words) for _ in range(12)]
    if wants_json or _ASKS_FOR_JSON.search(prompt[:400]):
        return json.dumps({"subject": f"{chosen[0]} {chosen[1]}", "reply": f"About {chosen[2]}: {chosen[3]} it is."})
    if _ASKS_FOR_TITLE.search(prompt[:400]):
        return f"{chosen[0].capitalize()} and {chosen[1]}: a note on {chosen[2]}"
    sentences = [
        f"Topic: {chosen[0]} with {chosen[1]}.",
        f"Keywords: {', '.join(chosen[2:6])}.",
        f"The text describes {chosen[6]} and how {chosen[7]} relates to {chosen[8]}.",
        f"It then turns to {chosen[9]}, with a remark on {chosen[10]}.",
        f"A reader who looks for {chosen[11]} will find the essentials here.",
    ]
    return " ".join(sentences)
