"""`holytui import`: what the old script saved becomes a job that keeps its answers and asks only the rest."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.processes import exported, holytui, kill, simulator, start, status, wait_until

TASK = "task_20260315_ab12cd34"
JOB = "task-20260315-ab12cd34"
PROMPT = "Summarise: {item}"
RUNNABLE = ("--prompt", PROMPT, "--model", "deepseek-v3.2", "--provider", "simulator")


def success(index: Any, item: Any = None, result: Any = None) -> dict[str, Any]:
    return {
        "index": index,
        "item": f"document {index}" if item is None else item,
        "result": f"answer {index}" if result is None else result,
        "status": "SUCCESS",
        "timestamp": "2026-03-15T02:00:00",
    }


def failure(index: Any, error: Any = "Connection timeout after 120s", item: Any = None) -> dict[str, Any]:
    item = f"document {index}" if item is None else item
    return {"index": index, "item": item, "error": error, "status": "FAILED", "timestamp": "2026-03-15T02:00:01"}


def seed(results: Any, *, total: Any = 10, more: Any = None, **progress: Any) -> dict[str, Any]:
    return {
        "progress": {
            "task_id": TASK,
            "total_items": total,
            "processed_items": 3,
            "failed_items": 1,
            "current_status": "PROCESSING",
            "start_time": "2026-03-15T01:00:00",
            "last_update": "2026-03-15T02:00:02",
            "checkpoint_path": "checkpoints",
            "results": results,
            **progress,
        },
        "saved_at": "2026-03-15T02:00:03",
        "additional_data": {} if more is None else more,
    }


def write(folder: Path, data: Any, name: str = f"{TASK}.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data, indent=2), "utf-8")
    return path


def lines(folder: Path, number: int = 10) -> Path:
    path = folder / "items.txt"
    path.write_text("".join(f"document {n}\n" for n in range(number)))
    return path


def imported(folder: Path, path: Path, *options: str | Path, code: int = 0) -> str:
    """What it said, both streams."""
    done = holytui("import", path, *options, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def by_input(folder: Path, job: str = JOB) -> Mapping[str, dict[str, Any]]:
    return {str(row["input"]): row for row in exported(folder, job)}


RESULTS = [success(2), success(0), failure(1), success(5)]


def test_answers_are_kept_failures_known_and_only_the_rest_is_asked(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    said = imported(tmp_path, path, "--items", lines(tmp_path), *RUNNABLE)
    assert f"3 answers kept, 1 failed, 6 to go: holytui run {JOB}" in said
    before = status(tmp_path, JOB)
    assert (before["state"], before["succeeded"], before["failed"], before["pending"]) == ("ready", 3, 1, 6)
    assert before["failures"] == {"timeout.attempt": 1}
    assert before["cost"] == {"usd": None, "kind": "unknown"}
    assert "what its 4 requests cost is not in it: unknown" in holytui("log", JOB, cwd=tmp_path).stdout
    with simulator(tmp_path) as provider:
        done = holytui("run", JOB, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert (provider.count(), len(provider.answered())) == (6, 6)
        again = holytui("retry", JOB, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert again.returncode == 0, again.stderr
        assert provider.count() == 7
        nothing = holytui("run", JOB, "--headless", "--base-url", provider.url, cwd=tmp_path)
        assert (nothing.returncode, provider.count()) == (0, 7)
    rows = exported(tmp_path, JOB)
    assert [row["input"] for row in rows] == [f"document {n}" for n in range(10)]
    assert [rows[n]["output"] for n in (0, 2, 5)] == ["answer 0", "answer 2", "answer 5"]
    assert rows[0]["cost_usd"] is None
    assert rows[3]["cost_usd"] is not None
    assert status(tmp_path, JOB)["cost"]["kind"] == "unknown", "a sum with an unknown part is unknown"


def test_without_a_prompt_it_can_be_looked_at_and_exported_and_never_spends(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    said = imported(tmp_path, path)
    assert f"3 answers kept, 1 failed: holytui export {JOB}" in said
    assert "Nothing of it can be asked yet, for its prompt and model are not in the file" in said
    assert "6 more items of its input are not in the file" in said
    assert [row["status"] for row in exported(tmp_path, JOB)] == ["succeeded", "failed", "succeeded", "succeeded"]
    assert status(tmp_path, JOB)["state"] == "completed_with_failures"
    with simulator(tmp_path) as provider:
        for command in ("run", "resume", "retry"):
            done = holytui(command, JOB, "--headless", "--base-url", provider.url, "--trust", cwd=tmp_path)
            assert (done.returncode, "imported without its prompt" in done.stderr) == (2, True), done.stderr
        assert provider.count() == 0
    assert status(tmp_path, JOB)["failed"] == 1, "nothing went back to pending"


def test_the_rest_is_known_from_the_whole_input_and_waits_for_a_prompt(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    said = imported(tmp_path, path, "--items", lines(tmp_path))
    assert f"3 answers kept, 1 failed, 6 to go: holytui export {JOB}" in said
    assert "Nothing of it can be asked yet" in said
    after = status(tmp_path, JOB)
    assert (after["succeeded"], after["failed"], after["pending"]) == (3, 1, 6)
    done = holytui("run", JOB, "--headless", "--trust", cwd=tmp_path)
    assert (done.returncode, "imported without its prompt" in done.stderr) == (2, True), done.stderr


def test_half_of_what_a_request_needs_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    assert "give --model M" in imported(tmp_path, path, "--prompt", PROMPT, code=2)
    assert "give --prompt TEXT" in imported(tmp_path, path, "--model", "deepseek-v3.2", code=2)
    assert not (tmp_path / "checkpoints").exists()


def test_a_prompt_of_the_files_own_is_used_where_it_can_mean_one_thing_only(tmp_path: Path) -> None:
    known = {"prompt_template": PROMPT, "model": "deepseek-v3.2"}
    path = write(tmp_path, seed(RESULTS, more=known))
    said = imported(tmp_path, path, "--items", lines(tmp_path), "--provider", "simulator")
    assert "the prompt is the file's own: Summarise: {item}" in said
    for number, prompt in enumerate(('{{"answer": {item}}}', "no slot at all")):
        path = write(tmp_path, seed(RESULTS, more={**known, "prompt_template": prompt}))
        said = imported(tmp_path, path, "--items", lines(tmp_path), "--id", f"other-{number}")
        assert "own prompt is not taken" in said
        assert "Nothing of it can be asked yet" in said


def test_a_prompt_out_of_a_file_and_another_id(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("About {item}\n")
    path = write(tmp_path, seed(RESULTS))
    options = ["--prompt", "@prompt.txt", "--model", "deepseek-v3.2", "--provider", "simulator", "--id", "mine"]
    imported(tmp_path, path, *options)
    assert status(tmp_path, "mine")["succeeded"] == 3
    assert "cannot be read" in imported(tmp_path, path, "--prompt", "@none.txt", code=2)
    assert "an id is made of" in imported(tmp_path, path, "--id", "No!", code=2)
    assert "no base_url for provider" in imported(tmp_path, path, *RUNNABLE[:4], "--provider", "elsewhere", code=2)


def test_one_is_said_in_the_singular(tmp_path: Path) -> None:
    said = imported(tmp_path, write(tmp_path, seed([success(0)], total=2)))
    assert f"1 answer kept, 0 failed: holytui export {JOB}" in said
    assert "1 more item of its input is not in the file. To ask it, import the file" in said
    assert "what its 1 request cost is not in it" in holytui("log", JOB, cwd=tmp_path).stdout


def test_the_second_import_is_refused_and_names_the_job(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    imported(tmp_path, path)
    said = imported(tmp_path, path, code=2)
    assert f"{JOB}: there is a job of this name already" in said
    assert "--id NEW" in said


def test_an_answer_belongs_to_its_item_not_to_its_index(tmp_path: Path) -> None:
    moved = [success(0, "document 7"), success(1, "document 1"), success(2, "gone"), failure(3, item="document 9 ")]
    said = imported(tmp_path, write(tmp_path, seed(moved)), "--items", lines(tmp_path), *RUNNABLE)
    assert "2 results stand at another place than their items" in said
    assert "1 result is about an item that items.txt does not have: kept aside, as a removed item" in said
    assert "2 answers kept, 1 failed, 7 to go" in said
    rows = by_input(tmp_path)
    assert len(rows) == 10
    assert (rows["document 7"]["output"], rows["document 1"]["output"]) == ("answer 0", "answer 1")
    assert rows["document 9"]["status"] == "failed"
    assert rows["document 0"]["status"] == "pending"


def test_an_input_that_has_none_of_its_items_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("something else\n")
    said = imported(tmp_path, write(tmp_path, seed(RESULTS)), "--items", other, *RUNNABLE, code=2)
    assert "None of the 4 results" in said
    assert not (tmp_path / "checkpoints").exists()


def test_of_several_results_of_one_item_the_first_answer_wins(tmp_path: Path) -> None:
    results = [failure(0), success(0, result="bought first"), success(0, result="bought again"), failure(0, "late")]
    results += [failure(1, "first"), failure(1, "503 last")]
    said = imported(tmp_path, write(tmp_path, seed(results, total=2)))
    assert "1 item was answered more than once: the first answer is kept" in said
    rows = by_input(tmp_path)
    assert rows["document 0"]["output"] == "bought first"
    assert rows["document 1"]["error"] == {"kind": "server_error", "message": "503 last", "http_status": 503}


@pytest.mark.parametrize(
    ("error", "kind", "http_status"),
    [
        ("Connection timeout after 120s", "timeout.attempt", None),
        ("Error code: 429 - too many requests", "rate_limit", 429),
        ("Rate limit exceeded", "rate_limit", None),
        ("HTTP 502 Bad Gateway", "server_error", 502),
        ("[Errno 104] Connection reset by peer", "network", None),
        ("400 this prompt is bad", "bad_request", 400),
        ("maximum context length is 8192 tokens", "context_length", None),
        ("something nobody understands", "server_error", None),
        (None, "server_error", None),
        ({"code": 7}, "server_error", None),
    ],
)
def test_failures_are_kinds_by_what_was_said(tmp_path: Path, error: Any, kind: str, http_status: int | None) -> None:
    imported(tmp_path, write(tmp_path, seed([failure(0, error)], total=1)))
    (row,) = exported(tmp_path, JOB)
    assert (row["error"]["kind"], row["error"]["http_status"]) == (kind, http_status)
    assert row["error"]["message"]


def test_times_are_kept(tmp_path: Path) -> None:
    result = {**success(0), "timestamp": "2026-03-15T02:00:00+00:00"}
    numbered = {**success(1), "timestamp": 1_773_540_000.5}
    nonsense = {**success(2), "timestamp": "yesterday"}
    imported(tmp_path, write(tmp_path, seed([result, numbered, nonsense], last_update="2026-03-15T03:00:00Z")))
    rows = exported(tmp_path, JOB)
    assert rows[0]["finished_at"] == "2026-03-15T02:00:00.000Z"
    assert (
        rows[1]["finished_at"]
        == datetime.fromtimestamp(1_773_540_000.5, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    )
    assert rows[2]["finished_at"] == "2026-03-15T03:00:00.000Z"


def odd_results() -> list[Any]:
    return [
        success("0"),
        success(1.0, {"title": "a", "n": 1}, {"summary": ["b"], "x": float("nan")}),
        success(None, "no index"),
        success(-5, "below"),
        success(10**30, "far"),
        {"index": 6, "result": "whose?", "status": "SUCCESS"},
        {"index": 7, "item": "silent", "status": "SUCCESS"},
        success(8, "empty", "  "),
        {"index": 9, "item": "no status", "result": "fine"},
        {"index": 10, "item": "in hand", "status": "PROCESSING"},
        {"index": 11, "item": "an enum", "result": "r", "status": "TaskStatus.SUCCESS"},
        success(12, "lone \ud800", "an \udfff answer"),
        success(13, ["a", "list"], 42),
        success(14, {"v": float("inf")}),
        "not an object",
        None,
    ]


@pytest.mark.parametrize("as_dict", [False, True])
def test_odd_files_are_taken_as_far_as_they_make_sense(tmp_path: Path, as_dict: bool) -> None:
    results: Any = odd_results()
    if as_dict:
        results = {str(number): result for number, result in enumerate(results)}
    said = imported(tmp_path, write(tmp_path, seed(results, total="15", task_id=None), "odd.json"))
    assert "4 entries without an answer or a failure were left out" in said
    assert "1 result does not say which item it is of: kept, and never asked again" in said
    rows = by_input(tmp_path, "odd")
    assert rows["{'title': 'a', 'n': 1}"]["output"] == '{"summary": ["b"], "x": NaN}'
    assert rows["empty"]["error"]["kind"] == "empty_answer"
    assert rows[""]["output"] == "whose?"
    assert rows["lone \ud800"]["output"] == "an \udfff answer"
    assert rows['["a","list"]']["output"] == "42"
    assert rows['{"v":Infinity}']["status"] == "succeeded"
    assert {"no index", "below", "far", "no status", "an enum"} <= rows.keys()


def test_bytes_that_are_no_utf8_are_kept_and_told(tmp_path: Path) -> None:
    path = write(tmp_path, seed([success(0, "document", "MARK")], total=1))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"MARK", b"caf\xe9"))
    assert "is not UTF-8 everywhere" in imported(tmp_path, path)
    assert exported(tmp_path, JOB)[0]["output"] == "caf\udce9"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("[1, 2]", "is not a checkpoint of the old kind"),
        ("never JSON", "is not a checkpoint of the old kind"),
        ('{"a": 1}', "is not a checkpoint of the old kind"),
        ('{"progress": {"task_id": "x", "results": []}}', "holds no complete result"),
        ('{"progress": {"task_id": "x", "results": [{"index": 0, "item": "a", "resu', "It breaks off before the first"),
        ('{"progress": ' * 5_000, "holds no complete result"),
        ('{"results": ' + "[" * 100_000, "holds no complete result"),
    ],
)
def test_what_is_none_is_refused_with_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    assert told in imported(tmp_path, write(tmp_path, text, "x.json"), code=2)
    assert "There is no file" in imported(tmp_path, tmp_path / "none.json", code=2)
    assert not (tmp_path / "checkpoints").exists()


def test_a_torn_file_gives_what_is_complete_in_it(tmp_path: Path) -> None:
    whole = json.dumps(seed([success(n) for n in range(5)]), indent=2)
    path = write(tmp_path, whole[: whole.index("answer 3") + 4])
    said = imported(tmp_path, path, "--items", lines(tmp_path), *RUNNABLE)
    assert f"{TASK}.json breaks off: 3 complete results were saved from it, the rest of it is lost" in said
    assert "3 answers kept, 0 failed, 7 to go" in said


def test_killed_on_the_way_it_leaves_no_half_job(tmp_path: Path) -> None:
    path = write(tmp_path, seed([success(n) for n in range(30_000)], total=30_000))
    checkpoints = tmp_path / "checkpoints"
    running = start("import", path, cwd=tmp_path)
    wait_until(lambda: any(checkpoints.glob(".new-*/checkpoint.sqlite-wal")), "it is being built")
    kill(running)
    assert not (checkpoints / JOB).exists()
    imported(tmp_path, path)
    assert status(tmp_path, JOB)["succeeded"] == 30_000


def whole_input(folder: Path, kind: str, texts: Sequence[str]) -> Path:
    path = folder / f"input.{kind}"
    match kind:
        case "json":
            path.write_text(json.dumps(list(texts)))
        case "jsonl":
            path.write_text("".join(json.dumps(text) + "\n" for text in texts))
        case "csv":
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([["text"], *([text] for text in texts)])
        case _:
            path.write_text("".join(f"{text}\n" for text in texts))
    return path


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "json"])
def test_the_whole_input_may_be_written_in_any_way(tmp_path: Path, kind: str) -> None:
    texts = [f"document {n}" for n in range(6)]
    results: list[Any] = [success(0), success(3)]
    if kind == "csv":
        results = [success(n, {"text": f"document {n}"}) for n in (0, 3)]
    path = write(tmp_path, seed(results))
    said = imported(tmp_path, path, "--items", whole_input(tmp_path, kind, texts), *RUNNABLE)
    assert "2 answers kept, 0 failed, 4 to go" in said
    rows = exported(tmp_path, JOB)
    assert [row["status"] for row in rows].count("pending") == 4
    assert rows[3]["output"] == "answer 3"


def test_a_bad_whole_input_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, seed(RESULTS))
    for name, text, told in [
        ("a.json", '["a", ', "is not JSON"),
        ("b.jsonl", "nonsense\n", "line 1 is not JSON"),
        ("c.txt", "", "holds no item"),
    ]:
        (tmp_path / name).write_text(text)
        assert told in imported(tmp_path, path, "--items", tmp_path / name, *RUNNABLE, code=2)
    assert not (tmp_path / "checkpoints").exists()


def test_entries_that_cannot_be_read_are_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    text = json.dumps(seed([success(0), "DEEP", success(2), {**success(3), "more": "DEEP"}], total=4))
    path = write(tmp_path, text.replace('"DEEP"', "[" * 100_000 + "]" * 100_000))
    said = imported(tmp_path, path)
    assert "1 entry cannot be read: it was left out" in said
    assert "1 entry can be read in part only" in said
    assert "breaks off" not in said
    assert [row["output"] for row in exported(tmp_path, JOB)] == ["answer 0", "answer 2", "answer 3"]


def rows(folder: Path, name: str, *items: Any) -> Path:
    """An input of rows: JSON lines, or a CSV of mappings."""
    path = folder / name
    if name.endswith(".csv"):
        with path.open("w", newline="") as file:
            table = csv.DictWriter(file, list(items[0]))
            table.writeheader()
            table.writerows(items)
    else:
        path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_texts_that_the_input_has_as_rows_are_not_asked_again(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, seed([success(n) for n in range(9)]))
    whole = rows(tmp_path, name, *({"text": f"document {n}"} for n in range(10)))
    said = imported(tmp_path, path, "--items", whole, *RUNNABLE)
    assert f"9 results are about items that {name} writes in another way: taken as the same" in said
    assert "9 answers kept, 0 failed, 1 to go" in said
    with simulator(tmp_path) as provider:
        assert holytui("run", JOB, "--headless", "--base-url", provider.url, cwd=tmp_path).returncode == 0
        assert provider.count() == 1
    assert exported(tmp_path, JOB)[0]["input"] == {"text": "document 0"}, "items are the input's own"


def test_lists_and_numbers_are_found_in_json_lines(tmp_path: Path) -> None:
    path = write(tmp_path, seed([success(0, [1, 2]), success(1, 4), success(2, {"b": 1})]))
    whole = rows(tmp_path, "rows.jsonl", [1, 2], 4.0, {"b": "1"}, ["more"])
    assert "3 answers kept, 0 failed, 1 to go" in imported(tmp_path, path, "--items", whole, *RUNNABLE)


def test_most_answers_without_an_item_are_not_paid_for_again_unasked(tmp_path: Path) -> None:
    path = write(tmp_path, seed([success(n) for n in range(9)]))
    items = [{"id": n, "body": f"document {n}!"} for n in range(10)]
    items[0] = {"id": "", "body": "document 0"}
    whole = rows(tmp_path, "rows.csv", *items)
    said = imported(tmp_path, path, "--items", whole, *RUNNABLE, code=2)
    assert "8 of the 9 answers" in said
    assert "up to 8 of them might be asked and paid for again" in said
    assert 'Result 1 is about "document 1", item 1 of rows.csv is {"id":"1","body":"document 1!"}.' in said
    assert not (tmp_path / "checkpoints").exists()
    said = imported(tmp_path, path, "--items", whole, *RUNNABLE, "--match", "index")
    assert "9 answers kept, 0 failed, 1 to go" in said
    said = imported(tmp_path, path, "--items", whole, *RUNNABLE, "--match", "item", "--id", "other")
    assert "8 results are about items that rows.csv does not have: kept aside" in said
    assert "1 answer kept, 0 failed, 9 to go" in said
    assert "--match says how" in imported(tmp_path, path, "--match", "index", code=2)


def test_an_input_with_a_part_of_the_answers_only_is_nothing_to_ask_about(tmp_path: Path) -> None:
    path = write(tmp_path, seed([success(n) for n in range(10)]))
    said = imported(tmp_path, path, "--items", lines(tmp_path, 2), *RUNNABLE)
    assert "2 answers kept, 0 failed" in said


def test_what_is_beside_a_result_is_said_of_items(tmp_path: Path) -> None:
    results = [failure(0), success(0), failure(0), failure(1), failure(1), failure(2, item="document 3"), success(2)]
    said = imported(tmp_path, write(tmp_path, seed([*results, success(3)], total=4)))
    assert "2 items have failures beside the result that is kept: left out" in said
    assert "1 failure is of an item whose place or text has another result: left out" in said
    assert "3 answers kept, 1 failed" in said
