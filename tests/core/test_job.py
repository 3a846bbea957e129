"""Job files: what they mean, and every way in which one is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from holytui.core.job import Job
from holytui.core.job_file import job_schema, load_job
from holytui.core.job_problems import JobFileError
from holytui.core.pricing import Price

HEAD = 'name = "Job"\n[input]\nlines = "x.txt"\n'
STEP = '[[steps]]\nname = "one"\nmodel = "m"\nprompt = "Say {item}"\n'
FIELDS = "a document's fields are name, path, text"
SECRET = "sk-abcdefghij1234567890"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write_job(text: str | bytes) -> Path:
        path = tmp_path / "job.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_job


def problems(path: Path) -> dict[str, str]:
    with pytest.raises(JobFileError) as caught:
        load_job(path)
    assert caught.value.path == path
    for problem in caught.value.problems:
        assert problem.key in str(caught.value)
        assert problem.message in str(caught.value)
    return {problem.key: problem.message for problem in caught.value.problems}


def test_a_full_job_file(write: Any, tmp_path: Path) -> None:
    loaded = load_job(
        write(
            """
            name = "PDF summaries"
            [input]
            glob = "docs/**/*.txt"
            id = "path"
            limit = 100
            max_chars = 20000
            [provider]
            name = "mine"
            base_url = "https://api.example.com/v1"
            api_key_env = "MY_KEY"
            [provider.prices."my-model"]
            input = 10
            output = 10.5
            [run]
            concurrency = 8
            checkpoint_every = 5
            max_attempts = 2
            budget_usd = 5
            [[steps]]
            name = "title"
            model = "gpt-4.1"
            prompt = "A title for {steps.summary}"
            [[steps]]
            name = "summary"
            model = "deepseek-v3.2"
            system = "You know {item.name}."
            prompt = "{item.text}"
            temperature = 0
            max_tokens = 800
            deadline = 100
            timeouts = { connect = 5, stall = 2.5, attempt = "auto" }
            response_format = "json"
            """
        )
    )
    job = loaded.job
    assert loaded.base_dir == tmp_path.resolve()
    assert job.slug == "pdf-summaries"
    assert (job.input.source, job.input.limit, job.input.max_chars) == ("glob", 100, 20000)
    assert job.provider.prices["my-model"].price("job file") == Price(10, 10, 10.5, "job file")
    assert (job.run.concurrency, job.run.budget_usd) == (8, 5)
    assert [step.name for step in job.step_order()] == ["summary", "title"]
    summary = job.step_order()[0]
    assert (summary.temperature, summary.deadline, summary.response_format) == (0, 100, "json")
    assert (summary.timeouts.connect, summary.timeouts.first_token, summary.timeouts.stall) == (
        5,
        "auto",
        2.5,
    )
    assert job.step_order()[1].uses == {"summary"}


def test_defaults(write: Any) -> None:
    job = load_job(write(HEAD + STEP)).job
    step = job.steps[0]
    assert (job.provider.name, job.provider.base_url, job.provider.api_key_env) == ("holysheep", None, None)
    assert (job.run.concurrency, job.run.checkpoint_every, job.run.max_attempts) == (32, 50, 3)
    assert job.run.budget_usd is None
    assert (step.system, step.temperature, step.max_tokens, step.deadline) == (None, None, None, "auto")
    assert (step.timeouts.connect, step.timeouts.attempt, step.response_format) == (10, "auto", "text")


def test_a_job_survives_its_own_dump(write: Any) -> None:
    job = load_job(write(HEAD + STEP)).job
    assert Job.model_validate(job.model_dump(mode="json")) == job
    assert Job.model_validate_json(job.model_dump_json()) == job


def test_a_byte_order_mark_is_no_problem(write: Any) -> None:
    assert load_job(write(b"\xef\xbb\xbf" + (HEAD + STEP).encode())).job.name == "Job"


def test_all_problems_at_once(write: Any) -> None:
    found = problems(
        write(
            """
            nme = "x"
            budget_usd = 3
            [input]
            lines = "x.txt"
            csv = "y.csv"
            [run]
            concurency = 3
            max_attempts = "3"
            checkpoint_every = 2.5
            [provider.prices."my.model"]
            input = -1
            [[steps]]
            name = "a b"
            model = ""
            prompt = "{steps.tilte}"
            temperature = 3
            deadline = "soon"
            response_format = "yaml"
            timeouts = { connect = 0, stal = 3 }
            [[steps]]
            name = "title"
            prompt = "x"
            """
        )
    )
    assert found == {
        "name": "is missing",
        "nme": 'unknown key; did you mean "name"?',
        "budget_usd": "unknown key here; it belongs under [run]",
        "input": "expected exactly one of glob, jsonl, csv, lines, count; this file has csv and lines",
        "run.concurency": 'unknown key; did you mean "concurrency"?',
        "run.max_attempts": "expected a whole number",
        "run.checkpoint_every": "expected a whole number",
        'provider.prices."my.model".input': "expected a number of at least 0",
        'provider.prices."my.model".output': "is missing",
        "steps[0].name": "expected up to 64 letters, digits, - and _",
        "steps[0].model": "must not be empty",
        "steps[0].prompt": '{steps.tilte} names no step; did you mean "title"?',
        "steps[0].temperature": "expected a number of at most 2",
        "steps[0].deadline": 'expected a number of seconds above 0, or "auto"',
        "steps[0].response_format": 'expected "text" or "json"',
        "steps[0].timeouts.connect": 'expected a number of seconds above 0, or "auto"',
        "steps[0].timeouts.stal": 'unknown key; did you mean "stall"?',
        "steps[1].model": "is missing",
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"name = \xff", "line 1 is not UTF-8"),
        (b'name = "a"\nname = = 3', "it is not TOML: Invalid value (at line 2, column 8)"),
        (b"a = " + b"9" * 5000, "it is not TOML: a number in it has too many digits"),
        (b"a = " + b"[" * 5000, "its values are nested too deeply"),
    ],
)
def test_files_that_are_no_toml(write: Any, text: bytes, sentence: str) -> None:
    assert problems(write(text)) == {"": sentence}


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "none.toml") == {"": "there is no such file"}
    assert problems(tmp_path) == {"": "it is a folder; expected a job file"}


@pytest.mark.parametrize(
    ("head", "key", "message"),
    [
        ("[input]\n", "input", "expected exactly one of glob, jsonl, csv, lines, count; this file has none"),
        ("[input]\ncount = 0", "input.count", "expected a number of at least 1"),
        ("[input]\ncount = 3\nid = 'a'", "input.id", "works with jsonl, csv and glob: count has no fields"),
        ("[input]\nglob = '*.txt'\nid = 'pth'", "input.id", FIELDS + '; did you mean "path"?'),
        ("[input]\ncsv = 'a.csv'\nmax_chars = 3", "input.max_chars", "works with glob only"),
        ("[input]\nlines = 'a'\nlimit = 0", "input.limit", "expected a number of at least 1"),
        ("input = 3", "input", "expected a table: [input]"),
        ("[input]\nlines = ' '", "input.lines", "must not be empty"),
        ("[input]\nlines = 'a'\n[provider]\nbase_url = 'ftp://x'", "provider.base_url",
         "expected an address such as https://api.example.com/v1"),
        *(("[input]\nlines = 'a'\n[provider]\nbase_url = '" + url + "'", "provider.base_url",
           "expected an address such as https://api.example.com/v1")
          for url in ("http://[::1", "http://[::1]x/v1", "http://host:99999", "http://:80/v1", "http://[::g]/")),
        ("[input]\nlines = 'a'\n[run]\nbudget_usd = nan", "run.budget_usd", "expected a finite number"),
        ("[input]\nlines = 'a'\n[run]\nbudget_usd = 0", "run.budget_usd", "expected a number above 0"),
        ("[input]\nlines = 'a'\n[run]\nconcurrency = true", "run.concurrency", "expected a whole number"),
    ],
)  # fmt: skip
def test_one_thing_wrong(write: Any, head: str, key: str, message: str) -> None:
    assert problems(write(f'name = "x"\n{head}\n{STEP}')) == {key: message}


def test_limits_and_patience_of_a_run(write: Any) -> None:
    run = load_job(write(f'{HEAD}[run]\nrpm = 600\ntpm = 200_000\nwait_for_balance = "1h30m"\n{STEP}')).job.run
    assert (run.rpm, run.tpm, run.wait_for_balance_s) == (600, 200_000, 5400.0)
    assert load_job(write(f"{HEAD}{STEP}")).job.run.wait_for_balance_s is None


@pytest.mark.parametrize("value", ['"6 hours"', '"0h"', '""', "6", '"h"', "true"])
def test_a_wait_that_is_no_duration(write: Any, value: str) -> None:
    found = problems(write(f"{HEAD}[run]\nwait_for_balance = {value}\n{STEP}"))
    assert found == {"run.wait_for_balance": 'expected a duration such as "6h", "30m" or "1h30m"'}


MOST = "expected a number of at most 1,000,000,000,000"


@pytest.mark.parametrize("number", ["9" * 400, "1_000_000_000_001"])
def test_numbers_beyond_all_use_are_refused(write: Any, number: str) -> None:
    counts = f"[run]\nrpm = {number}\ntpm = {number}\ncheckpoint_every = {number}\n"
    step = f"max_tokens = {number}\ndeadline = {number}\ntimeouts = {{ stall = 1e308, attempt = {number} }}\n"
    input_ = f'name = "Job"\n[input]\nglob = "*"\nlimit = {number}\nmax_chars = {number}\n'
    seconds = 'expected at most 31,622,400 seconds (a year), or "auto"'
    assert problems(write(f"{input_}{counts}{STEP}{step}")) == {
        "input.limit": MOST,
        "input.max_chars": MOST,
        "run.rpm": MOST,
        "run.tpm": MOST,
        "run.checkpoint_every": MOST,
        "steps[0].max_tokens": MOST,
        "steps[0].deadline": seconds,
        "steps[0].timeouts.stall": seconds,
        "steps[0].timeouts.attempt": seconds,
    }


@pytest.mark.parametrize(("days", "budget"), [("367", "1e308"), ("9" * 400, "9" * 400)])
def test_a_wait_beyond_all_patience_is_refused(write: Any, days: str, budget: str) -> None:
    found = problems(write(f'{HEAD}[run]\nwait_for_balance = "{days}d"\nbudget_usd = {budget}\n{STEP}'))
    assert found == {
        "run.wait_for_balance": "expected a duration of at most 366d",
        "run.budget_usd": "expected a number of at most 1,000,000,000",
    }


def test_a_schema_is_read_with_the_job_file_and_means_json(write: Any, tmp_path: Path) -> None:
    (tmp_path / "forms").mkdir()
    schema = tmp_path / "forms" / "cr_2024_answers_of_long_names.json"
    schema.write_text('{ "type": "object",\n "required": ["b", "a"] }')
    path = write(f"{HEAD}{STEP}schema = 'forms/cr_2024_answers_of_long_names.json'")
    job = load_job(path).job
    step = job.steps[0]
    assert step.response_format == "json"
    assert step.answer_schema is not None
    assert json.loads(step.answer_schema.content) == {"type": "object", "required": ["b", "a"]}
    assert Job.model_validate(job.model_dump(mode="json")) == job
    schema.unlink()
    assert Job.model_validate_json(job.model_dump_json()) == job, "a saved job goes on without the file"
    assert list(problems(path)) == ["steps[0].schema"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "a.json: there is no such file; expected a file with a JSON Schema"),
        ("{\n1}", "a.json: it is not JSON: line 2, column 1: Expecting property name enclosed in double quotes; "
         "expected a file with a JSON Schema"),
        ('"text"', "a.json: expected an object at the top of a JSON Schema"),
        ('{"properties": {"a": {"type": "nummer"}}}', 'a.json: $.properties.a.type: expected one of "array", '
         '"boolean", "integer", "null", "number", "object", "string" or an array, got "nummer"'),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_used(write: Any, tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    assert problems(write(f"{HEAD}{STEP}schema = 'a.json'")) == {"steps[0].schema": sentence}


def test_a_schema_is_a_path_and_no_text_is_checked_with_one(write: Any, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    expected = "expected the path of a JSON Schema file, in quotes"
    for value in ("3", "''", "{ path = 'a', content = '{}' }"):
        assert problems(write(f"{HEAD}{STEP}schema = {value}")) == {"steps[0].schema": expected}
    text = problems(write(f"{HEAD}{STEP}schema = 'a.json'\nresponse_format = 'text'"))
    assert text == {"steps[0].response_format": 'an answer that a schema checks is "json"; leave this out'}
    assert problems(write(f"{HEAD}{STEP}answer_schema = 'a.json'"))["steps[0].answer_schema"].startswith("unknown key")
    assert problems(write(f"{HEAD}{STEP}shema = 'a.json'")) == {"steps[0].shema": 'unknown key; did you mean "schema"?'}


def test_a_job_made_in_code_with_a_schema_that_cannot_be_used() -> None:
    step = {"name": "a", "model": "m", "prompt": "{item}", "schema": {"path": "a.json", "content": '{"type": 3}'}}
    with pytest.raises(ValidationError, match=r"a\.json: \$\.type"):
        Job.model_validate({"name": "j", "input": {"lines": "x.txt"}, "steps": [step]})


def test_inputs_of_later_versions_are_refused_as_such(write: Any) -> None:
    batch = f'name = "x"\n[input]\nopenai_batch = "b.jsonl"\n{STEP}'
    assert problems(write(batch)) == {"input.openai_batch": "not in this version"}
    for suffix in ("pdf", "PDF", "docx", "png"):
        documents = f'name = "x"\n[input]\nglob = "docs/**/*.{suffix}"\n{STEP}'
        assert problems(write(documents)) == {"input.glob": "documents other than text files are not in this version"}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f'api_key = "{SECRET}"', "provider.api_key"),
        ('api_key = "anything"', "provider.api_key"),
        ('token = "anything"', "provider.token"),
        (f'api_key_env = "{SECRET}"', "provider.api_key_env"),
        ('api_key_env = "cr_short"', "provider.api_key_env"),
        (f'base_url = "https://x.example/v1?a={SECRET}"', "provider.base_url"),
        ('base_url = "https://x.example/v1?api_key=hunter2"', "provider.base_url"),
        ('base_url = "https://me:hunter2@x.example/v1"', "provider.base_url"),
    ],
)
def test_keys_are_refused_and_never_shown(write: Any, line: str, key: str) -> None:
    path = write(f"{HEAD}[provider]\n{line}\n{STEP}")
    with pytest.raises(JobFileError) as caught:
        load_job(path)
    assert [problem.key for problem in caught.value.problems] == [key]
    assert "api_key_env" in caught.value.problems[0].message
    for secret in (SECRET, "hunter2", "anything", "cr_short"):
        assert secret not in str(caught.value)


def test_a_key_in_a_prompt_is_refused_and_words_like_it_are_not(write: Any) -> None:
    step = '[[steps]]\nname = "a"\nmodel = "m"\nprompt = "{}"\n'
    assert list(problems(write(HEAD + step.format(f"use {SECRET}")))) == ["steps[0].prompt"]
    harmless = "task-abcdefghij1234567890, sk-learn and cr_ words"
    assert load_job(write(HEAD + step.format(harmless))).job.steps[0].prompt == harmless


def test_a_secret_as_the_name_of_a_key_is_not_shown(write: Any) -> None:
    with pytest.raises(JobFileError) as caught:
        load_job(write(f'{HEAD}[provider]\n{SECRET} = "x"\n{STEP}'))
    assert SECRET not in str(caught.value)


def test_an_input_file_may_look_like_a_key(write: Any) -> None:
    text = (HEAD + STEP).replace("x.txt", "cr_report_2024_final_version")
    assert load_job(write(text)).job.input.lines == "cr_report_2024_final_version"


def test_templates_that_cannot_be_filled(write: Any) -> None:
    step = '[[steps]]\nname = "{}"\nmodel = "m"\nprompt = "{}"\n'
    found = problems(write(HEAD + step.format("a", "{steps.a}") + step.format("b", "{item.text} {steps.foo}")))
    assert found["steps[0].prompt"] == "{steps.a} is this step's own answer"
    assert found["steps[1].prompt"] in {
        "{steps.foo} names no step; the steps are a, b",
        "these items have no fields: write {item} instead of {item.text}",
    }


def test_fields_of_documents_are_known_and_those_of_tables_are_not(write: Any) -> None:
    step = '[[steps]]\nname = "a"\nmodel = "m"\nprompt = "{item.titel}"\n'
    found = problems(write(f'name = "x"\n[input]\nglob = "*.txt"\n{step}'))
    assert found == {"steps[0].prompt": "a document's fields are name, path, text; {item.titel} is none of them"}
    assert load_job(write(f'name = "x"\n[input]\ncsv = "a.csv"\n{step}')).job.input.source == "csv"


def test_circles_are_named_without_those_that_only_wait_for_them(write: Any) -> None:
    step = '[[steps]]\nname = "{}"\nmodel = "m"\nprompt = "{}"\n'
    circle = [("a", "{steps.b}"), ("b", "{steps.a}"), ("c", "{steps.a}"), ("d", "{item}")]
    found = problems(write(HEAD + "".join(step.format(*one) for one in circle)))
    assert found == {"steps": "these use each other's answers in a circle: a, b"}


def test_a_name_twice(write: Any) -> None:
    assert problems(write(HEAD + STEP + STEP)) == {"steps[1].name": '"one" is the name of steps[0] too'}


def test_hostile_names_are_shown_safely(write: Any) -> None:
    with pytest.raises(JobFileError) as caught:
        load_job(write(HEAD.replace("name", '"na\\u001b[31mme"') + STEP))
    assert "\x1b" not in str(caught.value)


def test_a_job_made_in_python_is_checked_too() -> None:
    data = {"name": "x", "input": {"count": 3}, "steps": [{"name": "a", "model": "m", "prompt": "{item.x}"}]}
    with pytest.raises(ValidationError, match="these items have no fields"):
        Job.model_validate(data)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("PDF summaries", "pdf-summaries"),
        ("  Été à Paris! ", "ete-a-paris"),
        ("a/../b", "a-b"),
        ("x" * 200, "x" * 60),
        ("---", "job-cb3f91d5"),
        ("日本", "job-cf2abf0c"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    step = {"name": "a", "model": "m", "prompt": "p"}
    assert Job.model_validate({"name": name, "input": {"count": 1}, "steps": [step]}).slug == slug


def test_the_schema_for_editors_knows_every_key_and_no_null() -> None:
    schema = job_schema()
    text = json.dumps(schema)
    assert set(schema["properties"]) == {"name", "input", "provider", "run", "steps"}
    assert set(schema["$defs"]["Step"]["properties"]) >= {"prompt", "deadline", "timeouts", "response_format"}
    assert schema["$defs"]["Input"]["additionalProperties"] is False
    assert '"null"' not in text
    assert "null" not in text
