"""Readers: every item once, in order, under a name that lasts; what cannot be used says why."""

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.job import Input
from holytui.core.work import Item
from holytui.inputs.source import InputProblem, read


def items(base: Path, **source: Any) -> list[Item]:
    return list(read(Input(**source), base))


def texts(found: list[Item]) -> list[str]:
    return [item.record.text for item in found]


def only_problem(found: list[Item]) -> str:
    problems = [item.record.problem for item in found if item.record.problem is not None]
    assert len(problems) == 1
    return problems[0]


# --- lines


def test_lines_of_every_ending_without_the_blank_ones(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"\xef\xbb\xbfone\r\n\n  \ntwo \nthree\x00\rfour")
    found = items(tmp_path, lines="x.txt")
    assert texts(found) == ["one", "two ", "three\x00\rfour"]
    assert [item.index for item in found] == [0, 1, 2]
    assert [item.record.raw for item in found] == texts(found)


def test_a_line_that_is_not_utf8_fails_alone_and_keeps_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"good\nb\xff\xfed\ngood too")
    found = items(tmp_path, lines="x.txt")
    assert only_problem(found) == "line 2 is not UTF-8 (byte 2)"
    assert found[1].record.text == ""
    assert found[1].record.raw.encode(errors="surrogateescape") == b"b\xff\xfed"
    assert texts(found)[2] == "good too"


def test_ids_of_lines_are_their_hashes_with_repeats_numbered(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a\nb\na\na\n")
    ids = [item.item_id for item in items(tmp_path, lines="x.txt")]
    assert ids[2:] == [f"{ids[0]}~2", f"{ids[0]}~3"]
    assert ids[0] == items(tmp_path, lines="x.txt")[0].input_hash.hex()[:16]


def test_an_id_does_not_depend_on_the_place(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a\nb\n")
    (tmp_path / "y.txt").write_text("new\nb\na\n")
    before = {item.record.text: item.item_id for item in items(tmp_path, lines="x.txt")}
    after = {item.record.text: item.item_id for item in items(tmp_path, lines="y.txt")}
    assert before.items() <= after.items()


def test_limit_takes_the_first(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a\nb\nc\n")
    assert texts(items(tmp_path, lines="x.txt", limit=2)) == ["a", "b"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1)))
def test_lines_come_back_as_written(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("lines")
    kept = [line for line in lines if line.strip()]
    (folder / "x.txt").write_bytes("".join(f"{line}\n" for line in ["\ufeff", *lines, "end"]).encode())
    found = texts(items(folder, lines="x.txt"))
    assert found == [*kept, "end"]


def test_long_inputs_are_streamed(tmp_path: Path) -> None:
    line = b"x" * 1000
    with (tmp_path / "x.txt").open("wb") as file:
        for number in range(20_000):
            file.write(b"%d %b\n" % (number, line))
    tracemalloc.start()
    count = sum(1 for _ in read(Input(lines="x.txt"), tmp_path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 5_000_000


def test_huge_lines(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"t": "y" * 5_000_000}) + "\n" + json.dumps("z" * 5_000_000))
    found = items(tmp_path, jsonl="x.jsonl")
    assert len(found[0].record.fields["t"]) == len(found[1].record.text) == 5_000_000


# --- JSON lines


def test_objects_and_strings(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": 7, "a": {"b": [1, 2]}}\n\n"just \\ud83d text"\n')
    found = items(tmp_path, jsonl="x.jsonl")
    assert texts(found) == ['{"id":7,"a":{"b":[1,2]}}', "just \ud83d text"]
    assert found[0].record.fields == found[0].record.raw == {"id": 7, "a": {"b": [1, 2]}}
    assert found[1].record.raw == "just \ud83d text"


def test_the_id_field_names_the_item(tmp_path: Path) -> None:
    rows = [{"k": "a"}, {"k": 7}, {"k": "a"}, {"k": [1, "x"]}]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert [item.item_id for item in items(tmp_path, jsonl="x.jsonl", id="k")] == ["a", "7", "a~2", '[1,"x"]']


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{oops", "line 2 is not JSON: Expecting property name enclosed in double quotes (column 2)"),
        ("[1, 2]", "line 2 is neither a JSON object nor a string"),
        ("3", "line 2 is neither a JSON object nor a string"),
        ('""', "line 2 has no text"),
        ("{}", "line 2 has no text"),
        ('{"a": "", "b": null}', "line 2 has no text"),
        ('{"a": NaN}', "line 2 is not JSON: NaN is no JSON value"),
        ('{"a": 1e999}', "line 2 is not JSON: Out of range float values are not JSON compliant"),
        ("[" * 100_000, "line 2 is not JSON: maximum recursion depth exceeded"),
    ],
)
def test_a_bad_line_fails_alone(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "x.jsonl").write_text(f'{{"a": 1}}\n{line}\n{{"a": 2}}\n')
    found = items(tmp_path, jsonl="x.jsonl")
    assert len(found) == 3
    assert only_problem(found).startswith(problem)
    assert len({item.item_id for item in found}) == 3


@pytest.mark.parametrize("row", ['{"a": 1}', '{"a": 1, "k": ""}', '{"a": 1, "k": null}'])
def test_a_row_without_its_id_is_told(tmp_path: Path, row: str) -> None:
    (tmp_path / "x.jsonl").write_text(row)
    assert only_problem(items(tmp_path, jsonl="x.jsonl", id="k")) == (
        'line 1 has nothing in the field "k" that names it'
    )


# --- CSV


def test_rows_with_quotes_and_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'\xef\xbb\xbfid, text\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n2,b\r\n')
    found = items(tmp_path, csv="x.csv", id="id")
    assert [item.item_id for item in found] == ["1", "2"]
    assert found[0].record.fields == {"id": "1", "text": 'two\r\nlines, "quoted"'}
    assert texts(found)[1] == '{"id":"2","text":"b"}'


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_delimiters(tmp_path: Path, sign: str) -> None:
    (tmp_path / "x.csv").write_text(f"a{sign}b\n1{sign}2,5\n")
    assert items(tmp_path, csv="x.csv")[0].record.fields == {"a": "1", "b": "2,5"}


def test_rows_that_cannot_be_used_fail_alone(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"a,b,\n1,2,dropped\n1\n1,2,3,4\nx,\xff,\n,,\nend,2\n")
    found = items(tmp_path, csv="x.csv")
    assert [item.record.fields for item in found[:2]] == [{"a": "1", "b": "2"}, {"a": "1"}]
    assert [item.record.problem for item in found[2:]] == [
        "the row that ends on line 4 has 4 cells under 3 columns",
        "the row that ends on line 5 is not UTF-8",
        "the row that ends on line 6 has no text",
        None,
    ]


def test_a_cell_of_many_megabytes(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"a,b\n1,{'x' * 5_000_000}\n")
    assert len(items(tmp_path, csv="x.csv")[0].record.fields["b"]) == 5_000_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no header"),
        (b"a,a\n1,2\n", "more than one column called a"),
        (b"a,b\n1,2\n", 'no column "k", which id names; it has a, b'),
        (b"\xffk,b\n1,2\n", "is not UTF-8"),
        (b"\xff\xfek\x00,\x00", "is UTF-16; expected UTF-8"),
        (b"k,b\n", "holds no item"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputProblem, match=sentence):
        items(tmp_path, csv="x.csv", id="k")


# --- documents


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    files = {
        "b.txt": b"bee",
        "a/z.txt": b"zed\r\n",
        "a/y.txt": b"why",
        ".hidden.txt": b"no",
        "a/other.md": b"md",
    }
    for name, content in files.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "docs" / "folder.txt").mkdir()
    return tmp_path


