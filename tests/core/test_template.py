"""Templates: three slots, everything else literal, nothing foreign ever read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.template import Template, TemplateError
from holytui.core.work import Record

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def render(template: str, record: Record, **answers: str) -> str:
    return Template.parse(template).render(record, answers)


def test_fills_item_fields_and_steps() -> None:
    record = Record("the text", {"title": "T", "page": 3})
    assert render("{item}|{item.title}|{item.page}|{steps.sum}", record, sum="S") == "the text|T|3|S"


@pytest.mark.parametrize(
    "literal",
    [
        "{}",
        "{ item }",
        "{items}",
        "{item.}",
        "{item. x}",
        '{"a": {"b": 1}}',
        "{{item",
        "item}",
        "{steps}",
        "{steps.}",
    ],
)
def test_every_other_brace_is_literal(literal: str) -> None:
    assert render(literal, Record("x", {"a": "b"})) == literal


def test_doubled_braces_keep_their_outer_pair() -> None:
    assert render("{{item}}", Record("x")) == "{x}"


def test_nested_json_is_reached_by_dots_and_list_positions() -> None:
    record = Record("", {"meta": {"author": {"name": "Ada"}, "tags": ["a", "b"]}})
    assert render("{item.meta.author.name} {item.meta.tags.1}", record) == "Ada b"


def test_what_is_no_text_becomes_compact_json() -> None:
    record = Record("", {"a": {"k": [1, None, True]}, "n": None, "u": ["é"]})
    assert render("{item.a} {item.n} {item.u}", record) == '{"k":[1,null,true]} null ["é"]'


def test_a_name_with_dots_or_blanks_is_a_name_first() -> None:
    record = Record("", {"a.b": "own", "a": {"b": "nested"}, "First Name": "Ada"})
    assert render("{item.a.b} {item.First Name}", record) == "own Ada"


def test_a_missing_field_is_told_with_those_there_are() -> None:
    with pytest.raises(TemplateError, match='no field "titel"; it has page, title'):
        render("{item.titel}", Record("", {"title": "T", "page": 3}))


@pytest.mark.parametrize("path", ["a.b.c", "a.5", "a.-1", "a.x"])
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    with pytest.raises(TemplateError):
        render(f"{{item.{path}}}", Record("", {"a": ["one"]}))


def test_a_missing_answer_is_told() -> None:
    with pytest.raises(TemplateError, match='step "sum" has no answer'):
        render("{steps.sum}", Record(""))


def test_names_what_it_uses() -> None:
    template = Template.parse("{item.a.b} {item.c} {steps.x} {steps.y} {item} {steps.x}")
    assert template.fields == {"a.b", "c"}
    assert template.steps == {"x", "y"}


@given(ANY_TEXT, ANY_TEXT)
def test_foreign_text_is_never_read_as_a_template(text: str, answer: str) -> None:
    hostile = text + "{item.f}{steps.s}{item}"
    record = Record(hostile, {"f": hostile})
    assert render("<{item}{item.f}{steps.s}>", record, s=answer) == f"<{hostile}{hostile}{answer}>"


@given(ANY_TEXT)
def test_text_without_slots_comes_back_unchanged(text: str) -> None:
    template = Template.parse(text)
    if not template.fields and not template.steps and "{item}" not in text:
        assert template.render(Record("never shown"), {}) == text


@given(st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), ANY_TEXT, min_size=1))
def test_each_field_is_filled_with_its_own_value(fields: dict[str, str]) -> None:
    template = "\x00".join(f"{{item.{name}}}" for name in fields)
    assert render(template, Record("", fields)) == "\x00".join(fields.values())
