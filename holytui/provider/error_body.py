"""What the body of an error says, whatever its shape."""

import json
import re
from dataclasses import dataclass
from typing import Any

from holytui.provider.redaction import redact

READ_CHARS = 16_000
"""What of a body is looked at: enough for every explanation, little enough for a hostile page."""

QUOTED_CHARS = 24
"""A phrase may begin in the provider's words and end in a quotation: its end tells."""

_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Said:
    """An error in words.

    Attributes:
        message: its text, for a person.
        marks: type, code and status, as `words_of` writes them: the provider's own words, never a prompt's.
        words: marks and text alike.
        asked: what was asked, for a body may quote it.
    """

    message: str
    marks: str
    words: str
    asked: str

    def has(self, phrases: re.Pattern[str]) -> bool:
        """It says one of them, be it in a quotation."""
        return phrases.search(self.words) is not None

    def means(self, phrases: re.Pattern[str]) -> bool:
        """It says one of them itself: what was asked does not hold those words, so they are not quoted from it.

        A prompt about an empty balance, refused for its own sake by a server that quotes it, must not stop a job.
        """
        if phrases.search(self.marks) is not None:
            return True
        ends = [match[0][-QUOTED_CHARS:] for match in phrases.finditer(self.words)]
        if not ends:
            return False
        asked = words_of(self.asked)
        return any(end not in asked for end in ends)


def read_body(body: str, asked: str, secret: str) -> Said:
    """Read `{"error": {...}}`, `{"error": "text"}`, `{"detail": …}`, text or HTML.

    The key goes before anything is cut: half a key is not found any more.
    """
    marks: list[str] = []
    texts: list[str] = []
    try:
        message = _gather(json.loads(body), marks, texts)
    except (ValueError, RecursionError):
        text = " ".join(_TAGS.sub(" ", redact(body, secret)[:READ_CHARS]).split())
        return Said(text, "", words_of(text), asked)
    marked = words_of(" ".join(marks)[:READ_CHARS])
    words = f"{marked} {words_of(' '.join(texts)[:READ_CHARS])}"
    return Said(" ".join(redact(message, secret)[:READ_CHARS].split()), marked, words, asked)


def words_of(text: str) -> str:
    """Lower case, with `_` and `-` as blanks: providers spell the same word each way."""
    return " ".join(text.lower().replace("_", " ").replace("-", " ").split())


def _gather(data: Any, marks: list[str], texts: list[str]) -> str:
    """Collect type, code and text; return the text."""
    if isinstance(data, str):
        texts.append(data)
        return data
    if isinstance(data, list):
        return "; ".join(filter(None, (_gather(entry, marks, texts) for entry in data[:5])))
    if not isinstance(data, dict):
        return ""
    given = (data.get(name) for name in ("type", "code", "status"))
    marks.extend(_CAMEL.sub(" ", mark) for mark in given if isinstance(mark, str))
    for name in ("error", "message", "msg", "detail", "errors"):
        if data.get(name) and (text := _gather(data[name], marks, texts)):
            return text
    return ""
