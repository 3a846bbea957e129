"""Takes keys out of what is kept or shown: error bodies, headers, exceptions; never out of prompts or answers."""

import re

REDACTED = "[key removed]"
SHORTEST_SECRET = 4
"""Servers that need no key are given `x` or `no`; taking such a letter out of a text would only spoil it."""

_KEY_LIKE = re.compile(r"(?:sk-|cr_)[A-Za-z0-9_-]{16,}")


def redact(text: str, secret: str) -> str:
    """Take the key out of a text, and whatever looks like one."""
    if len(secret) >= SHORTEST_SECRET:
        text = text.replace(secret, REDACTED)
    return _KEY_LIKE.sub(REDACTED, text)
