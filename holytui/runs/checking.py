"""Asks a provider for its list of models: whether it is there, takes the key, and has the job's models.

Costs nothing: no prompt is sent.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum

from holytui.core.failures import FailureKind
from holytui.provider.client import ChatClient
from holytui.provider.errors import ProviderError
from holytui.provider.presets import Endpoint
from holytui.runs.desk import KeyCheck, KeyNote
from holytui.runs.endpoint import EndpointError, KeyMissing, Target, TrustNeeded

PATIENCE_S = 10.0
SHOWN_DIGITS = 4
"""Characters of a key that are shown."""

SHOWN_FROM = 20
"""Characters that a key must have for its last four to give nothing away."""


SIMULATED = "none needed: simulated"
_NO_LIST = frozenset({404, 405, 501})
_REFUSED = frozenset({401, 403})
_UNANSWERED = frozenset({FailureKind.NETWORK, FailureKind.TIMEOUT_CONNECT})


class KeyState(StrEnum):
    """What a provider makes of a key."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NONE = "none"
    """None is sent."""


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """What a provider said.

    Attributes:
        reached: it answered, whatever it said.
        key: what it makes of the key.
        label: names the key for a person: variable and last characters.
        variable: that the key is from, None where none is named.
        models: the job's; empty where there is no list to look them up in.
        missing: those of them that are not in the list, with the nearest that is, or nothing.
        problem: why nothing more is known, as a part of a sentence; empty when all is.
        status: of HTTP, None when it was not reached.
        seconds: it took to answer.
    """

    reached: bool
    key: KeyState
    label: str
    variable: str | None
    models: tuple[str, ...] = ()
    missing: Mapping[str, str] | None = None
    problem: str = ""
    status: int | None = None
    seconds: float = 0.0

    @property
    def bad(self) -> bool:
        """The job would stop at its first answer."""
        return self.key is KeyState.REFUSED or bool(self.missing)

    @property
    def key_words(self) -> str:
        match self.key:
            case KeyState.NONE:
                return "none sent"
            case KeyState.ACCEPTED:
                return f"{self.label} accepted" + (f", but {self.problem}" if self.problem else "")
            case KeyState.REFUSED:
                return f"{self.label} was refused ({self.status})"
        if not self.reached:
            return f"{self.label} could not be checked: {self.problem}"
        return f"{self.label}: accepted is not known: {self.problem}"

    @property
    def model_words(self) -> str:
        """About the job's models; empty where nothing is known."""
        if self.missing:
            return "; ".join(f'no model "{name}" here{_nearest(near)}' for name, near in self.missing.items())
        number = len(self.models)
        return {0: "", 1: "model found", 2: "both models found"}.get(number, f"all {number} models found")

    @property
    def words(self) -> str:
        """Key and models on one line."""
        if self.key is KeyState.NONE and self.problem:
            return f"none sent; the provider could not be checked: {self.problem}"
        return "; ".join(filter(None, (self.key_words, self.model_words)))

    def for_preflight(self) -> KeyCheck:
        """All of it in words, with what to do before the job is run."""
        sentences = []
        if self.key is KeyState.REFUSED:
            way_out = f"Set {self.variable} anew" if self.variable else "Name its key's variable"
            sentences.append(f"The key was refused ({self.status}): the job would stop at once. {way_out}.")
        if self.missing:
            names = ", ".join(f'"{name}"' for name in self.missing)
            near = ", ".join(dict.fromkeys(filter(None, self.missing.values())))
            nearest = f" Nearest: {near}." if near else ""
            sentences.append(f"No model {names} here: the job would stop at once.{nearest} Change it in the job file.")
        return KeyCheck(self.words, self.bad, tuple(sentences), refused=self.key is KeyState.REFUSED)


