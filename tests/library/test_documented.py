"""What `docs/library.md` shows runs as it stands, and names what there is."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import holytui
from holytui.library.asking import Options
from tests.processes import environment

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "library.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def script(text: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A script, to its end; as a person would start it, in a folder of its own."""
    (folder / "script.py").write_text(text, "utf-8")
    command = [sys.executable, "-W", "error", "script.py"]
    env = environment(PYTHONPATH=str(ROOT))
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_every_example_runs_in_turn_with_no_key(tmp_path: Path) -> None:
    assert len(BLOCKS) == 5
    said = []
    for block in BLOCKS:
        done = script(block, tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        said.append(done.stdout)
    summaries, titles, bad, again, loop = said
    assert "100.0 0.0" in summaries
    assert summaries.count("->") == 3
    assert "100.0 %, 20 of 20, 0 failed, 0.0 s left" in titles
    assert "bad_request" in bad
    assert "'bad_request': 1" in again
    assert loop.count("completed; 5 of 5 succeeded") == 2


def test_the_readme_shows_the_same_as_the_first_example(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = script(
        shown.replace("documents,", '["a", "b"],\n    provider=holytui.Provider(name="simulator"),'), tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "100.0 0.0" in done.stdout


@pytest.mark.parametrize("name", sorted(set(holytui.__all__) - {"__version__"}))
def test_public_names_are_there_and_say_what_they_are(name: str) -> None:
    found = getattr(holytui, name)
    assert inspect.getdoc(found)
    assert name in dir(holytui)


def test_every_option_is_told() -> None:
    told = TEXT + (inspect.getdoc(holytui.run) or "")
    assert [name for name in (*Options.__annotations__, "resume", "on_progress") if f"`{name}" not in told] == []


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'runn'"):
        _ = holytui.runn  # type: ignore[attr-defined]  # the point


def test_importing_holytui_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import holytui; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['holytui']"
