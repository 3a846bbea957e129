"""Server-sent events from bytes: any line ending, any chunking, comments told apart."""

import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Data:
    """The data of one event, its lines joined."""

    text: str


@dataclass(frozen=True, slots=True)
class Beat:
    """A comment, or a blank line where no event ended: a sign of life."""


class Decoder:
    """Bytes in, events out (the event stream format of the HTML standard, section 9.2).

    Its time is linear in the bytes, however they are cut: a line of 10 MB may come in thousands of chunks.
    """

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line_parts: list[str] = []
        self._data: list[str] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Data | Beat]:
        """The events that this chunk completes."""
        return self._lines(self._text.decode(chunk))

    def end(self) -> list[Data | Beat]:
        """What a stream that ended without its last blank line still held."""
        events = self._lines(self._text.decode(b"", final=True))
        if self._line_parts:
            events += self._lines("\n")
        if self._data:
            events.append(self._event())
        return events

    def _lines(self, text: str) -> list[Data | Beat]:
        if self._after_cr and text:
            # A CR ended the line before; an LF right behind it belongs to that ending.
            text = text.removeprefix("\n")
            self._after_cr = False
        if text.endswith("\r"):
            self._after_cr = True
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *lines, rest = text.split("\n")
        events: list[Data | Beat] = []
        for line in lines:
            if self._line_parts:
                line = "".join((*self._line_parts, line))  # noqa: PLW2901  # the line's beginning came earlier
                self._line_parts.clear()
            event = self._line(line)
            if event is not None:
                events.append(event)
        if rest:
            self._line_parts.append(rest)
        return events

    def _line(self, line: str) -> Data | Beat | None:
        if not line:
            return self._event() if self._data else Beat()
        if line.startswith(":"):
            return Beat()
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        return None

    def _event(self) -> Data:
        event = Data("\n".join(self._data))
        self._data = []
        return event
