"""What a provider's error means: by status first, then by type, code and text."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from holytui.core.failures import FailureKind
from holytui.provider.error_body import Said, read_body
from holytui.provider.limits import wait_for_reset
from holytui.provider.redaction import redact

BODY_CHARS = 4_000
MESSAGE_CHARS = 300
TITLE_CHARS = 80
NO_KEY = "no key was sent"
"""Said of a refusal where the endpoint takes requests without one, and this one does not after all."""

SHORT_WAIT_S = 60.0
"""A quota-type 429 with a Retry-After up to this is a rate limit: some gateways name it so."""

_SERVER_STATUSES = frozenset({408, 409})
"""Besides every 5xx."""

# Phrases as `words_of` writes them: lower case, `_` and `-` as blanks.
_QUOTA = re.compile(
    "insufficient quota|credit balance exhausted|billing hard limit reached|billing not active|access terminated"
    "|quota exceeded|insufficient balance|exceeded your current quota|credit balance is too low|payment required"
    "|insufficient credits|insufficient funds|not enough balance|budget exceeded|budget has been exceeded"
    "|out of credits|all available credits|spending limit|arrearage|account overdue"
)
_WRONG_KEY = re.compile(
    r"(invalid|incorrect|missing|no|expired|wrong|revoked|malformed)( x)? api ?key"
    r"|api ?key( \S+)? (is )?(not valid|invalid|expired|missing|incorrect|revoked|disabled)"
    r"|api key provided|authentication (error|fails|failed)|invalid authentication|unauthenticated"
    # LiteLLM's gateway without a database, to every key but its own.
    r"|no connected db"
)
_FORBIDDEN_KEY = re.compile(
    r"unauthori[sz]ed|not authori[sz]ed|permission denied|insufficient permissions?|invalid (key|token)"
    r"|token (is )?(expired|invalid|revoked)|authentication|account (is )?(disabled|suspended|deactivated|banned)"
)
_PERMISSION = re.compile("permission error")
_RELAYED = re.compile(r"\blitellm\.")
"""LiteLLM's gateway makes a permission error of every 403 behind it, one prompt's own too."""

_CONTEXT = re.compile(
    "context ?length|maximum context|context ?window|context ?size|too many tokens|prompt is too long"
    "|input is too long"
    "|exceeds the model's maximum|string above max length|exceed context|exceeds the available context"
    "|maximum prompt length|input token count|reduce the length|exceeds the maximum number of tokens"
)
_MODEL = re.compile(
    r"model not (found|exist)|(unknown|no such|unsupported|not a valid) model|invalid model(?! param| output| input)"
    r"|models?\b.{0,80}?\b(does not exist|do not exist|not found|not available|no longer available|is not supported"
    r"|has been (retired|deprecated|removed|decommissioned|shut down))",
    re.DOTALL,
)
_MODEL_FORBIDDEN = re.compile("model not found")
_TITLE = re.compile(r"<title[^<>]*>([^<>]+)</title>", re.IGNORECASE)
_RATE = re.compile("rate limit|too many requests|throttl")


class ProviderError(Exception):
    """A request that brought no answer, classified and without the key.

    Attributes:
        kind: what the engine goes by; RATE_LIMIT and the breaker kinds use no attempt.
        message: a sentence for a person.
        status: of HTTP, None when there was no answer.
        retry_after_s: seconds the provider asks to wait, None when it does not or says nonsense.
        request_id: the provider's name for the request, empty when it has none.
        body: the answer's text, bounded.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str = "",
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.body = body


def classify(status: int, headers: Mapping[str, str], body_text: str, *, secret: str, asked: str = "") -> ProviderError:
    """The error that an answer other than 2xx stands for.

    Args:
        status: of HTTP.
        headers: with lower-case names.
        body_text: JSON of any shape, HTML or plain.
        secret: the key, to be removed.
        asked: the text of what was asked, for bodies that quote it.
    """
    said = read_body(body_text, asked, secret)
    wait = retry_after(headers)
    if wait is None and status == 429:
        wait = wait_for_reset(headers)
    what = said.message or "no explanation"
    if 300 <= status < 400:
        what = f"it redirects to {_place(headers.get('location', ''))}, and redirects are not followed"
    kind = _kind(status, said, wait)
    if kind is FailureKind.AUTH and not secret:
        what = f"{NO_KEY}; {what}"
    return ProviderError(
        kind,
        _sentence(f"{status}: {what}", secret),
        status=status,
        retry_after_s=wait,
        request_id=redact(request_id(headers), secret),
        body=redact(body_text, secret)[:BODY_CHARS],
    )


