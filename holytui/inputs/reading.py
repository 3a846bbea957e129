"""What the readers of one kind of input each share: what they yield, how they fail, how they open a file."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from holytui.core.given import GivenItem
from holytui.core.template import compact_json
from holytui.core.work import Record

UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class InputProblem(Exception):
    """The input as a whole cannot be read; the message is a sentence."""


class Reading(NamedTuple):
    """A record with the value of its identifying field, or None where it has none."""

    given: Any
    record: Record


def given_item(value: object) -> GivenItem:
    """Any JSON value as an item: what is neither a text nor an object is its JSON, nothing an empty text."""
    if isinstance(value, str | dict):
        return value
    return "" if value is None else compact_json(value)


def unusable(problem: str, raw: Any) -> Record:
    """A record that fails as `input_error` when its turn comes; `raw` keeps it recognisable."""
    return Record("", {}, problem, raw)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file of items, for reading, behind its byte order mark.

    Raises:
        InputProblem: there is no such file, it may not be read, or reading fails on the way.
    """
    try:
        with path.open("rb") as file:
            start = file.read(3)
            if start[:2] in _UTF16_BOMS:
                raise InputProblem(f"{path} is UTF-16; expected UTF-8.")
            file.seek(3 if start == UTF8_BOM else 0)
            yield file
    except FileNotFoundError:
        raise InputProblem(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise InputProblem(f"{path} is a folder; expected a file.") from None
    except OSError as error:
        raise InputProblem(f"{path} cannot be read: {error.strerror or error}.") from error


def text_lines(file: Iterable[bytes]) -> Iterator[tuple[int, str, str | None]]:
    r"""The lines of a file that are not blank: (number from 1, text without its end, problem or None).

    A line ends in `\n` or `\r\n`. One that is not UTF-8 keeps its bytes as lone surrogates.
    """
    for number, raw in enumerate(file, start=1):
        line = raw.removesuffix(b"\n").removesuffix(b"\r")
        try:
            text, problem = line.decode(), None
        except UnicodeDecodeError as error:
            text = line.decode(errors="surrogateescape")
            problem = f"line {number} is not UTF-8 (byte {error.start + 1})"
        if text.strip():
            yield number, text, problem
