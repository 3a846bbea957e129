"""Kinds of failures that are known only by what somebody else's program wrote about them."""

import re

from holytui.core.failures import FailureKind

_STATUS = re.compile(r"(?:http|status|code|error)\D{0,12}\b([45]\d\d)\b|^\s*([45]\d\d)\b", re.IGNORECASE)
_WORDS = (
    (r"time[d]?[\s_-]*out|timeout|deadline", FailureKind.TIMEOUT_ATTEMPT),
    (r"rate[\s_-]*limit|too many requests|\b429\b", FailureKind.RATE_LIMIT),
    (r"context[\s_-]*length|maximum context|too long for", FailureKind.CONTEXT_LENGTH),
    (r"content[\s_-]*(filter|policy)", FailureKind.CONTENT_FILTER),
    (r"insufficient|quota|balance|billing", FailureKind.QUOTA),
    (r"api[\s_-]*key|unauthori[sz]ed|authenticat", FailureKind.AUTH),
    (r"connect|network|reset|refused|broken pipe|\bssl\b|\bdns\b|name resolution|eof", FailureKind.NETWORK),
)
_STATUSES = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    408: FailureKind.TIMEOUT_ATTEMPT,
    413: FailureKind.CONTEXT_LENGTH,
    422: FailureKind.BAD_REQUEST,
    429: FailureKind.RATE_LIMIT,
    504: FailureKind.TIMEOUT_ATTEMPT,
}


def guess_kind(message: str) -> tuple[FailureKind, int | None]:
    """The kind that a message fits best, and the HTTP status that it names; what nothing tells counts as the server's.

    Args:
        message: foreign text; only its beginning is looked at.
    """
    start = message[:2_000].lower()
    found = _STATUS.search(start)
    status = int(found[1] or found[2]) if found else None
    if status in _STATUSES:
        return _STATUSES[status], status
    kind = next((kind for words, kind in _WORDS if re.search(words, start)), FailureKind.SERVER_ERROR)
    return (FailureKind.SERVER_ERROR if status is not None and status >= 500 else kind), status
