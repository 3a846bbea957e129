"""The input of a job as a stream of items, whatever it is read from."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from holytui.core.identity import Namer, input_hash, item_id
from holytui.core.job import Input
from holytui.core.work import Item
from holytui.inputs.count import count_up
from holytui.inputs.documents import read_documents
from holytui.inputs.lines import read_lines
from holytui.inputs.reading import InputProblem, Reading
from holytui.inputs.table import read_csv, read_jsonl

__all__ = ["InputProblem", "read"]


def read(source: Input, base_dir: Path) -> Iterator[Item]:
    """The items, one at a time: what cannot be used comes as an item whose record has a problem.

    Args:
        source: the job's input.
        base_dir: what its paths are relative to.

    Raises:
        InputProblem: while iterating, when the source as a whole cannot be read or holds no item.
    """
    namer = Namer()
    index = -1
    for index, reading in enumerate(islice(_readings(source, base_dir), source.limit)):
        digest = input_hash(reading.record)
        yield Item(index, namer.name(item_id(reading.given, digest)), reading.record, digest)
    if index < 0:
        raise InputProblem(f"The input ({getattr(source, source.source)}) holds no item.")


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
