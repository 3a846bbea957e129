"""Exports: every item once, in input order, exactly."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holytui.core.command import Selection
from holytui.core.failures import FailureKind
from holytui.core.pricing import UNKNOWN
from holytui.core.work import Overrides
from holytui.store.export import ExportError, export
from holytui.store.trouble import CheckpointError
from tests.store.jobs import (
    WAIT,
    answer,
    answer_fully,
    attempt,
    by_hand,
    failure,
    filled,
    item,
    items,
    new_job,
    sync,
    writing,
)

NASTY = [
    "[/foo]",
    "\x1b[31m",
    "a\0b",
    "half \ud83d pair",
    "\u202ertl",
    "line\u2028separator\x85",
    "é\n\r\n",
    "x" * 5_000_000,
]


def exported(folder: Path, fmt: str = "jsonl", **options: bool) -> bytes:
    out = io.BytesIO()
    export(folder, out, fmt=fmt, **options)
    return out.getvalue()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in exported(folder).decode("utf-8").split("\n")[:-1]]


def test_a_line_holds_what_the_design_says_in_its_order(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        writer.attempt(attempt(1))
        writer.outcome(answer(1, "summary", "the summary"))
        writer.attempt(attempt(1, "title", kind=FailureKind.TRUNCATED, cost=UNKNOWN))
        writer.outcome(failure(1, "title", FailureKind.TRUNCATED, message="cut", text="A tit", status=200))
    done, failed, waiting = lines(folder)
    order = "id index input status output outputs error attempts model tokens cost_usd finished_at requests"
    assert " ".join(done) == order
    assert [request["step"] for request in done.pop("requests")] == ["summary", "title"]
    assert done == {
        "id": "doc_0",
        "index": 0,
        "input": "document 0",
        "status": "succeeded",
        "output": "an answer to title 0",
        "outputs": {"summary": "an answer to summary 0", "title": "an answer to title 0"},
        "error": None,
        "attempts": 2,
        "model": "model-of-title",
        "tokens": {"input": 200, "output": 40, "cached": 20, "reasoning": 10},
        "cost_usd": 0.02,
        "finished_at": "2027-01-15T08:01:00.000Z",
    }
    assert (failed["status"], failed["output"], failed["outputs"]) == ("failed", "A tit", {"summary": "the summary"})
    assert failed["error"] == {"kind": "truncated", "message": "cut", "http_status": 200}
    assert failed["cost_usd"] is None
    assert (waiting["status"], waiting["output"], waiting["outputs"], waiting["finished_at"]) == (
        "pending",
        None,
        {},
        None,
    )


def test_the_output_is_the_last_steps_and_no_other(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 2)
    with writing(folder) as writer:
        writer.outcome(answer(0, "summary", "only a summary"))
        writer.outcome(answer(1, "title", "a title"))
        writer.outcome(failure(1, "summary", FailureKind.TRUNCATED, text="half a summ"))
    half, failed = lines(folder)
    assert (half["output"], half["outputs"]) == (None, {"summary": "only a summary"})
    assert (failed["output"], failed["outputs"]) == ("half a summ", {"title": "a title"})


def test_what_no_longer_holds_is_not_exported(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 3)
    with writing(folder) as writer:
        answer_fully(writer, 0)
        answer_fully(writer, 1)
        writer.outcome(failure(2, "title", FailureKind.TRUNCATED, text="A tit"))
        sync(writer, [item(0, "rewritten", "doc_0"), item(1, "document 2", "doc_2")])
        writer.retry(Selection(everything=True), Overrides()).result(WAIT)
    found = lines(folder)
    assert [(row["id"], row["index"], row["status"], row["output"], row["outputs"]) for row in found] == [
        ("doc_0", 0, "pending", None, {}),
        ("doc_2", 1, "pending", None, {}),
    ]


@pytest.mark.parametrize("fmt", ["jsonl", "json"])
def test_foreign_text_is_exported_exactly_as_valid_utf8(tmp_path: Path, fmt: str) -> None:
    folder = new_job(tmp_path / "small")
    with writing(folder) as writer:
        sync(writer, [item(index, text, f"{index} {text[:40]}") for index, text in enumerate(NASTY)])
        for index, text in enumerate(NASTY):
            answer_fully(writer, index, text=text)
    data = exported(folder, fmt).decode("utf-8")
    found = json.loads(data) if fmt == "json" else [json.loads(line) for line in data.splitlines()]
    assert [row["input"] for row in found] == NASTY
    assert [row["id"] for row in found] == [f"{index} {text[:40]}" for index, text in enumerate(NASTY)]
    assert [row["output"] for row in found] == [f"{text} to title {index}" for index, text in enumerate(NASTY)]
    if fmt == "jsonl":
        assert "\\ud83d" in data


def test_an_empty_job_exports_to_nothing_that_is_valid(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    assert exported(folder) == b""
    assert json.loads(exported(folder, "json")) == []
    assert len(list(csv.reader(io.StringIO(exported(folder, "csv").decode("utf-8-sig"))))) == 1


def test_a_spreadsheet_opens_the_csv_and_runs_nothing_in_it(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    plain = 'plain, with "quotes"\nand lines'
    texts = ["=HYPERLINK(1)", "+1", "-1", "@SUM", "\tx", plain, "a\0b", "half \ud83d pair"]
    with writing(folder) as writer:
        sync(writer, [item(index, text) for index, text in enumerate(texts)])
        for index, text in enumerate(texts):
            writer.attempt(attempt(index))
            writer.outcome(answer(index, "summary", text))
        writer.attempt(attempt(5, "title", kind=FailureKind.BAD_REQUEST))
        writer.outcome(failure(5, "title", FailureKind.BAD_REQUEST))
    data = exported(folder, "csv", with_input=True)
    assert data.startswith(b"\xef\xbb\xbf")
    header, *rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert header == ["id", "status", "summary", "title", "error_kind", "error", "attempts", "cost_usd", "input"]
    shown = [
        "'=HYPERLINK(1)",
        "'+1",
        "'-1",
        "'@SUM",
        "'\tx",
        plain,
        "a\u2400b",
        "half \\ud83d pair",
    ]
    assert [row[2] for row in rows] == shown
    assert [row[-1] for row in rows] == shown
    assert rows[5][:2] + rows[5][4:8] == ["doc_5", "failed", "bad_request", "it went silent", "2", "0.02"]


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 300)
    out = tmp_path / "out.jsonl"
    assert export(folder, out, fmt="jsonl") == 300
    assert len(out.read_text().splitlines()) == 300
    before = out.read_bytes()
    with writing(folder) as writer:
        answer_fully(writer, 0)
    with by_hand(folder) as connection:
        connection.execute("UPDATE inputs SET body = x'00' WHERE key = 250")
    with pytest.raises(CheckpointError, match="damaged"):
        export(folder, out, fmt="jsonl")
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "small"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    with pytest.raises(ExportError, match="nowhere"):
        export(folder, tmp_path / "nowhere" / "out.csv", fmt="csv")


def test_an_export_is_of_one_moment_while_the_owner_goes_on(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 500)

    class Slow(io.BytesIO):
        """Somebody rewrites the whole input while the export is read."""

        done = False

        def write(self, data: Any) -> int:
            if not self.done:
                self.done = True
                with writing(folder) as writer:
                    sync(writer, [item(499 - index, f"document {index}", f"doc_{index}") for index in range(500)])
            return super().write(data)

    out = Slow()
    assert export(folder, out, fmt="jsonl") == 500
    ids = [json.loads(line)["id"] for line in out.getvalue().splitlines()]
    assert ids == [f"doc_{index}" for index in range(500)]
    assert lines(folder)[0]["id"] == "doc_499"


def test_a_job_that_was_never_run_exports_its_items(tmp_path: Path) -> None:
    folder = new_job(tmp_path / "small")
    with writing(folder) as writer:
        sync(writer, items(450))
    assert [row["index"] for row in lines(folder)] == list(range(450))


def test_where_each_answer_comes_from_stands_beside_it(tmp_path: Path) -> None:
    folder = filled(tmp_path / "small", 1)
    told = replace(
        attempt(0),
        asked="gpt-4.1",
        model="gpt-4.1-mini",
        request_id="req_1",
        connected_s=0.01,
        first_s=0.25,
        last_s=0.9,
        ended_s=1.00049,
    )
    with writing(folder) as writer:
        writer.attempt(replace(told, kind=FailureKind.TIMEOUT_STALL, clock_s=30.0, message="silent", wasted=True))
        writer.attempt(replace(told, number=2))
    (item,) = lines(folder)
    failed, answered = item["requests"]
    assert (failed["kind"], failed["clock_s"], failed["message"], failed["wasted"]) == (
        "timeout.stall",
        30.0,
        "silent",
        True,
    )
    assert (answered["attempt"], answered["kind"], answered["asked_model"], answered["model"]) == (
        2,
        None,
        "gpt-4.1",
        "gpt-4.1-mini",
    )
    assert answered["request_id"] == "req_1"
    times = [answered[name] for name in ("connected_s", "first_token_s", "last_token_s", "ended_s")]
    assert times == [0.01, 0.25, 0.9, 1.0]