def check_provider(endpoint: Endpoint, variable: str | None, models: Sequence[str]) -> ProviderCheck:
    """Ask an endpoint for its models; blocks for `PATIENCE_S` seconds at most, and never raises.

    Args:
        endpoint: with the key that would be sent.
        variable: the environment variable the key is from.
        models: that the job asks for.
    """
    label = _label(variable, endpoint)
    started = time.monotonic()
    try:
        listed = asyncio.run(_listed(endpoint))
    except ProviderError as error:
        check = ProviderCheck(reached=True, key=KeyState.UNKNOWN, label=label, variable=variable)
        return replace(_judged(error, endpoint, check), seconds=time.monotonic() - started)
    except TimeoutError:
        key, problem = KeyState.UNKNOWN if endpoint.api_key else KeyState.NONE, f"no answer within {PATIENCE_S:g} s"
        return ProviderCheck(reached=False, key=key, label=label, variable=variable, problem=problem)
    wanted = tuple(dict.fromkeys(models)) if listed else ()
    return ProviderCheck(
        reached=True,
        key=KeyState.ACCEPTED if endpoint.api_key else KeyState.NONE,
        label=label,
        variable=variable,
        models=wanted,
        missing=missing_models(wanted, listed),
        status=200,
        seconds=time.monotonic() - started,
    )


async def _listed(endpoint: Endpoint) -> tuple[str, ...]:
    client = ChatClient(endpoint, max_connections=1)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await client.models()
    finally:
        await client.aclose()


def _judged(error: ProviderError, endpoint: Endpoint, check: ProviderCheck) -> ProviderCheck:
    """What an error in the place of a list says about the key."""
    key, problem = KeyState.UNKNOWN, error.message
    if error.kind is FailureKind.AUTH or error.status in _REFUSED:
        key = KeyState.REFUSED
    elif error.kind is FailureKind.QUOTA:
        key, problem = KeyState.ACCEPTED, f"the balance is used up ({error.status})"
    elif error.status in _NO_LIST:
        problem = f"no list of models there ({error.status})"
    if not endpoint.api_key and key is not KeyState.REFUSED:
        key = KeyState.NONE
    reached = error.status is not None or error.kind not in _UNANSWERED
    return replace(check, reached=reached, key=key, problem=problem, status=error.status)


def _label(variable: str | None, endpoint: Endpoint) -> str:
    key = endpoint.api_key.strip()
    if not key:
        return "a request without a key"
    name = variable or "the key"
    return f"{name} …{key[-SHOWN_DIGITS:]}" if len(key) >= SHOWN_FROM else name


def key_note_of(target: Target, endpoint: Callable[[], Endpoint], *, on_workers: bool = False) -> KeyNote:
    """What to say about a key that nobody was asked about yet.

    Args:
        target: where requests go.
        endpoint: resolves it with its key, or raises an `EndpointError`.
        on_workers: requests are sent from there, with their keys.
    """
    if target.embedded:
        return KeyNote(SIMULATED, ok=True, on_workers=on_workers)
    try:
        found = endpoint()
    except KeyMissing as error:
        return KeyNote(f"{error.variable} is not set.", ok=False, missing=True)
    except TrustNeeded as error:
        words = f"{error.variable} is not meant for {error.host}: run with --trust to send it there"
        return KeyNote(words, ok=False)
    except EndpointError as error:
        return KeyNote(str(error), ok=False)
    if on_workers:
        theirs = f"each worker reads {target.variable} from its own environment"
        return KeyNote(theirs if target.variable else "none sent", ok=True, on_workers=True)
    return KeyNote(_label(target.variable, found) if found.api_key else "none sent", ok=True)


def missing_models(wanted: Iterable[str], listed: Sequence[str]) -> dict[str, str]:
    """The models that a list lacks, each with the nearest that it has, or an empty text."""
    known = {spelling for name in listed for spelling in _spellings(name)}
    return {name: _nearest_of(name, listed) for name in wanted if name not in known}


def _spellings(name: str) -> tuple[str, ...]:
    """How a listed model may be asked for: some servers list a folder before its name, or a tag behind it."""
    return name, name.removeprefix("models/"), name.removesuffix(":latest")


def _nearest_of(name: str, listed: Sequence[str]) -> str:
    by_lower = {one.lower(): one for one in listed}
    found = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else ""


def _nearest(name: str) -> str:
    return f"; nearest: {name}" if name else ""
