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
    """Bytes in, events out (the event stream format of the HTML standard, section 9.2)."""

    def __init__(self) -> None:
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._data: list[str] = []
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Data | Beat]:
        """The events that this chunk completes."""
        return self._lines(self._text.decode(chunk))

    def end(self) -> list[Data | Beat]:
        """What a stream that ended without its last blank line still held."""
        events = self._lines(self._text.decode(b"", final=True) + "\n")
        if self._data:
            events.append(Data("\n".join(self._data)))
            self._data = []
        return events

    def _lines(self, text: str) -> list[Data | Beat]:
        events: list[Data | Beat] = []
        if self._after_cr and text:
            # A CR ended the line before; an LF right behind it belongs to that ending.
            text = text.removeprefix("\n")
            self._after_cr = False
        if text.endswith("\r"):
            self._after_cr = True
        text = self._rest + text.replace("\r\n", "\n").replace("\r", "\n")
        *lines, self._rest = text.split("\n")
        for line in lines:
            event = self._line(line)
            if event is not None:
                events.append(event)
        return events

    def _line(self, line: str) -> Data | Beat | None:
        if not line:
            if not self._data:
                return Beat()
            event = Data("\n".join(self._data))
            self._data = []
            return event
        if line.startswith(":"):
            return Beat()
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
        return None
