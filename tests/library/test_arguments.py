"""What a program asks for wrongly is said at the call, in a sentence, and nothing of it is saved."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import holytui
from holytui.core.job import Job, RunOptions
from holytui.store.reader import Reader


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a script stands; nothing of the user's own settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HOLYTUI_CHECKPOINTS", raising=False)
    return tmp_path


def job(items: tuple[str, ...] = ("a", "b", "c")) -> Job:
    return Job.from_prompt(
        items=items,
        prompt="About {item}",
        model="deepseek-v3.2",
        name="letters",
        provider=holytui.Provider(name="simulator", base_url="simulator:?latency=0"),
        run=RunOptions(max_attempts=1),
    )


def recorded(folder: Path) -> tuple[str, str]:
    """What the checkpoint says of the job and of its last session."""
    reader = Reader.open(folder / "checkpoints" / "letters")
    try:
        return reader.meta().job_json, reader.meta().run_json
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"concurrency": 2.5}, "concurrency: expected a whole number, got 2.5"),
        ({"concurrency": 8.0}, "concurrency: expected a whole number, got 8.0"),
        ({"concurrency": True}, "concurrency: expected a whole number, got True"),
        ({"concurrency": "x"}, "concurrency: expected a whole number, got 'x'"),
        ({"concurrency": 5000}, "concurrency: expected a number of at most 4096, got 5000"),
        ({"limit": 1.5}, "limit: expected a whole number, got 1.5"),
        ({"limit": 2.0}, "limit: expected a whole number, got 2.0"),
        ({"limit": "1"}, "limit: expected a whole number, got '1'"),
        ({"limit": 10**5000}, "limit: expected a number of at most 1,000,000,000,000, got int"),
        ({"budget_usd": "5"}, "budget_usd: expected a number, got '5'"),
        ({"budget_usd": float("nan")}, "budget_usd: expected a finite number, got nan"),
        ({"api_key": 12345}, "api_key: expected text, got int"),
        ({"base_url": 5}, "base_url: expected text, got 5"),
        ({"trust": 1}, "trust: expected true or false, got 1"),
        ({"executor": 5}, "executor: expected text, got 5"),
        ({"drift": 5}, 'drift: expected "run" or "keep", got 5'),
        ({"checkpoints": 5}, "checkpoints: expected a path, got 5"),
        ({"checkpoints": b"x"}, "checkpoints: expected a path, got b'x'"),
        ({"limit": 1.5, "concurrency": 2.5}, "limit: .*; concurrency: "),
    ],
)
def test_an_argument_of_a_wrong_kind_is_refused_and_nothing_is_saved(
    folder: Path, options: dict[str, Any], told: str
) -> None:
    holytui.run(job(), limit=1)
    before = recorded(folder)
    with pytest.raises(ValueError, match=told):
        holytui.run(job(), **options)
    assert recorded(folder) == before
    assert holytui.run("letters").ok


def test_an_amount_may_be_exact() -> None:
    made = job().model_copy(update={"steps": (job().steps[0].model_copy(update={"max_tokens": 50}),)})
    result = holytui.run(made, budget_usd=Decimal(5))  # type: ignore[arg-type]  # it is an amount all the same
    assert (result.ok, result.snapshot.budget_usd) == (True, 5.0)


def test_paths_of_every_kind_are_checkpoint_folders(folder: Path) -> None:
    class Place:
        def __fspath__(self) -> str:
            return str(folder / "three")

    for place in (folder / "one", "two", Place()):
        assert holytui.run(job(), checkpoints=place).ok  # type: ignore[arg-type]  # a path-like will do
    assert all((folder / name / "letters").is_dir() for name in ("one", "two", "three"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda made: {"run": made.run.model_copy(update={"concurrency": 2.5})}, "run.concurrency: .* whole number"),
        (lambda made: {"run": {"concurrency": object()}}, "letters cannot be used"),
        (lambda made: {"name": 5}, "name: expected text"),
        (lambda made: {"steps": (made.steps[0].model_copy(update={"prompt": "{steps.x}"}),)}, "names no step"),
    ],
    ids=["concurrency", "object", "name", "prompt"],
)
def test_a_copy_of_a_job_that_is_none_is_refused_and_not_saved(
    folder: Path, change: Callable[[Job], dict[str, Any]], told: str
) -> None:
    made = job()
    with pytest.raises(holytui.PrepareError, match=told):
        holytui.run(made.model_copy(update=change(made)))
    assert not (folder / "checkpoints").exists()


def test_what_is_told_and_what_is_opened_has_to_be_of_its_kind(folder: Path) -> None:
    with pytest.raises(TypeError, match="on_progress: expected a function that takes a Progress, got 5"):
        holytui.run(job(), on_progress=5)  # type: ignore[arg-type]  # the point
    assert not (folder / "checkpoints").exists()
    with pytest.raises(TypeError, match="job_id: expected the id of a saved job, got None"):
        holytui.open_job(None)  # type: ignore[arg-type]  # the point
    with pytest.raises(ValueError, match="checkpoints: expected a path, got 5"):
        holytui.open_job("letters", checkpoints=5)  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"kinds": "timeout"}, "kinds: expected a list of texts, got 'timeout'"),
        ({"kinds": [5]}, "kinds: expected a list of texts, got 5 in it"),
        ({"kinds": 5}, "kinds: expected a list of texts, got 5"),
        ({"items": "x"}, "items: expected a list of texts, got 'x'"),
        ({"items": ["nope"]}, "items: no item of letters has the id 'nope'"),
        ({"model": 5, "everything": True}, "model: expected the name of a model, got 5"),
        ({"model": " ", "everything": True}, "model: expected the name of a model, got ' '"),
        ({"everything": "no"}, "everything: expected True or False, got 'no'"),
    ],
)
def test_a_retry_of_what_is_not_there_is_refused_and_changes_nothing(chosen: dict[str, Any], told: str) -> None:
    holytui.run(job(("a", "b [[simulate bad_request]]")))
    saved = holytui.open_job("letters")
    with pytest.raises(ValueError, match=told):
        saved.retry(**chosen)
    assert (saved.progress().failed, saved.progress().pending) == (1, 0)


def test_rows_of_a_status_that_there_is_not_are_refused_at_the_call() -> None:
    result, saved = holytui.run(job()), holytui.open_job("letters")
    for results in (result.results, saved.results):
        with pytest.raises(ValueError, match="status: expected one of succeeded, failed, pending, got 'nope'"):
            results("nope")
        assert len(list(results("succeeded"))) == 3