def test_documents_are_named_by_their_path_under_the_fixed_root(docs: Path) -> None:
    found = items(docs, glob="docs/**/*.txt")
    assert [item.item_id for item in found] == ["a/y.txt", "a/z.txt", "b.txt"]
    assert found[1].record.fields == {"text": "zed\r\n", "path": "a/z.txt", "name": "z.txt"}
    assert found[1].record.raw == "a/z.txt"


def test_a_pattern_without_wildcards_and_one_from_the_root(docs: Path) -> None:
    assert [item.item_id for item in items(docs, glob="docs/b.txt")] == ["b.txt"]
    absolute = items(docs.parent, glob=f"{docs}/docs/a/*")
    assert [item.item_id for item in absolute] == ["other.md", "y.txt", "z.txt"]


def test_another_field_may_name_documents(docs: Path) -> None:
    assert [item.item_id for item in items(docs, glob="docs/**/*.txt", id="name")] == [
        "y.txt",
        "z.txt",
        "b.txt",
    ]


def test_the_standard_library_is_an_input(tmp_path: Path) -> None:
    found = items(tmp_path, glob="${stdlib}/json/*.py")
    assert [item.item_id for item in found] == [
        "__init__.py", "decoder.py", "encoder.py", "scanner.py", "tool.py",
    ]  # fmt: skip


def test_max_chars_cuts_text_by_characters(docs: Path) -> None:
    (docs / "docs" / "b.txt").write_text("日本語です", encoding="utf-8")
    assert texts(items(docs, glob="docs/b.txt", max_chars=3)) == ["日本語"]


def test_documents_that_cannot_be_used_fail_alone(docs: Path) -> None:
    folder = docs / "bad"
    folder.mkdir()
    (folder / "1").write_bytes(b"GIF\x00\x01")
    (folder / "2").write_bytes(b"caf\xe9")
    (folder / "3").write_bytes(b" \n")
    (folder / "4").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "5")
    (folder / "6").write_bytes(b"good")
    (folder / "7").write_bytes(b"%PDF-1.7\n")
    found = items(docs, glob="bad/*")
    assert [(item.item_id, item.record.problem) for item in found] == [
        ("1", "it is a binary file; expected text"),
        ("2", "it is not UTF-8 text"),
        ("3", "it has no text"),
        ("4", "it cannot be read: No such file or directory"),
        ("5", "it is not a regular file"),
        ("6", None),
        ("7", "it is a PDF; this version reads text files only"),
    ]


def test_a_file_name_that_is_not_utf8_keeps_its_bytes(docs: Path) -> None:
    (docs / "docs" / os.fsdecode(b"caf\xe9.md")).write_bytes(b"x")
    (found,) = items(docs, glob="docs/*.md")
    assert os.fsencode(found.item_id) == b"caf\xe9.md"


# --- count, and what is no input at all


def test_count_makes_the_documents_of_the_story(tmp_path: Path) -> None:
    found = items(tmp_path, count=3)
    assert [(item.item_id, item.record.text) for item in found] == [(f"doc_{n}.pdf",) * 2 for n in range(3)]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({"lines": "none.txt"}, "There is no file .*none.txt"),
        ({"jsonl": "."}, "is a folder; expected a file"),
        ({"lines": "empty.txt"}, r"The input \(empty.txt\) holds no item"),
        ({"glob": "*.none"}, r"No file matches .*\*.none"),
    ],
)
def test_an_input_that_cannot_be_read_at_all(tmp_path: Path, source: dict[str, Any], sentence: str) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    with pytest.raises(InputProblem, match=sentence):
        items(tmp_path, **source)
