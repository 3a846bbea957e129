"""Schemas of answers: which can be used, and that none of them ever reaches the network."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from holytui.core.answer_check import AnswerCheck
from holytui.core.answer_schema import AnswerSchema, SchemaProblem, compile_schema, read_schema

DRAFT7 = "http://json-schema.org/draft-07/schema#"
LATEST = "https://json-schema.org/draft/2020-12/schema"
OUT = 'put what it names under "$defs"'


def schema(data: Any) -> AnswerSchema:
    return AnswerSchema("a.json", json.dumps(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"$ref": "https://example.com/x.json"}, OUT),
        ({"properties": {"a": {"items": {"$ref": "other.json#/b"}}}}, OUT),
        ({"$id": "https://example.com/base.json", "$ref": "x.json"}, OUT),
        ({"$ref": "#/x/y", "x": {"y": {"$ref": "https://example.com/z"}}}, OUT),
        ({"$schema": DRAFT7, "definitions": {"a": {"$ref": "file:///etc/passwd"}}}, OUT),
        ({"$dynamicRef": "https://example.com/x#y"}, OUT),
        ({"$ref": "#/$defs/none"}, 'the reference "#/$defs/none" leads nowhere in it'),
        ({"$ref": "#none"}, 'the reference "#none" leads nowhere in it'),
        ({"$ref": "#"}, "go round in a circle"),
        ({"type": "object", "allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#"}}}, "go round in a circle"),
        ({"$schema": "https://example.com/mine"}, '$["$schema"] names no dialect known here'),
        ({"$schema": [LATEST]}, '$["$schema"] names no dialect known here'),
        ({"properties": {"a": {"pattern": "("}}}, "$.properties.a.pattern: expected text of the format regex"),
        ({"required": "a"}, '$.required: expected an array, got "a"'),
        ([], "expected an object at the top"),
        (True, "expected an object at the top"),
    ],
)
def test_schemas_that_are_refused(data: Any, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", _no_network)
    with pytest.raises(SchemaProblem) as caught:
        compile_schema(schema(data))
    assert str(caught.value).startswith("a.json: ")
    assert words in str(caught.value)


def _no_network(*_: Any, **__: Any) -> Any:
    raise AssertionError("a schema must not make us look anything up")


@pytest.mark.parametrize(
    ("data", "good", "bad"),
    [
        ({"$schema": DRAFT7, "definitions": {"a": {"type": "string"}}, "$ref": "#/definitions/a"}, '"x"', "1"),
        ({"$schema": LATEST, "$defs": {"n": {"$anchor": "k", "type": "object"}}, "$ref": "#k"}, "{}", "[]"),
        ({"$id": "https://example.com/a", "$defs": {"b": {"$id": "b", "type": "null"}}, "$ref": "b"}, "null", "0"),
        ({"type": "object", "properties": {"child": {"$ref": "#"}}}, '{"child": {"child": {}}}', '{"child": 1}'),
        ({"$ref": LATEST}, '{"type": "object"}', '{"type": "nothing"}'),
        ({"properties": {"$ref": {"type": "string"}}}, '{"$ref": "https://example.com"}', '{"$ref": 1}'),
        ({"const": {"$ref": "https://example.com/x"}}, '{"$ref": "https://example.com/x"}', "{}"),
    ],
)
def test_schemas_that_refer_to_themselves_or_to_a_dialect(data: Any, good: str, bad: str) -> None:
    check = AnswerCheck(schema(data))
    assert check.problem(good) is None
    assert check.problem(bad) is not None


def test_the_layout_of_a_schema_file_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"type": "object",\n  "required": ["b"]}')
    (tmp_path / "b.json").write_text('{"required":["b"],"type":"object"}')
    one, other = read_schema("a.json", tmp_path), read_schema(str(tmp_path / "b.json"), Path("/nowhere"))
    assert one.content == other.content


@pytest.mark.parametrize(
    ("content", "words"), [(b"\xff", "it is not UTF-8"), (b"[" * 100_000, "nested too deeply"), (None, "a directory")]
)
def test_files_that_hold_no_schema(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "a.json"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(SchemaProblem, match=words):
        read_schema("a.json", tmp_path)


def test_a_job_without_a_schema_does_not_load_what_checks_them(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(
        'name = "j"\n[input]\ncount = 1\n[[steps]]\nname = "a"\nmodel = "m"\nprompt = "{item}"\n'
        'response_format = "json"\n'
    )
    script = (
        "import sys; from pathlib import Path\n"
        "from holytui.core.job_file import load_job; from holytui.engine.plan import AnswerCheck\n"
        "load_job(Path('job.toml'))\n"
        "assert AnswerCheck(None).problem('{}') is None\n"
        "print('jsonschema' in sys.modules or 'referencing' in sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout.strip() == "False", run.stderr
