"""Files of the old kind, whole and torn anywhere: no traceback, and everything complete is saved."""

import contextlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.inputs import json_stream
from holytui.inputs.reading import InputProblem
from holytui.inputs.seed import SeedFile, SeedResult, read_seed
from holytui.inputs.whole_input import read_whole

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


DEEP = "[" * 100_000 + "]" * 100_000
UNREADABLE = [
    f'{{"index": 8, "item": "x", "result": {DEEP}}}',
    DEEP,
    '{"index": 8, "item": [tru], "note": "\\"}"}',
    '{"index": 8 "item": "]}"}',
    "nonsense",
]


def read_text(folder: Path, *entries: str, close: str = "]}}", **progress: Any) -> SeedFile:
    path = folder / "task.json"
    head = json.dumps({"task_id": "t", "total_items": 10, **progress})[:-1]
    path.write_text(f'{{"progress": {head}, "results": [{", ".join(entries)}{close}')
    return read_seed(path)


@given(RESULTS, st.lists(st.tuples(st.integers(0, 6), st.sampled_from(UNREADABLE[2:])), max_size=3), st.integers(1, 64))
def test_what_cannot_be_read_takes_nothing_else_with_it(
    tmp_path_factory: Any, results: list[Any], bad: list[tuple[int, str]], chunk: int
) -> None:
    entries = [json.dumps(result) for result in results]
    for place, text in bad:
        entries.insert(place, text)
    before, json_stream.CHUNK = json_stream.CHUNK, chunk
    try:
        found = read_text(tmp_path_factory.getbasetemp(), *entries)
    finally:
        json_stream.CHUNK = before
    assert not found.torn
    assert found.unread == len(bad)
    assert [(told.index, told.item, told.answer) for told in found.results] == [
        (result["index"], result["item"], result.get("result")) for result in results
    ]


@pytest.mark.parametrize("text", UNREADABLE, ids=["deep answer", "deep", "no word", "no comma", "no JSON"])
def test_an_entry_that_cannot_be_read_is_left_out_and_counted(tmp_path: Path, text: str) -> None:
    good = [json.dumps({"index": n, "item": f"d {n}", "result": "r", "status": "SUCCESS"}) for n in range(3)]
    found = read_text(tmp_path, good[0], text, *good[1:])
    assert ([told.index for told in found.results], found.unread, found.torn) == ([0, 1, 2], 1, False)
    torn = read_text(tmp_path, good[0], text, good[1], good[2][:-5], close="")
    assert ([told.index for told in torn.results], torn.unread, torn.torn) == ([0, 1], 1, True)


def test_an_answer_survives_what_cannot_be_read_beside_it(tmp_path: Path) -> None:
    entry = f'{{"index": 4, "item": "d", "more": {DEEP}, "result": "bought", "status": "SUCCESS"}}'
    found = read_text(tmp_path, entry)
    assert found.results == (SeedResult(4, "d", "bought"),)
    assert (found.in_part, found.unread, found.torn) == (1, 0, False)


def test_integers_of_any_length_are_read(tmp_path: Path) -> None:
    digits = "7" * 5_000
    entry = f'{{"index": 0, "item": {{"n": {digits}}}, "result": {digits}, "status": "SUCCESS"}}'
    found = read_text(tmp_path, entry, entry.replace('"index": 0', '"index": 1'))
    assert [(told.item, told.answer) for told in found.results] == [({"n": digits}, digits)] * 2


@given(st.lists(JUNK, min_size=1, max_size=4))
def test_an_item_is_the_same_in_the_checkpoint_and_in_the_input(tmp_path_factory: Any, values: list[Any]) -> None:
    values = [value for value in values if value not in (None, "") and not isinstance(value, dict)] or ["a"]
    folder = tmp_path_factory.getbasetemp()
    entries = [{"index": n, "item": value, "result": "r"} for n, value in enumerate(values)]
    items = [told.item for told in read_text(folder, *map(json.dumps, entries)).results]
    (folder / "whole.json").write_text(json.dumps(values))
    assert read_whole(folder / "whole.json") == items


def test_json_lines_of_any_value_are_items(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('1.5\n[1, 2]\n"a"\n{"b": 1}\ntrue\nnull\n')
    assert read_whole(path) == ["1.5", "[1,2]", "a", {"b": 1}, "true", ""]
    path.write_text("[1, 2\n")
    with pytest.raises(InputProblem, match="line 1 is not JSON"):
        read_whole(path)


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "whatever", 3])
def test_an_answer_is_one_whatever_its_status_says(tmp_path: Path, status: Any) -> None:
    entry = {"index": 0, "item": "d", "status": status}
    found = read_text(tmp_path, *(json.dumps({**entry, "result": result}) for result in ("paid", "", None)))
    assert ([told.answer for told in found.results], found.left_out) == (["paid"], 2)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        (1767261600, 1767261600.0),
        (1767261600123, 1767261600.123),
        ("1767261600", 1767261600.0),
        (" 1767261600.5 ", 1767261600.5),
        ("1767261600123", 1767261600.123),
        ("2026-01-01T10:00:00+00:00", 1767261600.0),
        ("Thu Jan  1 10:00:00 2026", None),
        ("176726160", 176726160.0),
        (0, None),
        (-1, None),
        (1e300, None),
        (True, None),
    ],
)
def test_moments_are_seconds_milliseconds_or_iso(tmp_path: Path, written: Any, at: float | None) -> None:
    entry = {"index": 0, "item": "d", "result": "r", "status": "SUCCESS", "timestamp": written}
    assert read_text(tmp_path, json.dumps(entry)).results[0].at == at


@pytest.mark.parametrize("depth", [900, 985, 988, 989, 990, 991, 992, 2_000])
def test_a_deep_item_is_read_or_left_without_losing_its_answer(tmp_path: Path, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    found = read_text(
        tmp_path, f'{{"index": 0, "item": {deep}, "result": "bought"}}', f'{{"index": 1, "result": {deep}}}'
    )
    assert found.results[0].answer == "bought"
    assert len(found.results) + found.unread == 2
    for name, text in (("x.jsonl", deep), ("x.json", f'["a", {deep}]')):
        (tmp_path / name).write_text(text)
        with contextlib.suppress(InputProblem):
            assert read_whole(tmp_path / name)
