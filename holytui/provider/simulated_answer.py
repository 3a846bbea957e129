"""What the simulator answers: a pure function of seed, prompt and how often that prompt was asked before.

It is a simulation, labelled so in every answer. That nothing here depends on time or on other requests is what
lets a test run at any concurrency and still know what comes.
"""

import hashlib
import json
import math
import random
import re
from dataclasses import dataclass

from holytui.provider.simulation import FAULTS, SimulatorOptions

CHARS_PER_TOKEN = 4

LEAST_TOKENS = 8
"""A `max_tokens` below this cuts an answer as a real model would; above, the simulator just says less."""

_DIRECTIVE = re.compile(r"\[\[simulate (\w+)(?: x(\d+))?(?: (\d+(?:\.\d+)?)s)?\]\]")
"""What a prompt asks for: a fault, for its first so many requests only, a silence of so many seconds only."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_ASKS_FOR_TITLE = re.compile(r"\btitle\b", re.IGNORECASE)
_ASKS_FOR_JSON = re.compile(
    r"\b(?:in|as|write|return|give|reply with|answer with|respond with) (?:\w+ ){0,2}JSON\b", re.IGNORECASE
)


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
    silence_s: float | None = None
    """Of a stall, seconds after which the answer goes on; None: it never does."""
    paced: bool = False
    """Every piece is an event of its own; else pieces may come together, for a fast stream costs both sides."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


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
    return Script(fault, pieces, first, gap, finish, max(1, len(prompt) // CHARS_PER_TOKEN), _silence(prompt), paced)


def _silence(prompt: str) -> float | None:
    directive = _DIRECTIVE.search(prompt)
    return None if directive is None or directive[3] is None else float(directive[3])


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
