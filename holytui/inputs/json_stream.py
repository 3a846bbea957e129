"""Values out of a JSON text of any size, one after the other, also out of one that breaks off."""

import codecs
import json
import re
from typing import Any, BinaryIO

CHUNK = 1 << 20
_BLANK = " \t\r\n"
_SIGN = re.compile(r'"(?:[^"\\]+|\\.)*("?)|[\[{]|[\]}]', re.DOTALL)
"""A text, whole or cut, or a sign that opens or closes."""

_SCALAR = re.compile(r"[^\s,:\[\]{}]*")


class BrokenOff(Exception):
    """The text ends, or is no JSON any more, before the value does."""


class NotRead(Exception):
    """A value that ends, but that Python cannot read: nested too deeply, or no JSON inside; it is behind us.

    Attributes:
        text: all of it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text[:40])
        self.text = text


class JsonStream:
    """A JSON text that is read piece by piece; in memory is one value and some of what follows it.

    Bytes that are not UTF-8 become lone surrogates, integers that are too long for Python texts of their digits.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._scan = json.JSONDecoder(strict=False, parse_int=_integer).raw_decode
        self._text = ""
        self._at = 0
        self._whole = False

    def peek(self) -> str:
        """The next sign that is not blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if self._whole:
                return ""
            self._read()

    def take(self, sign: str) -> bool:
        """Whether the next sign is this one; then it is behind us."""
        if self.peek() != sign:
            return False
        self._at += 1
        return True

    def value(self) -> Any:
        """The next value, whole.

        Raises:
            BrokenOff: there is none.
            NotRead: there is one, but it cannot be read; what follows it can.
        """
        self.peek()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if (close := _end(self._text, self._at)) is not None:
                    text, self._at = self._text[self._at : close], close
                    raise NotRead(text) from error
                if self._whole:
                    raise BrokenOff from error
            else:
                # What ends with what was read so far may be the half of a number.
                if end < len(self._text) or self._whole:
                    self._at = end
                    return value
            self._read()

    def _read(self) -> None:
        """Read on; ever more of it, so that a value of any length is tried a few times only."""
        rest = self._text[self._at :]
        data = self._file.read(max(CHUNK, len(rest)))
        self._whole = not data
        self._text, self._at = rest + self._decoder.decode(data, final=self._whole), 0


def _integer(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def _end(text: str, at: int) -> int | None:
    """Where the value that begins here ends, by its quotes and brackets alone; None where that is not in the text."""
    if text[at : at + 1] not in {"{", "[", '"'}:
        found = _SCALAR.match(text, at)
        return found.end() if found is not None and at < found.end() < len(text) else None
    depth = 0
    for sign in _SIGN.finditer(text, at):
        if sign[0][0] == '"':
            if not sign[1]:
                return None
        else:
            depth += 1 if sign[0] in "{[" else -1
        if depth <= 0:
            return sign.end()
    return None
