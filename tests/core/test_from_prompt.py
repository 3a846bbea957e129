"""Jobs that a program makes: items that come with the job, and everything wrong with them named."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.given import lines_of
from holytui.core.identity import step_hashes
from holytui.core.job import Job, Provider, RunOptions
from holytui.core.job_file import job_schema
from holytui.core.job_problems import JobRefused

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(st.text() | st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=5)


def job(**more: Any) -> Job:
    return Job.from_prompt(**{"items": ["one"], "prompt": "About {item}", "model": "deepseek-v3.2", **more})


def problem(**more: Any) -> str:
    with pytest.raises(JobRefused) as caught:
        job(**more)
    assert isinstance(caught.value, ValueError)
    assert caught.value.problems
    return str(caught.value)


def test_it_is_a_job_whose_items_are_in_no_dump_and_no_schema() -> None:
    made = job(items=["one", {"title": "two", "tags": ("a", "b")}], id=None)
    assert made.given_items == ("one", {"title": "two", "tags": ["a", "b"]})
    assert made.input.jsonl == "items.jsonl"
    assert "one" not in made.model_dump_json()
    assert Job.model_validate_json(made.model_dump_json(), strict=False).given_items is None
    assert "given" not in json.dumps(job_schema())


def test_what_it_is_given_is_copied_and_read_once() -> None:
    item = {"title": "two", "tags": ["a"]}
    made = job(items=iter([item]), prompt="{item.title}")
    item["tags"] = "changed"
    assert made.given_items == ({"title": "two", "tags": ["a"]},)
    assert made.model_copy(update={"run": RunOptions(concurrency=2)}).given_items == made.given_items


def test_the_same_prompt_has_the_same_name_and_another_one_another() -> None:
    names = {job(items=items).name for items in (["one"], ["one", "two"])}
    others = {job(prompt="Of {item}").name, job(system="Be short").name, job(model="gpt-4.1").name}
    assert len(names) == 1
    assert len(others | names) == 4
    (name,) = names
    assert name.startswith("prompt-")
    assert job(name="Mine").slug == "mine"
    assert step_hashes(job(name="Mine")) == step_hashes(job())


def test_settings_are_those_of_a_job_file() -> None:
    made = job(
        items=[{"key": 1, "text": "a"}],
        id="key",
        prompt="{item.text}",
        system="Be short",
        temperature=0.2,
        max_tokens=30,
        schema={"type": "object"},
        provider=Provider(name="simulator"),
        run=RunOptions(concurrency=3, budget_usd=1.0),
    )
    (step,) = made.steps
    assert (made.input.id, made.provider.name, made.run.concurrency) == ("key", "simulator", 3)
    assert (step.system, step.temperature, step.max_tokens, step.response_format) == ("Be short", 0.2, 30, "json")
    assert step.answer_schema is not None
    assert Job.model_validate_json(made.model_dump_json(), strict=False) == made.model_copy().with_items(None)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"items": []}, "items: there is none"),
        ({"items": "a text"}, "items: expected a list of texts or of mappings, got one text"),
        ({"items": {"a": 1}}, "items: expected a list of texts or of mappings, got one mapping"),
        ({"items": None}, "items: expected a list of texts or of mappings, got null"),
        ({"items": ["a", "b", "c", 4]}, "items[3]: expected a text or a mapping of names to JSON values, got a number"),
        ({"items": ["a", None]}, "items[1]: expected a text or a mapping of names to JSON values, got null"),
        ({"items": [["a"]]}, "items[0]: expected a text or a mapping of names to JSON values, got a list"),
        ({"items": [True]}, "JSON values, got true or false"),
        ({"items": ["a", b"b"]}, "items[1]: expected a text or a mapping of names to JSON values, got bytes"),
        ({"items": [{"a": float("nan")}]}, "items[0].a: nan is no number that JSON has"),
        ({"items": [{"a": [1, {2}]}]}, "items[0].a[1]: expected a JSON value, got set"),
        ({"items": [{"a": {7: 1}}]}, "items[0].a: expected names as text, got a number: 7"),
        ({"items": [{"a": 10**5000}]}, "items[0].a: this is no number that JSON has"),
        ({"prompt": " "}, "prompt: must not be empty"),
        ({"prompt": "{item.title}"}, "prompt: these items are texts and have no fields"),
        ({"prompt": "{item.tilte}", "items": [{"title": "a"}]}, 'did you mean "title"?'),
        ({"system": "{item.x}", "items": [{"title": "a"}]}, "system: {item.x} is a field of none of the items"),
        ({"prompt": "{steps.summary}"}, "prompt: {steps.summary} names no step"),
        ({"id": "key"}, "id: these items are texts and have no fields"),
        ({"id": "kay", "items": [{"key": "a"}]}, 'id: "kay" is a field of none of the items; did you mean "key"?'),
        ({"model": ""}, "model: must not be empty"),
        ({"temperature": 3.0}, "temperature: expected a number of at most 2"),
        ({"max_tokens": 0}, "max_tokens: expected a number of at least 1"),
        ({"schema": {"type": "objekt"}}, "schema: $.type: expected one of"),
        ({"schema": "facts.schema.json"}, "schema: expected a JSON Schema as a mapping"),
        ({"provider": "openai"}, "provider: expected a holytui.Provider, got str"),
        ({"run": {"concurrency": 3}}, "run: expected a holytui.RunOptions, got dict"),
        ({"prompt": "my key is sk-T0pS3cretT0pS3cret3f9a"}, "prompt: an API key does not belong in"),
    ],
)
def test_what_is_wrong_is_named(more: dict[str, Any], told: str) -> None:
    assert told in problem(**more)


def test_all_that_is_wrong_is_told_at_once_and_no_key_is_shown() -> None:
    told = problem(items=[1], prompt="{steps.a}", model="", provider=Provider(name="x"), name="sk-T0pS3cretT0pS3cret")
    assert "items[0]" in told
    assert "prompt" in told
    assert "model" in told
    assert "T0pS3cret" not in told


def test_values_nested_too_deeply_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert "items[0]: its values are nested too deeply" in problem(items=[deep])


@given(ITEMS)
def test_saved_as_lines_items_are_what_they_were(items: list[Any]) -> None:
    given_items = job(items=items).given_items
    assert given_items is not None
    lines = list(lines_of(given_items))
    assert [json.loads(line) for line in lines] == items
    assert all(line.count(b"\n") == 1 for line in lines)


def test_lone_surrogates_survive() -> None:
    items = ["a\ud800b", {"x": "\udfff"}]
    made = job(items=items)
    assert made.given_items is not None
    assert [json.loads(line) for line in lines_of(made.given_items)] == items
