"""An estimate is made from the prompts as they would be sent."""

from pathlib import Path

import pytest

from holytui.core.estimate import Estimate
from holytui.core.job_file import load_job
from holytui.core.pricing import PriceBook
from holytui.resources import price_table
from holytui.runs.estimating import Past, estimate_job

JOB = """
name = "j"
[input]
jsonl = "in.jsonl"
[provider]
name = "simulator"
[[steps]]
name = "title"
model = "gpt-4.1"
prompt = "{steps.summary} and again {steps.summary}"
max_tokens = 10
[[steps]]
name = "summary"
model = "deepseek-v3.2"
system = "Of {item.about}:"
prompt = "{item.text}"
max_tokens = 100
"""


def estimated(folder: Path, lines: list[str], past: Past | None = None) -> Estimate:
    (folder / "in.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "job.toml").write_text(JOB, "utf-8")
    loaded = load_job(folder / "job.toml")
    book = PriceBook(table=price_table())
    return estimate_job(loaded.job, loaded.base_dir, book, simulated=True, past=past or Past())


def test_system_prompts_count_and_earlier_answers_count_as_often_as_they_stand_there(tmp_path: Path) -> None:
    estimate = estimated(tmp_path, ['{"about": "xy", "text": "%s"}' % ("z" * 394)] * 8)
    summary, title = estimate.steps
    assert (summary.step, title.step) == ("summary", "title")
    assert summary.input.mid == 8 * 400 / 4
    assert summary.output.high == 8 * 100
    assert title.input.high == pytest.approx((8 * len(" and again ") / 4 + 2 * summary.output.high) * 1.25)
    assert estimate.prompts[:2] == (
        (estimate.prompts[0][0], "summary", "z" * 394),
        (estimate.prompts[0][0], "title", "[the answer of summary] and again [the answer of summary]"),
    )


def test_what_cannot_be_rendered_is_told_and_asks_for_nothing(tmp_path: Path) -> None:
    estimate = estimated(tmp_path, ['{"about": "a", "text": "b"}', '{"text": "b"}'])
    assert (estimate.items, estimate.readable, estimate.requests) == (2, 1, 2)
    ((_, problem),) = estimate.problems
    assert 'no field "about"' in problem


def test_scripts_beyond_ascii_are_not_taken_for_english(tmp_path: Path) -> None:
    english, chinese = (
        estimated(tmp_path, [f'{{"about": "a", "text": "{character * 4_000}"}}']).steps[0].input
        for character in ("a", "表")
    )
    assert chinese.mid == pytest.approx(3 * english.mid, rel=0.01)


def test_items_that_have_their_result_are_not_sent_again(tmp_path: Path) -> None:
    lines = [f'{{"about": "a", "text": "{n}"}}' for n in range(6)]
    estimate = estimated(tmp_path, lines, Past(settled=lambda item: item.index < 4))
    assert (estimate.items, estimate.readable, estimate.pending, estimate.requests) == (6, 6, 2, 4)
