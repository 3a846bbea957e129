"""Which result of an old checkpoint belongs to which item: no answer is lost, none is asked for again."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.given import GivenItem
from holytui.inputs.seed import SeedResult
from holytui.runs.import_plan import ImportPlan, plan_import
from holytui.runs.item_forms import FORMS, as_written, in_text, in_values

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=6)
SCALARS = TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.dictionaries(st.sampled_from("abc"), SCALARS, min_size=1, max_size=3)
RESULTS = st.lists(
    st.builds(
        SeedResult,
        st.none() | st.integers(0, 4),
        st.none() | st.sampled_from(["a", "b", "1", "1.0", " a", {"x": "a"}, {"x": 1}, '{"x": 1.0}']),
        st.none() | st.sampled_from(["A", "B"]),
    ),
    min_size=1,
    max_size=8,
)
INPUTS = st.lists(st.sampled_from(["a", "b", "1", "1.0", {"x": "a"}, {"y": "b"}, {"x": "1"}]), min_size=1, max_size=5)


def ok(index: int | None, item: GivenItem | None, answer: str) -> SeedResult:
    return SeedResult(index, item, answer)


def bad(index: int | None, item: GivenItem | None, error: str = "x") -> SeedResult:
    return SeedResult(index, item, None, error)


def told(plan: ImportPlan) -> list[tuple[GivenItem, str | None]]:
    """Items of the job with their answers; what has no result is left out."""
    return [(plan.items[place], plan.results[place].answer) for place in range(plan.wanted) if place in plan.results]


@given(ROWS)
def test_a_row_is_the_same_in_a_csv_in_json_and_as_a_text_of_json(row: dict[str, Any]) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(row))
    writer.writeheader()
    writer.writerow(row)
    (cells,) = csv.DictReader(io.StringIO(file.getvalue()))
    assert in_values(dict(cells)) == in_values(row) == in_values(json.dumps(row))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_are_the_same_exactly_when_their_values_are(one: Decimal, other: Decimal) -> None:
    assert (in_values(f"{one:f}") == in_values(f"{other:f}")) is (one == other)
    assert in_values(f"{one:f}00") == in_values({"n": f"{one:f}"}["n"])


@given(INPUTS, INPUTS)
def test_what_is_alike_in_a_strict_form_is_alike_in_those_that_follow(one: list[Any], other: list[Any]) -> None:
    for first in one:
        for second in other:
            alike = [form(first) == form(second) for form in FORMS]
            assert alike == sorted(alike)


def test_items_that_mean_something_else_are_not_the_same() -> None:
    assert in_values("007") != in_values("7")
    assert in_values({"a": "1", "b": "2"}) != in_values({"a": "2", "b": "1"})
    assert in_values({"a": "x"}) != in_values("x")
    assert in_text({"a": "x"}) == in_text("x")
    assert in_text({"a": "x", "b": "y"}) != in_text("x")
    assert in_values("[" * 5_000 + "]" * 5_000) != in_values("[" * 5_001 + "]" * 5_001)


@given(RESULTS, INPUTS)
def test_no_answer_is_lost_and_none_replaced_by_a_failure(results: list[SeedResult], whole: list[GivenItem]) -> None:
    for plan in (plan_import(results, whole), plan_import(results, None), plan_import(results, whole, by_index=True)):
        kept = {in_text(r.item) for r in plan.results.values() if r.item is not None and r.answer is not None}
        for result in results:
            if result.answer is not None and result.item is not None:
                assert in_text(result.item) in kept
        assert list(plan.items[: len(whole)]) == whole or plan.wanted == len(plan.items)
        assert set(plan.results) <= set(range(len(plan.items)))
        assert set(range(plan.wanted, len(plan.items))) <= set(plan.results)


@given(RESULTS, INPUTS)
def test_an_item_without_its_answer_has_none_that_is_kept_aside(
    results: list[SeedResult], whole: list[GivenItem]
) -> None:
    plan = plan_import(results, whole)
    aside = {as_written(result.item) for result in plan.stranded if result.item is not None}
    open_places = set(range(plan.wanted)) - {p for p, r in plan.results.items() if r.answer is not None}
    assert not aside & {as_written(plan.items[place]) for place in open_places}


@given(st.lists(st.text("abcdefgh", min_size=1), min_size=1, max_size=8, unique=True), st.data())
def test_an_input_that_is_written_in_another_way_finds_every_answer(texts: list[str], data: Any) -> None:
    ways = [lambda text: text, lambda text: {"text": text}, lambda text: json.dumps({"text": text})]
    here, there = (data.draw(st.sampled_from(ways)) for _ in range(2))
    order = data.draw(st.permutations(range(len(texts))))
    results = [ok(place, there(texts[number]), texts[number]) for place, number in enumerate(order)]
    results += [bad(place, there(text)) for place, text in enumerate(texts)]
    plan = plan_import(data.draw(st.permutations(results)), [here(text) for text in texts])
    assert {place: result.answer for place, result in plan.results.items()} == dict(enumerate(texts))


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("[1,2]", '[1, 2]'),
        ("abc", {"text": "abc"}),
        ({"b": 1}, {"b": "1"}),
        ("4", "4.0"),
        ({"n": 4}, {"n": 4.0}),
        ('{"b": 1, "a": [1.0]}', {"a": [1], "b": 1}),
        ({"a": "x", "b": "y"}, {"a": "x", "b": "y", "c": ""}),
        ("one\r\ntwo", "one\ntwo"),
        ({"a": "x", "b": None, "c": True}, {"a": "x ", "b": "", "c": "True"}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_the_same_at_its_index_and_elsewhere(there: GivenItem, here: GivenItem) -> None:
    for one, other in ((there, here), (here, there)):
        for index in (1, 0, None):
            plan = plan_import([ok(index, one, "A")], ["first", other, "last"])
            assert (plan.results[1].answer, plan.kept, len(plan.items)) == ("A", 1, 3)
            assert (plan.rewritten, plan.moved) == (as_written(one) != as_written(other), index != 1)


def test_items_of_the_input_that_mean_the_same_are_told_apart_by_how_they_are_written_or_by_their_index() -> None:
    whole: list[GivenItem] = ["1.0", "1", "2"]
    plan = plan_import([ok(5, "1", "one"), ok(6, "1.0", "one nought")], whole)
    assert told(plan) == [("1.0", "one nought"), ("1", "one")]
    assert told(plan_import([ok(1, "1.00", "A")], whole)) == [("1", "A")]
    assert told(plan_import([ok(2, "1.00", "A")], whole)) == [], "nobody knows which of the two"


def test_a_result_without_an_item_belongs_to_the_item_of_its_index() -> None:
    results = [bad(0, None), ok(0, "a", "A"), ok(1, None, "B"), bad(1, "b")]
    plan = plan_import(results, None, total=2)
    assert told(plan) == [("a", "A"), ("b", "B")]
    assert (plan.failed_beside, plan.nameless) == (2, 0)
    assert told(plan_import(results, ["b", "a"])) == [("b", "B"), ("a", "A")]
    assert told(plan_import([ok(0, "a", "A"), ok(0, "b", "B"), bad(0, None)], None)) == [("a", "A"), ("b", "B")]
    vague = plan_import([ok(0, None, "?"), ok(0, "a", "A"), ok(0, "b", "B"), bad(0, None)], None)
    assert sorted(told(vague), key=str) == [("", "?"), ("a", "A"), ("b", "B")]


def test_a_result_without_an_index_belongs_to_the_one_item_of_its_text() -> None:
    assert told(plan_import([bad(3, "a"), ok(None, "a", "A")], None)) == [("a", "A")]
    twice = [ok(0, "a", "A0"), ok(1, "a", "A1"), ok(None, "a", "A?")]
    assert [answer for _, answer in told(plan_import(twice, None))] == ["A0", "A1", "A?"]


def test_a_failure_whose_text_and_whose_place_have_answers_is_no_item() -> None:
    results = [bad(0, "b"), ok(1, "b", "B"), ok(0, "a", "A")]
    for total in (2, 10, None):
        plan = plan_import(results, None, total=total)
        assert told(plan) == [("a", "A"), ("b", "B")]
        assert plan.overtaken == 1
    plan = plan_import(results, ["a", "b"])
    assert (told(plan), len(plan.items)) == ([("a", "A"), ("b", "B")], 2)


def test_how_many_items_there_are_decides_about_failures_that_may_be_of_another_input() -> None:
    twice = [bad(0, "b"), ok(1, "b", "B")]
    assert told(plan_import(twice, None, total=2)) == [("b", None), ("b", "B")], "the same text twice in the input"
    assert told(plan_import(twice, None, total=1)) == [("b", "B")]
    changed = [bad(0, "old"), bad(0, "new")]
    assert told(plan_import(changed, None, total=1)) == [("new", None)]
    assert told(plan_import(changed, None, total=2)) == [("old", None), ("new", None)]
    newer = [ok(0, "a", "A"), bad(0, "b")]
    assert told(plan_import(newer, None, total=1)) == [("a", "A"), ("b", None)], "nothing else knows b"


def test_answers_choose_their_places_before_failures() -> None:
    results = [bad(0, "b"), ok(7, "b", "B1"), ok(8, "b", "B2")]
    plan = plan_import(results, ["b", "b"])
    assert (told(plan), plan.failed_beside, len(plan.items)) == ([("b", "B1"), ("b", "B2")], 1, 2)
    assert told(plan_import([bad(1, "b"), ok(5, "b", "B")], ["a", "b"])) == [("b", "B")]
    aside = plan_import([ok(0, "b", "B1"), ok(1, "b", "B2")], ["b"])
    assert [result.answer for result in aside.stranded] == ["B2"]


def test_by_index_a_result_is_about_what_stands_there() -> None:
    results = [ok(0, "x", "A"), bad(1, "y"), ok(1, "z", "B"), ok(9, "w", "C"), ok(None, "c", "D")]
    plan = plan_import(results, ["a", "b", "c"], by_index=True)
    assert told(plan) == [("a", "A"), ("b", "B"), ("c", "D")]
    assert [result.answer for result in plan.stranded] == ["C"]


def test_items_are_counted_not_results() -> None:
    results = [bad(0, "a"), bad(0, "a"), ok(0, "a", "A"), bad(0, "a"), ok(0, "a", "A2"), ok(0, "a", "A3")]
    plan = plan_import([*results, bad(1, "b"), bad(1, "b")], None)
    assert (plan.failed_beside, plan.bought_again) == (2, 1)
