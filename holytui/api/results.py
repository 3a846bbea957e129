"""A job's items as they are sent: page by page from the checkpoint, never all of them in memory."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from holytui.store.export import item_lines
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError

LINES = "application/x-ndjson"
PART_BYTES = 1 << 16
"""Sent at once: large enough that a thread is asked seldom, small enough for a slow client."""


async def lines(folder: Path, after: int, limit: int | None) -> AsyncIterator[bytes]:
    """JSON lines; the first part is read before it returns, so that what cannot be read is an error, not a cut stream.

    Args:
        folder: of the job.
        after: index of the item before the first.
        limit: items at most; None: all.

    Raises:
        CheckpointError: it cannot be read.
    """
    return await _streamed(folder, lambda reader: (f"{line}\n" for line in _some(reader, after, limit)))


async def array(folder: Path, after: int, limit: int | None) -> AsyncIterator[bytes]:
    """The same as one JSON array."""

    def parts(reader: Reader) -> Iterator[str]:
        lead = "["
        for line in _some(reader, after, limit):
            yield f"{lead}\n{line}"
            lead = ","
        yield "[]\n" if lead == "[" else "\n]\n"

    return await _streamed(folder, parts)


def _some(reader: Reader, after: int, limit: int | None) -> Iterator[str]:
    return islice(item_lines(reader, after), limit)


async def _streamed(folder: Path, make: Callable[[Reader], Iterator[str]]) -> AsyncIterator[bytes]:
    reader = await run_in_threadpool(Reader.open, folder)
    texts = make(reader)
    try:
        first = await run_in_threadpool(_part, texts)
    except BaseException:
        reader.close()
        raise

    async def rest() -> AsyncIterator[bytes]:
        part = first
        try:
            while part:
                yield part
                part = await run_in_threadpool(_part, texts)
        except CheckpointError:
            raise ConnectionAbortedError from None  # headers are out: a cut stream is the only way to say so
        finally:
            reader.close()

    return rest()


def _part(texts: Iterator[str]) -> bytes:
    """The next texts, together of about the size of a part; empty at the end."""
    part, size = [], 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= PART_BYTES:
            break
    return "".join(part).encode("ascii")
