"""What a provider's error means: by status first, then by type, code and text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from holytui.core.failures import FailureKind

BODY_CHARS = 4_000
MESSAGE_CHARS = 300
SHORT_WAIT_S = 60.0
"""A quota-type 429 with a Retry-After up to this is a rate limit: some gateways name it so."""

REDACTED = "[key removed]"

_KEY_LIKE = re.compile(r"(?:sk-|cr_)[A-Za-z0-9_-]{16,}")
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_SERVER = frozenset({408, 409, 500, 502, 503, 504, *range(520, 530)})

_QUOTA = (
    "insufficient quota", "credit balance exhausted", "billing hard limit reached", "billing not active",
    "access terminated", "quota exceeded", "insufficient balance", "exceeded your current quota",
    "credit balance is too low", "payment required",
)  # fmt: skip
_AUTH = (
    "invalid api key", "incorrect api key", "invalid key", "invalid authentication", "authentication error",
    "authentication fails", "unauthorized", "api key not valid", "no api key", "missing api key",
    "api key provided", "invalid token", "token expired", "permission denied", "invalid x api key",
)  # fmt: skip
_CONTEXT = (
    "context length", "maximum context", "context window", "too many tokens", "prompt is too long",
    "input is too long", "exceeds the model's maximum", "string above max length", "exceed context",
    "exceeds the available context",
)  # fmt: skip
_MODEL = (
    "model not found", "does not exist", "unknown model", "no such model", "invalid model",
    "not a valid model", "unsupported model", "model not exist",
)  # fmt: skip


class ProviderError(Exception):
    """A request that brought no answer, classified and without the key.

    Attributes:
        kind: what the engine goes by; RATE_LIMIT and the breaker kinds use no attempt.
        message: a sentence for a person.
        status: of HTTP, None when there was no answer.
        retry_after_s: seconds the provider asks to wait, None when it does not or says nonsense.
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


@dataclass(frozen=True, slots=True)
class _Said:
    """What an error body says, whatever its shape."""

    message: str
    words: str

    def has(self, phrases: tuple[str, ...]) -> bool:
        return any(phrase in self.words for phrase in phrases)


def redact(text: str, secret: str) -> str:
    """Take the key out of a text, and whatever looks like one."""
    if secret:
        text = text.replace(secret, REDACTED)
    return _KEY_LIKE.sub(REDACTED, text)


def classify(status: int, headers: Mapping[str, str], body: str, *, secret: str) -> ProviderError:
    """The error that an answer other than 2xx stands for.

    Args:
        status: of HTTP.
        headers: with lower-case names.
        body: the answer's text: JSON of any shape, HTML or plain.
        secret: the key, to be removed.
    """
    clean = redact(body, secret)
    said = _read(clean)
    wait = retry_after(headers)
    kind = _kind(status, said, wait)
    what = said.message or headers.get("location", "") or "no explanation"
    return ProviderError(
        kind,
        f"{status}: {redact(what, secret)[:MESSAGE_CHARS]}",
        status=status,
        retry_after_s=wait,
        request_id=headers.get("x-request-id", ""),
        body=clean[:BODY_CHARS],
    )


def classify_event(error: Any, *, secret: str, status: int, request_id: str) -> ProviderError:
    """The error that an error event inside a 200 stream stands for."""
    body = redact(json.dumps({"error": error}), secret)
    said = _read(body)
    code = error.get("code") if isinstance(error, dict) else None
    try:
        inner = int(code) if code is not None else 500
    except (TypeError, ValueError):
        inner = 500
    kind = _kind(inner if 400 <= inner < 600 else 500, said, None)
    if kind is FailureKind.SERVER_ERROR and said.has(_QUOTA):
        kind = FailureKind.QUOTA
    message = f"an error inside the stream: {said.message}"[:MESSAGE_CHARS]
    return ProviderError(kind, message, status=status, request_id=request_id, body=body[:BODY_CHARS])


def _kind(status: int, said: _Said, wait: float | None) -> FailureKind:
    if status == 429:
        quota = said.has(_QUOTA) and (wait is None or wait > SHORT_WAIT_S)
        return FailureKind.QUOTA if quota else FailureKind.RATE_LIMIT
    if status == 401:
        return FailureKind.AUTH
    if status == 402:
        return FailureKind.QUOTA
    if status in _SERVER or status >= 500:
        return FailureKind.SERVER_ERROR
    if status == 403:
        if said.has(_QUOTA):
            return FailureKind.QUOTA
        return FailureKind.AUTH if said.has(_AUTH) else FailureKind.BAD_REQUEST
    return _refusal_kind(status, said)


def _refusal_kind(status: int, said: _Said) -> FailureKind:
    """400, 404, 413, 422 and their like: the request's own fault, unless the words say otherwise."""
    if said.has(_CONTEXT) or status == 413:
        return FailureKind.CONTEXT_LENGTH
    if status in {400, 404} and "model" in said.words and said.has(_MODEL):
        return FailureKind.MODEL_NOT_FOUND
    if said.has(_QUOTA):
        return FailureKind.QUOTA
    if status in {400, 404} and said.has(_AUTH):
        return FailureKind.AUTH
    return FailureKind.BAD_REQUEST


def _read(body: str) -> _Said:
    """The message and the words of a body: `{"error": {...}}`, `{"error": "text"}`, `{"detail": …}`, text, HTML."""
    try:
        data = json.loads(body)
    except ValueError:
        text = " ".join(_TAGS.sub(" ", body).split())
        return _Said(text[:MESSAGE_CHARS], _words(text))
    parts: list[str] = []
    message = _gather(data, parts)
    return _Said(" ".join(message.split())[:MESSAGE_CHARS], _words(" ".join(parts)))


def _gather(data: Any, parts: list[str]) -> str:
    """Collect type, code and text; return the text."""
    if isinstance(data, str):
        parts.append(data)
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, (_gather(entry, parts) for entry in data[:5])))
    if not isinstance(data, dict):
        return ""
    parts.extend(data[name] for name in ("type", "code", "status") if isinstance(data.get(name), str))
    for name in ("error", "message", "msg", "detail", "errors"):
        if data.get(name):
            return _gather(data[name], parts)
    return ""


def _words(text: str) -> str:
    """Lower case, with `_` and `-` as blanks: providers spell the same word each way."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after` (RFC 9110: seconds or a date); None if unusable."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            seconds = _until(value)
        if 0 < seconds < float("inf"):
            return seconds
    return None


def _until(date: str) -> float:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - datetime.now(UTC)).total_seconds()
