"""The input of a job as a stream of items, whatever it is read from."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from holytui.core.given import lines_of
from holytui.core.identity import Namer, input_hash, item_id
from holytui.core.job import Input, Job
from holytui.core.work import Item
from holytui.inputs.count import count_up
from holytui.inputs.documents import read_documents
from holytui.inputs.lines import read_lines
from holytui.inputs.reading import InputProblem, Reading
from holytui.inputs.table import jsonl_rows, read_csv, read_jsonl

__all__ = ["InputProblem", "read", "read_job"]


def read(source: Input, base_dir: Path) -> Iterator[Item]:
    """The items, one at a time: what cannot be used comes as an item whose record has a problem.

    Args:
        source: the job's input.
        base_dir: what its paths are relative to.

    Raises:
        InputProblem: while iterating, when the source as a whole cannot be read or holds no item.
    """
    found = False
    for item in _items(islice(_readings(source, base_dir), source.limit)):
        found = True
        yield item
    if not found:
        raise InputProblem(f"The input ({getattr(source, source.source)}) holds no item.")


def read_job(job: Job, base_dir: Path) -> Iterator[Item]:
    """The items of a job: those that came with it, else those of its input.

    Raises:
        InputProblem: as `read` does.
    """
    if job.given_items is None:
        return read(job.input, base_dir)
    return _items(jsonl_rows(lines_of(job.given_items), job.input.id))


def _items(readings: Iterable[Reading]) -> Iterator[Item]:
    namer = Namer()
    for index, reading in enumerate(readings):
        digest = input_hash(reading.record)
        yield Item(index, namer.name(item_id(reading.given, digest)), reading.record, digest)


def _readings(source: Input, base_dir: Path) -> Iterator[Reading]:
    if source.glob is not None:
        return read_documents(source.glob, base_dir, source.id, source.max_chars)
    if source.jsonl is not None:
        return read_jsonl(_resolve(source.jsonl, base_dir), source.id)
    if source.csv is not None:
        return read_csv(_resolve(source.csv, base_dir), source.id)
    if source.lines is not None:
        return read_lines(_resolve(source.lines, base_dir))
    assert source.count is not None
    return count_up(source.count)


def _resolve(path: str, base_dir: Path) -> Path:
    return base_dir / Path(path).expanduser()
