"""A job file that is written says what it was made from, whatever stands in its values and comments."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from holytui.core.job_text import job_text
from holytui.resources import sample_jobs

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
VALUE = TEXT | st.integers(-(2**60), 2**60) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
TABLE = st.dictionaries(TEXT, VALUE, max_size=4)
DEEP = st.dictionaries(TEXT, VALUE | TABLE, max_size=4)
JOB = st.fixed_dictionaries({"name": TEXT, "input": TABLE, "provider": DEEP, "steps": st.lists(DEEP, min_size=1)})


@given(JOB)
def test_what_is_written_is_read_again(data: dict[str, Any]) -> None:
    written = job_text(data, {"input.id": "a note", "steps.prompt": "another"}, ["made for a test", ""])
    read = tomllib.loads(written)
    assert read["steps"] == data["steps"]
    assert read.get("input", {}) == data["input"]
    assert read.get("provider", {}) == data["provider"]
    assert read["name"] == data["name"]


def test_sample_jobs_keep_all_they_say() -> None:
    for path in sample_jobs():
        data = tomllib.loads(path.read_text("utf-8"))
        assert tomllib.loads(job_text(data)) == data


def test_comments_stand_beside_short_values_and_above_long_ones() -> None:
    data = {"name": "letters", "input": {"lines": "l.txt"}, "steps": [{"prompt": "one\ntwo", "model": None}]}
    notes = {"input.lines": "a line each", "steps.prompt": "a template"}
    assert job_text(data, notes, ["Made by hand"]) == (
        "# Made by hand\n"
        "\n"
        'name = "letters"\n'
        "\n"
        "[input]\n"
        'lines = "l.txt"                # a line each\n'
        "\n"
        "[[steps]]\n"
        "# a template\n"
        'prompt = """\n'
        "one\n"
        'two"""\n'
    )
