"""`E` on a real terminal: the user's own editor has it to itself, and what it wrote is read anew."""

import json
from pathlib import Path

from tests.processes import write_job
from tests.pty.terminals import terminal

ESCAPE = "\x1b"


def editor(folder: Path) -> Path:
    """An editor that asks a question on the terminal, and changes a number."""
    path = folder / "my editor"
    path.write_text(
        "#!/bin/sh\n"
        'printf "the editor has the terminal: "\n'
        "read answer\n"
        'sed -i "s/count = 20/count = $answer/" "$2"\n'
        'echo "$1" > mode\n',
        "utf-8",
    )
    path.chmod(0o755)
    return path


def test_the_users_editor_gets_the_terminal_and_preflight_reads_what_it_wrote(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 20")
    command = f"'{editor(tmp_path)}' --wait"
    with terminal(tmp_path, ["run", job], VISUAL=command, EDITOR="false") as screen:
        screen.wait_for("Items      20", "E edit")
        screen.press("E")
        screen.wait_for("the editor has the terminal:")
        screen.press("77\r")
        screen.wait_for("Items      77", "enter run all")
        screen.press("q")
        screen.wait_for_end()
    assert (tmp_path / "mode").read_text("utf-8") == "--wait\n"


def test_an_editor_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    job = write_job(tmp_path, source="count = 20")
    with terminal(tmp_path, ["run", job], EDITOR="no-such-editor", VISUAL="") as screen:
        screen.wait_for("E edit")
        screen.press("E")
        screen.wait_for("no-such-editor: No such file or directory. Set EDITOR.")
        screen.wait_for("Items      20")
        screen.press("q")
        screen.wait_for_end()


def test_a_new_job_from_a_file_by_keys_alone(tmp_path: Path) -> None:
    rows = [{"id": n, "letter": f"Dear {n}"} for n in range(3)]
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with terminal(tmp_path, EDITOR="") as screen:
        screen.wait_for("SAMPLES", "n new")
        screen.press("n")
        screen.wait_for("> a folder or file")
        screen.press("\r")
        screen.wait_for("tab completes")
        screen.press("let")
        screen.wait_for("letters.jsonl")
        screen.press("\t", "\r")
        screen.wait_for("{item.letter}", "Dear 0")
        screen.press("\x13")
        screen.wait_for("Write the job file to:", "letters.toml")
        screen.press("\r")
        screen.wait_for("new job from ./letters.toml", "3 readable", "HOLYSHEEP_API_KEY is not set.")
        screen.press("q")
        screen.wait_for_end()
    assert "{item.letter}" in (tmp_path / "letters.toml").read_text("utf-8")
