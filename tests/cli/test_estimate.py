"""What a job would cost, told before it runs, and told better once some of it has run."""

import json
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pytest

from holytui.resources import data, price_table
from tests.cli.contract import EMBEDDED, check_finished
from tests.processes import holytui, status, write_job

LINES = [f"line {n} on the harvest" + " and the weather" * (n % 7) for n in range(60)]
TITLE = '[[steps]]\nname = "title"\nmodel = "gpt-4.1"\nprompt = "A title for: {steps.summary}"\n'


def two_steps(folder: Path) -> Path:
    (folder / "lines.txt").write_text("\n".join(LINES), "utf-8")
    job = write_job(folder, source='lines = "lines.txt"', provider=EMBEDDED, step=["max_tokens = 400"])
    job.write_text(job.read_text("utf-8") + TITLE, "utf-8")
    return job


def estimated(job: Path, **env: Any) -> dict[str, Any]:
    done = holytui("estimate", job, "--json", cwd=job.parent, **env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def width(data: dict[str, Any]) -> float:
    return float(data["cost"]["high_usd"] - data["cost"]["low_usd"])


def test_ten_answers_make_the_range_sharper_and_what_it_comes_to_lies_in_both(tmp_path: Path) -> None:
    job = two_steps(tmp_path)
    guess = estimated(job)
    check_finished(holytui("run", job, "--json", "--limit", "10", cwd=tmp_path), 0)
    sharper = estimated(job)
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path), 0)
    assert (guess["answers"], sharper["answers"]) == (0, 10)
    assert width(sharper) < width(guess) / 5
    for told in (guess, sharper):
        assert told["items"] == told["pending"] == 60
        assert told["cost"]["low_usd"] <= last["cost"]["usd"] <= told["cost"]["high_usd"]
        assert told["tokens"]["input_low"] <= last["tokens"]["input"] <= told["tokens"]["input_high"]
        assert told["tokens"]["output_low"] <= last["tokens"]["output"] <= told["tokens"]["output_high"]
        assert told["tokens"]["input_low"] <= told["tokens"]["input"] <= told["tokens"]["input_high"]
        for end in ("low_usd", "high_usd"):
            assert told["cost"][end] == pytest.approx(sum(step["cost"][end] for step in told["steps"]))
    told = {other["model"]: other for other in sharper["other_models"]}
    assert list(told) == sorted(told, key=lambda model: told[model]["low_usd"])
    assert set(told) == set(tomllib.loads(data("prices.toml").read_text("utf-8"))["models"])
    actual = {other["model"]: other["usd"] for other in last["other_models"]}
    assert set(actual) == set(told)
    for model, other in told.items():
        assert other["low_usd"] <= actual[model] <= other["high_usd"]
    assert status(tmp_path, "job")["other_models"] == last["other_models"]


def test_another_job_files_answers_and_a_damaged_checkpoint_do_not_sharpen_it(tmp_path: Path) -> None:
    job = two_steps(tmp_path)
    check_finished(holytui("run", job, "--json", "--limit", "10", cwd=tmp_path), 0)
    namesake = tmp_path / "namesake.toml"
    namesake.write_text(job.read_text("utf-8"), "utf-8")
    assert estimated(namesake)["answers"] == 0
    for file in (tmp_path / "checkpoints/job").glob("checkpoint.sqlite*"):
        file.write_bytes(b"no database" * 1000)
    done = holytui("estimate", job, "--json", cwd=tmp_path)
    assert (done.returncode, json.loads(done.stdout)["answers"]) == (0, 0)
    assert "estimated without what the job did so far" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_job_files_price_wins_over_the_users_and_that_over_the_table(tmp_path: Path) -> None:
    """A step on each of three models: one in the table only, one with a price of the user's, one with all three."""
    job, config = two_steps(tmp_path), tmp_path / "config"
    config.mkdir()
    price = '[{}prices."{}"]\ninput = {}\noutput = 0\n'
    (config / "config.toml").write_text(price.format("", "gpt-4.1", 500) + price.format("", "gpt-4.1-mini", 9), "utf-8")
    text = job.read_text("utf-8").replace("[run]", price.format("provider.", "gpt-4.1-mini", 7) + "[run]")
    third = TITLE.replace('"title"', '"again"').replace("gpt-4.1", "gpt-4.1-mini")
    job.write_text(text + third, "utf-8")
    settings: dict[str, Any] = {"HOLYTUI_CONFIG_DIR": str(config)}
    steps = estimated(job, **settings)["steps"]
    listed = price_table()["deepseek-v3.2"]
    assert [(step["price_source"], *step["price"].values()) for step in steps] == [
        (listed.source, listed.input, listed.cached_input, listed.output),
        ("your price", 500, 500, 0),
        ("job file", 7, 7, 0),
    ]
    for step in steps[1:]:
        assert step["cost"]["low_usd"] == pytest.approx(step["tokens"]["input_low"] * step["price"]["input"] / 1e6)
    last = check_finished(holytui("run", job, "--json", cwd=tmp_path, **settings), 0)
    assert last["cost"]["kind"] == "computed"
    with sqlite3.connect(tmp_path / "checkpoints/job/checkpoint.sqlite") as found:
        paid = found.execute("SELECT step, sum(cost_usd) / sum(tokens_in) * 1e6 FROM attempts GROUP BY step").fetchall()
    assert dict(paid)["title"] == pytest.approx(500)
    assert dict(paid)["again"] == pytest.approx(7)


def test_a_model_without_a_price_is_named_with_the_keys_that_set_one(tmp_path: Path) -> None:
    job = two_steps(tmp_path)
    text = job.read_text("utf-8").replace("deepseek-v3.2", "nobodys").replace('"simulator"', '"mine"')
    job.write_text(text.replace("simulator:?latency=0", "http://127.0.0.1:9/v1"), "utf-8")
    words = holytui("estimate", job, cwd=tmp_path).stdout
    assert "no price for nobodys" in words
    assert '[prices."nobodys"] in config.toml' in words
    assert '[provider.prices."nobodys"] in the job file' in words
