"""Answers that should be JSON: what is taken, and where and why the others are refused."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holytui.core.answer_check import SCHEMA_CHARS, AnswerCheck
from holytui.core.answer_schema import AnswerSchema

NAMES = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {
            "type": "array",
            "maxItems": 5,
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "kind": {"enum": ["person", "place"]},
                    "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                },
            },
        }
    },
}
CHECK = AnswerCheck(AnswerSchema("names.json", json.dumps(NAMES)))
ANY = AnswerCheck()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=40)
@given(JSON)
def test_json_is_json_also_in_a_fence(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=2, ensure_ascii=False)):
        assert ANY.problem(text) is None
        assert ANY.problem(f"```json\n{text}\n```\n") is None
        assert ANY.problem(f" ```\r\n{text}\r\n``` ") is None
        assert ANY.problem(f"Here you are:\n```json\n{text}\n```") is not None


@settings(max_examples=40)
@given(st.text(), JSON)
def test_no_answer_breaks_a_check(text: str, value: Any) -> None:
    for answer in (text, json.dumps(value), f"```json\n{text}\n```"):
        told = CHECK.problem(answer)
        assert told is None or len(told) < 400


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ([{"name": "a"}, {"name": 7}], "$.items[1].name: expected text, got 7"),
        ([{"kind": "person"}], "$.items[0].name is missing"),
        ([{"name": "a", "kind": "thing"}], '$.items[0].kind: expected one of "person", "place", got "thing"'),
        ([{"name": ""}], '$.items[0].name: expected at least 1 characters, got ""'),
        ([{"name": "a", "age": "old"}], '$.items[0].age: expected a whole number or null, got "old"'),
        ([{"name": "a", "age": -1}], "$.items[0].age: expected a number of at least 0, got -1"),
        ([{"name": "a"}] * 1000, "$.items: expected at most 5 entries, got an array of 1,000"),
        ({"a": 1, "b": 2, "c": 3}, "$.items: expected an array, got an object with 3 keys"),
        ("x" * 5000, f'$.items: expected an array, got "{"x" * 60}"… (5,000 characters)'),
    ],
)
def test_a_violation_is_told_by_its_place_and_both_sides(items: Any, told: str) -> None:
    assert CHECK.problem(json.dumps({"items": items})) == f"not what the schema asks for: {told}"


def test_keys_that_are_not_in_the_schema_and_names_that_need_quotes() -> None:
    surplus = CHECK.problem('{"items": [], "a note": 1}')
    assert surplus == 'not what the schema asks for: $["a note"] is not in the schema'
    nested = CHECK.problem('```json\n{"items": [{"nom": 1}]}\n```')
    assert nested == "not what the schema asks for: $.items[0].name is missing"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1,\n "b" 2}', 'not JSON: line 2, column 6: expecting \':\' delimiter: {"a": 1, "b" → 2}'),
        ('```json\n{"a": 1,\n "b" 2}\n```', "line 3, column 6: expecting ':' delimiter"),
        ('{"a": "cut he', 'not JSON: line 1, column 7: unterminated string starting at: {"a": → "cut he'),
        ('{"a": 1}\nI hope this helps!', 'line 2, column 1: extra data: {"a": 1} → I hope this helps!'),
        ("Sure!", "not JSON: line 1, column 1: expecting value: Sure!"),
        ('{"a":', 'expecting value: {"a": → (its end)'),
        ('{"a": NaN}', "not JSON: NaN is no number in JSON"),
        ("[-Infinity]", "not JSON: -Infinity is no number in JSON"),
    ],
)
def test_broken_json_is_told_by_line_and_column_of_the_whole_answer(text: str, told: str) -> None:
    assert told in str(ANY.problem(text))


def test_what_cannot_be_checked_is_not_what_was_asked_for() -> None:
    tree = AnswerCheck(AnswerSchema("t.json", '{"type": "object", "properties": {"c": {"$ref": "#"}}}'))
    deep = '{"c":' * 900 + "{}" + "}" * 900
    tenths = AnswerCheck(AnswerSchema("n.json", '{"multipleOf": 0.1}'))
    long = json.dumps({"items": [{"name": "x" * SCHEMA_CHARS}]})
    for check, answer in (
        (ANY, "[" * 100_000),
        (ANY, "9" * 10_000),
        (tree, deep),
        (tenths, "1" + "0" * 400),
        (CHECK, long),
    ):
        told = check.problem(answer)
        assert told is not None
        assert told.startswith("it cannot be checked: ")
        assert len(told) < 200


def test_a_hundred_thousand_violations_are_told_as_one() -> None:
    numbers = AnswerCheck(AnswerSchema("n.json", '{"items": {"type": "string"}}'))
    told = numbers.problem(json.dumps(list(range(100_000))))
    assert told == "not what the schema asks for: $[0]: expected text, got 0"
