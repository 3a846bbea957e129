"""What the README says is so: the keys, the commands, the samples, the picture."""

import re
from pathlib import Path

import pytest
from click import Command

from holytui.cli.group import cli
from holytui.config import Settings
from holytui.core.job_file import load_job
from holytui.ui.actions import keys_table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    """The fenced block behind a marker."""
    found = re.search(rf"<!-- {name} -->\n```\w*\n(.*?)```", README, re.DOTALL)
    assert found, f"no block behind <!-- {name} -->"
    return found[1]


def test_the_keys_are_those_of_the_registry() -> None:
    found = re.search(r"<!-- keys:[^>]*-->\n(.*?)\n<!-- /keys -->", README, re.DOTALL)
    assert found, "no table of keys"
    assert found[1].strip() == keys_table()


def test_every_command_is_told_and_every_told_command_is_there() -> None:
    told = set(re.findall(r"(?:`|^|/bin/)holytui ([a-z]+)\b", README, re.MULTILINE)) - {"never"}
    for name, command in cli.commands.items():
        assert isinstance(command, Command)
        assert name in README, f"README does not tell of {name}"
    assert told <= set(cli.commands), f"README tells of commands that are not there: {told - set(cli.commands)}"


def test_the_options_it_tells_of_are_there() -> None:
    told = set(re.findall(r"`?(--[a-z]+(?:-[a-z]+)*)", README))
    known = {opt for command in (cli, *cli.commands.values()) for param in command.params for opt in param.opts}
    assert told <= known, f"README tells of options that are not there: {told - known}"


def test_the_two_commands_set_up_all_they_need() -> None:
    assert block("run-command").strip().endswith(".venv/bin/holytui")
    assert block("test-command").strip().endswith(".venv/bin/pytest -q -n 4")


def test_its_job_file_is_a_good_one(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(name = .*?)```", README, re.DOTALL)
    assert found
    path = tmp_path / "job.toml"
    path.write_text(found[1], encoding="utf-8")
    assert [step.name for step in load_job(path).job.steps] == ["summary", "title"]


def test_the_settings_it_tells_of_are_settings() -> None:
    told = re.search(r"## Settings\n(.*?)\n## ", README, re.DOTALL)
    assert told
    names = {"trust" if name == "trusted" else name for name in Settings.__dataclass_fields__} - {"notes"}
    assert [name for name in names if name not in told[1]] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_it_links_to_is_there(target: str) -> None:
    assert (ROOT / target).is_file()
    if target.endswith(".svg"):
        assert "<svg" in (ROOT / target).read_text(encoding="utf-8")[:2000]
