"""Identity: what is the same item, the same input, the same question."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.answer_schema import AnswerSchema
from holytui.core.identity import Namer, input_hash, item_id, step_hashes
from holytui.core.job import Job
from holytui.core.work import Record


def job(*steps: dict[str, Any], **other: Any) -> Job:
    return Job.model_validate({"name": "j", "input": {"lines": "x.txt"}, "steps": list(steps), **other})


SUMMARY = {"name": "summary", "model": "m", "prompt": "Sum up {item}"}
TITLE = {"name": "title", "model": "m", "prompt": "Title of {steps.summary}"}


def test_an_item_without_a_name_is_named_by_its_hash() -> None:
    digest = input_hash(Record("hello", raw="hello"))
    assert len(digest) == 32
    assert item_id(None, digest) == item_id("", digest) == digest.hex()[:16]


@pytest.mark.parametrize(
    ("given_id", "text"),
    [("a/b.txt", "a/b.txt"), (7, "7"), (1.5, "1.5"), (True, "true"), (["a", 1], '["a",1]')],
)
def test_given_ids_become_text(given_id: Any, text: str) -> None:
    assert item_id(given_id, b"\0" * 32) == text


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_different_texts_have_different_hashes(one: str, other: str) -> None:
    same = input_hash(Record(one, raw=one)) == input_hash(Record(other, raw=other))
    assert same == (one == other)


def test_text_and_raw_cannot_be_shifted_into_each_other() -> None:
    assert input_hash(Record('1"2"', raw="")) != input_hash(Record("1", raw='2"'))


def test_the_order_of_an_objects_keys_in_raw_does_not_count() -> None:
    assert input_hash(Record("t", raw={"a": 1, "b": 2})) == input_hash(Record("t", raw={"b": 2, "a": 1}))


def test_repeats_are_numbered_past_names_that_are_taken() -> None:
    namer = Namer()
    names = [namer.name(wanted) for wanted in ("a", "a~2", "a", "a", "a~2", "b")]
    assert names == ["a", "a~2", "a~3", "a~4", "a~2~2", "b"]


@given(st.lists(st.sampled_from(["a", "a~2", "a~3", "a~2~2", "b", "", "~2"]), max_size=60))
def test_names_are_unique_and_first_come_keep_theirs(wanted: list[str]) -> None:
    namer = Namer()
    given_names = [namer.name(one) for one in wanted]
    assert len(set(given_names)) == len(wanted)
    for one, got in zip(wanted, given_names, strict=True):
        assert got == one or got.startswith(f"{one}~")


def test_many_repeats_take_no_longer_each() -> None:
    namer = Namer()
    names = [namer.name("same") for _ in range(20_000)]
    assert names[-1] == "same~20000"


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"system": "Be brief."},
        {"prompt": "Sum {item}"},
        {"temperature": 0.5},
        {"max_tokens": 10},
        {"response_format": "json"},
    ],
)
def test_what_the_question_is_made_of_changes_its_hash_and_those_that_use_it(change: dict[str, Any]) -> None:
    before, after = step_hashes(job(SUMMARY, TITLE)), step_hashes(job(SUMMARY | change, TITLE))
    assert before["summary"] != after["summary"]
    assert before["title"] != after["title"]


def test_a_change_of_a_later_step_leaves_the_earlier_one() -> None:
    before, after = step_hashes(job(SUMMARY, TITLE)), step_hashes(job(SUMMARY, TITLE | {"model": "n"}))
    assert before["summary"] == after["summary"]
    assert before["title"] != after["title"]


def test_clocks_provider_and_run_options_do_not_count() -> None:
    other = job(
        SUMMARY | {"deadline": 5, "timeouts": {"stall": 3}},
        provider={"name": "other", "base_url": "https://example.com/v1"},
        run={"concurrency": 1, "max_attempts": 9},
    )
    assert step_hashes(job(SUMMARY)) == step_hashes(other)


def test_the_order_of_steps_in_the_file_does_not_count() -> None:
    assert step_hashes(job(SUMMARY, TITLE)) == step_hashes(job(TITLE, SUMMARY))


def test_the_content_of_a_schema_counts_and_where_it_came_from_does_not() -> None:
    plain = step_hashes(job(SUMMARY | {"response_format": "json"}))
    any_json = step_hashes(job(SUMMARY | {"schema": AnswerSchema("a.json", "{}")}))
    elsewhere = step_hashes(job(SUMMARY | {"schema": AnswerSchema("b.json", "{}")}))
    an_object = step_hashes(job(SUMMARY | {"schema": AnswerSchema("a.json", '{"type":"object"}')}))
    assert any_json == elsewhere
    assert plain != any_json != an_object != plain


def test_hashes_are_stable_over_versions() -> None:
    """A change of these is a change of every saved job: none may happen by accident."""
    assert input_hash(Record("hello", raw="hello")).hex()[:16] == "d98939342f58013a"
    assert step_hashes(job(SUMMARY))["summary"][:16] == "5ce5ab1478da19cb"
