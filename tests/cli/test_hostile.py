"""Foreign text is data: stored and exported exactly, shown without a character that a terminal would obey."""

import asyncio
import csv
import io
import json
import re
import subprocess
from pathlib import Path

from tests.processes import HOLYTUI, environment, write_job
from tests.provider.scripted import DONE, Received, delta, finish, scripted, stream, whole

TEXTS = [
    "[/foo] [bold red]x[/] [link=http://x]y",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \x1b]8;;http://x\x1b\\link",
    "before\x00after \x7f \x08\x08",
    "lone \ud800 and \udfff surrogates",
    "\u202eright to left\u202c שלום عربي \u2066iso\u2069",
    "tab\tand\rreturn\nand line\u2028 separator\u0085",
    '=HYPERLINK("http://x") {item} {{steps.x}} </script> "quotes", commas; \\ud800 as text',
    "wide 漢字 👩‍👩‍👧 e\u0301 \ufeff\ufffe",
]
LONG = "a line of five megabytes ☃ " * 180_000
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey; line ends and tabs are ours."""


def view(*arguments: str, cwd: Path) -> str:
    """The output of a command that only looks, as strict UTF-8."""
    done = subprocess.run(
        [*HOLYTUI, *arguments], cwd=cwd, env=environment(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "strict")


async def echo(received: Received, writer: asyncio.StreamWriter) -> None:
    """Answer with the prompt."""
    prompt = received.json()["messages"][-1]["content"]
    writer.write(stream(delta(prompt), finish(), DONE))
    await writer.drain()


def without_csv_care(cell: str) -> str:
    """A cell as it was before it was made safe for spreadsheets."""
    return cell.removeprefix("'").replace("\u2400", "\0")


async def test_hostile_items_come_back_exactly_and_are_shown_harmlessly(tmp_path: Path) -> None:
    texts = [*TEXTS, LONG]
    items = [json.dumps({"id": f"{n} {text[:60]}", "text": text}) for n, text in enumerate(texts)]
    (tmp_path / "items.jsonl").write_text("\n".join(items) + "\n", "ascii")
    async with scripted(echo) as server:
        provider = ('name = "echo"', f'base_url = "{server.base_url}"')
        source = 'jsonl = "items.jsonl"\nid = "id"'
        job = write_job(tmp_path, source=source, provider=provider, prompt="{item.text}", run=["concurrency = 4"])
        told = await asyncio.to_thread(view, "run", str(job), "--json", cwd=tmp_path)
        asked = {received.json()["messages"][-1]["content"] for received in server.requests}
    assert asked == set(texts)
    events = [json.loads(line) for line in told.splitlines()]
    assert events[-1]["succeeded"] == len(texts)
    assert {event["id"] for event in events if event["event"] == "item"} == {json.loads(item)["id"] for item in items}
    lines, table, array, status, log, jobs = await asyncio.gather(
        *(
            asyncio.to_thread(view, *command, cwd=tmp_path)
            for command in (
                ["export", "job"],
                ["export", "job", "--format", "csv"],
                ["export", "job", "--format", "json"],
                ["status", "job"],
                ["log", "job"],
                ["jobs"],
            )
        )
    )
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [row["output"] for row in rows] == texts
    assert [row["input"]["text"] for row in rows] == texts
    assert json.loads(array) == rows
    csv.field_size_limit(2**31)
    cells = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline="")))
    assert len(cells) == len(texts)
    for row, text in zip(cells, texts, strict=True):
        escaped = text.encode("utf-8", "backslashreplace").decode()
        assert without_csv_care(row["summary"]) == escaped
    for shown in (status, log, jobs):
        assert not RAW.search(shown)


async def test_hostile_lines_errors_and_names_show_no_raw_control_character(tmp_path: Path) -> None:
    lines = [text for text in TEXTS if "\n" not in text and "\ud800" not in text]
    (tmp_path / "items.txt").write_bytes("\n".join(lines).encode("utf-8") + b"\nnot utf-8 \xff\xfe\n")

    async def refuse(received: Received, writer: asyncio.StreamWriter) -> None:
        prompt = received.json()["messages"][-1]["content"]
        writer.write(whole(400, json.dumps({"error": {"message": prompt, "type": "invalid_request_error"}}).encode()))
        await writer.drain()

    async with scripted(refuse) as server:
        provider = ('name = "refuse"', f'base_url = "{server.base_url}"')
        job = write_job(tmp_path, source='lines = "items.txt"', provider=provider, prompt="{item}")
        job.write_text(job.read_text("utf-8").replace('name = "job"', 'name = "j\\u001b[31mo\\u0007b\\u202e"'), "utf-8")
        done = await asyncio.to_thread(
            lambda: subprocess.run(
                [*HOLYTUI, "run", str(job), "--headless", "--id", "job"],
                cwd=tmp_path, env=environment(), capture_output=True, timeout=60, check=False,
            )
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    rows = [json.loads(line) for line in view("export", "job", cwd=tmp_path).splitlines()]
    assert [row["input"] for row in rows][:-1] == lines
    assert rows[-1]["input"].encode("utf-8", "surrogateescape") == b"not utf-8 \xff\xfe"
    assert rows[-1]["error"]["kind"] == "input_error"
    assert all("[/foo]" in row["error"]["message"] for row in rows[:1])
    commands = (["status", "job"], ["log", "job"], ["failures", "job"], ["jobs"], ["estimate", str(job)])
    for shown in await asyncio.gather(*(asyncio.to_thread(view, *command, cwd=tmp_path) for command in commands)):
        assert not RAW.search(shown), shown
    for output in (done.stdout, done.stderr):
        assert not RAW.search(output.decode("utf-8", "strict"))
