"""A job file that has changed since its job ran: what is asked again, what is kept, what needs a word."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.cli.contract import EMBEDDED, at_once, check_finished
from tests.processes import exported, holytui, simulator, status, write_job


def write_items(folder: Path, items: dict[str, str]) -> None:
    rows = [json.dumps({"id": name, "text": text}) for name, text in items.items()]
    (folder / "items.jsonl").write_text("\n".join(rows) + "\n", "utf-8")


def items_job(folder: Path, *, prompt: str = "{item.text}", run: Sequence[str] = (), step: Sequence[str] = ()) -> Path:
    source = 'jsonl = "items.jsonl"\nid = "id"'
    return write_job(folder, source=source, provider=EMBEDDED, prompt=prompt, run=run, step=step)


def test_new_and_changed_items_run_removed_ones_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    write_items(tmp_path, {"a": "apples", "b": "berries", "c": "cherries", "d": "dates"})
    job = items_job(tmp_path)
    with simulator(tmp_path) as provider:
        flags = ["--json", "--base-url", provider.url]
        assert check_finished(holytui("run", job, *flags, cwd=tmp_path), 0)["requests"] == 4
        answers = {row["id"]: row["output"] for row in exported(tmp_path, "job")}
        write_items(tmp_path, {"e": "elderberries", "b": "blueberries", "a": "apples"})
        last = check_finished(holytui("run", job, *flags, cwd=tmp_path), 0)
        assert (last["total"], last["succeeded"], last["requests"]) == (3, 3, 6)
        assert provider.count() == 6
        after = {row["id"]: row for row in exported(tmp_path, "job")}
        assert list(after)[:3] == ["e", "b", "a"]
        assert after["a"]["output"] == answers["a"]
        assert after["b"]["output"] != answers["b"]
        assert after["b"]["input"] == {"id": "b", "text": "blueberries"}
        told = holytui("log", "job", cwd=tmp_path).stdout
        assert "1 new, 1 changed, 2 removed, 1 unchanged" in told
        write_items(tmp_path, {"a": "apples", "c": "cherries", "d": "dates"})
        last = check_finished(holytui("run", job, *flags, cwd=tmp_path), 0)
        assert (last["total"], last["succeeded"]) == (3, 3)
        assert provider.count() == 6, "removed items keep their answers for the day they come back"
        assert {row["id"]: row["output"] for row in exported(tmp_path, "job")}["c"] == answers["c"]


def test_equal_items_stay_items_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "items.txt").write_text("same\nsame\nother\nsame\n")
    job = write_job(tmp_path, source='lines = "items.txt"', provider=EMBEDDED, prompt="{item}")
    assert check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)["total"] == 4
    export, again = at_once(["export", "job"], ["run", job, "--json"], cwd=tmp_path)
    ids = [json.loads(line)["id"] for line in export.stdout.splitlines()]
    assert [ids[1], ids[3]] == [f"{ids[0]}~2", f"{ids[0]}~3"]
    last = check_finished(again, 0)
    assert (last["total"], last["requests"]) == (4, 4)


def test_changed_steps_are_2_with_count_until_drift_says_what_then(tmp_path: Path) -> None:
    write_items(tmp_path, {"a": "apples", "b": "berries", "c": "cherries"})
    job = items_job(tmp_path, run=["concurrency = 1"])
    first = check_finished(holytui("run", job, "--json", "--limit", "2", cwd=tmp_path), 0)
    old = [row["output"] for row in exported(tmp_path, "job")]
    items_job(tmp_path, prompt="Give a title for {item.text}")
    refused = holytui("run", job, "--json", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    for words in ("summary", "2 items have answers to the old text", "--drift run", "--drift keep"):
        assert words in refused.stderr
    assert "bought for <$0.0001" in refused.stderr
    assert status(tmp_path, "job")["requests"] == first["requests"] == 2
    kept = check_finished(holytui("run", job, "--json", "--drift", "keep", cwd=tmp_path), 0)
    assert (kept["succeeded"], kept["requests"]) == (3, 3)
    outputs = [row["output"] for row in exported(tmp_path, "job")]
    assert outputs[:2] == old[:2]
    assert "a note on" in outputs[2], "the item that was still pending is asked with the new prompt"
    assert check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)["requests"] == 3


def test_drift_run_asks_changed_steps_again_and_only_those(tmp_path: Path) -> None:
    write_items(tmp_path, {"a": "apples", "b": "berries"})
    second = ["[[steps]]", 'name = "title"', 'model = "gpt-4.1"', 'prompt = "A title for this: {item.text}"']
    job = items_job(tmp_path, step=second)
    first = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert first["requests"] == 4
    before = exported(tmp_path, "job")
    items_job(tmp_path, prompt="Something else about {item.text}", step=second)
    refused = holytui("run", job, "--headless", cwd=tmp_path)
    assert refused.returncode == 2
    assert "summary" in refused.stderr
    assert "title" not in refused.stderr
    again = check_finished(holytui("run", job, "--json", "--drift", "run", cwd=tmp_path), 0)
    assert (again["succeeded"], again["requests"]) == (2, 6)
    for old, new in zip(before, exported(tmp_path, "job"), strict=True):
        assert old["outputs"]["title"] == new["outputs"]["title"]
        assert old["outputs"]["summary"] != new["outputs"]["summary"]


def test_run_options_clocks_prices_and_provider_are_no_drift(tmp_path: Path) -> None:
    write_items(tmp_path, {"a": "apples", "b": "berries"})
    job = items_job(tmp_path)
    assert check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)["requests"] == 2
    job.write_text(
        job.read_text()
        .replace("latency=0", "latency=0&seed=7")
        .replace("[run]", '[provider.prices."deepseek-v3.2"]\ninput = 1.0\noutput = 2.0\n[run]\nmax_attempts = 7')
        .replace('name = "summary"', 'name = "summary"\ndeadline = 99\ntimeouts = { stall = 9 }')
    )
    again = check_finished(holytui("run", job, "--json", "--concurrency", "3", cwd=tmp_path), 0)
    assert (again["requests"], again["concurrency"]["ceiling"]) == (2, 3)


def test_another_file_of_the_same_name_is_2_names_both_and_goes_with_an_id(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    first = write_job(mine, source="count = 2", provider=EMBEDDED)
    other = write_job(theirs, source="count = 3", provider=EMBEDDED)
    assert holytui("run", first, "--headless", cwd=tmp_path).returncode == 0
    refused, apart = at_once(["run", other, "--headless"], ["run", other, "--json", "--id", "theirs"], cwd=tmp_path)
    assert refused.returncode == 2
    for words in (str(first), str(other), "--id NEW"):
        assert words in refused.stderr
    done = check_finished(apart, 0)
    assert (done["job"], done["name"], done["total"]) == ("theirs", "job", 3)
    listed = json.loads(holytui("jobs", "--json", cwd=tmp_path).stdout)
    assert [(one["job"], one["total"]) for one in listed] == [("job", 2), ("theirs", 3)]