def classify_event(error: Any, *, secret: str, status: int, request_id: str, asked: str = "") -> ProviderError:
    """The error that an error event inside a 200 stream stands for.

    The provider failed on its side unless the event's code or words say something else: a relay passes on
    what the model's own server answered.
    """
    body = json.dumps({"error": error})
    said = read_body(body, asked, secret)
    inner = _inner_status(error)
    kind = _kind(inner, said, None) if inner is not None else _kind_by_words(said)
    message = f"an error inside the stream: {said.message or 'no explanation'}"
    return ProviderError(
        kind,
        _sentence(message, secret),
        status=status if inner is None else inner,
        request_id=request_id,
        body=redact(body, secret)[:BODY_CHARS],
    )


def web_page(body_text: str, *, secret: str, status: int, request_id: str) -> ProviderError:
    """The error that a page for people stands for where an answer was to come: a login, a portal, a wrong address."""
    title = _TITLE.search(body_text)
    said = read_body(title[1] if title is not None else body_text, "", secret).message
    told = f" (“{said[:TITLE_CHARS]}”)" if said else ""
    return ProviderError(
        FailureKind.SERVER_ERROR,
        _sentence(f"a web page came instead of an answer{told}: is that the address of the API?", secret),
        status=status,
        request_id=request_id,
        body=redact(body_text, secret)[:BODY_CHARS],
    )


def request_id(headers: Mapping[str, str]) -> str:
    """The provider's name for a request, to be quoted to its support; empty when it gives none."""
    return headers.get("x-request-id") or headers.get("request-id") or ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (RFC 9110: seconds or a date); None if unusable."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _until(value, headers.get("date"))
        if 0 < seconds < float("inf"):
            return seconds
    return None


def _kind(status: int, said: Said, wait: float | None) -> FailureKind:
    if status == 429:
        quota = said.has(_QUOTA) and (wait is None or wait > SHORT_WAIT_S)
        return FailureKind.QUOTA if quota else FailureKind.RATE_LIMIT
    if status == 401:
        return FailureKind.AUTH
    if status == 402:
        return FailureKind.QUOTA
    if status in _SERVER_STATUSES or status >= 500:
        return FailureKind.SERVER_ERROR
    if status == 403:
        return _forbidden_kind(said)
    return _refusal_kind(status, said)


def _forbidden_kind(said: Said) -> FailureKind:
    if said.means(_QUOTA):
        return FailureKind.QUOTA
    if said.means(_MODEL_FORBIDDEN):
        return FailureKind.MODEL_NOT_FOUND
    if said.means(_WRONG_KEY) or said.means(_FORBIDDEN_KEY):
        return FailureKind.AUTH
    told = said.means(_PERMISSION) and not said.has(_RELAYED)
    return FailureKind.AUTH if told else FailureKind.BAD_REQUEST


def _refusal_kind(status: int, said: Said) -> FailureKind:
    """400, 404, 413, 422 and their like: the request's own fault, unless the words say otherwise."""
    if status == 413 or said.has(_CONTEXT):
        return FailureKind.CONTEXT_LENGTH
    if said.means(_QUOTA):
        return FailureKind.QUOTA
    if status in {400, 404, 422}:
        if said.means(_WRONG_KEY):
            return FailureKind.AUTH
        if said.means(_MODEL):
            return FailureKind.MODEL_NOT_FOUND
    return FailureKind.BAD_REQUEST


def _kind_by_words(said: Said) -> FailureKind:
    if said.means(_QUOTA):
        return FailureKind.QUOTA
    if said.means(_RATE):
        return FailureKind.RATE_LIMIT
    return FailureKind.AUTH if said.means(_WRONG_KEY) else FailureKind.SERVER_ERROR


def _inner_status(error: Any) -> int | None:
    """The HTTP status that an error event names: a number, or a number in a string."""
    for name in ("code", "status", "status_code"):
        value = error.get(name) if isinstance(error, dict) else None
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return None


def _sentence(text: str, secret: str) -> str:
    return redact(text, secret)[:MESSAGE_CHARS]


def _place(location: str) -> str:
    """Where a redirect points, without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "nowhere"
    place = f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    return place or "nowhere"


def _until(date: str, now: str | None) -> float:
    """Seconds until an HTTP date, by the server's own clock where it tells it: ours may be wrong."""
    at = _moment(date)
    if at is None:
        return 0.0
    told = _moment(now) if now is not None else None
    return (at - (told or datetime.now(UTC))).total_seconds()


def _moment(date: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
