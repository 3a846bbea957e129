"""Files of the old kind, whole and torn anywhere: no traceback, and everything complete is saved."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holytui.inputs import json_stream
from holytui.inputs.reading import InputProblem
from holytui.inputs.seed import SeedResult, read_seed

TEXT = st.text(max_size=8)
ANSWERED = st.fixed_dictionaries(
    {"index": st.integers(0, 9), "item": TEXT, "result": TEXT, "status": st.just("SUCCESS")}
)
FAILED = st.fixed_dictionaries({"index": st.integers(0, 9), "item": TEXT, "error": TEXT, "status": st.just("FAILED")})
RESULTS = st.lists(ANSWERED | FAILED, min_size=1, max_size=6)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "progress": st.fixed_dictionaries(
            {}, optional={"results": st.lists(JUNK) | st.dictionaries(TEXT, JUNK) | JUNK}
        ),
        "results": JUNK,
        "additional_data": JUNK,
        "task_id": JUNK,
        "total_items": JUNK,
        "start_time": JUNK,
    },
)


def saved(folder: Path, data: bytes) -> tuple[SeedResult, ...] | None:
    """The results in a file; None where it is refused with a sentence."""
    path = folder / "task.json"
    path.write_bytes(data)
    try:
        return read_seed(path).results
    except InputProblem:
        return None


def text_of(results: list[Any], *, indent: int | None, ascii_only: bool) -> str:
    data = {"progress": {"task_id": "t", "total_items": 10, "results": results}, "saved_at": "now"}
    return json.dumps(data, indent=indent, ensure_ascii=ascii_only)


@given(RESULTS, st.sampled_from([None, 2]), st.booleans(), st.integers(1, 64), st.data())
def test_any_prefix_gives_all_that_is_complete_in_it(
    tmp_path_factory: Any, results: list[Any], indent: int | None, ascii_only: bool, chunk: int, data: Any
) -> None:
    text = text_of(results, indent=indent, ascii_only=ascii_only)
    cut = data.draw(st.integers(0, len(text)))
    ends, at = [], text.index('"results"')
    for _ in results:
        at = text.index("{", at)
        _, at = json.JSONDecoder().raw_decode(text, at)
        ends.append(at)
    before, json_stream.CHUNK = json_stream.CHUNK, chunk
    try:
        found = saved(tmp_path_factory.getbasetemp(), text[:cut].encode("utf-8", "surrogatepass"))
    finally:
        json_stream.CHUNK = before
    complete = sum(end <= cut for end in ends)
    assert len(found or ()) == complete
    for result, told in zip(results, found or (), strict=False):
        assert told.index == result["index"]
        assert told.item == result["item"]
        assert told.answer == result.get("result")


@given(SHAPED | JUNK, st.integers(0, 300))
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path_factory: Any, data: Any, cut: int) -> None:
    text = json.dumps(data)
    saved(tmp_path_factory.getbasetemp(), text.encode())
    saved(tmp_path_factory.getbasetemp(), text[:cut].encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: Any, data: bytes) -> None:
    saved(tmp_path_factory.getbasetemp(), data)
    saved(tmp_path_factory.getbasetemp(), b'{"progress": {"results": [' + data)


def test_a_large_file_takes_little_more_memory_than_what_is_in_it(tmp_path: Path) -> None:
    answer = "word " * 2_000
    path = tmp_path / "large.json"
    with path.open("w") as file:
        file.write('{"progress": {"task_id": "t", "results": [')
        for number in range(2_000):
            result = {"index": number, "item": f"document {number}", "result": answer, "status": "SUCCESS"}
            file.write(("," if number else "") + json.dumps(result))
        file.write("]}}")
    size = path.stat().st_size
    assert size > 20_000_000
    tracemalloc.start()
    try:
        assert len(read_seed(path).results) == 2_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size * 1.5
