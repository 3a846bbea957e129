"""`holytui doctor`: what it finds on a machine and at a provider, and that it never spends or tells a secret."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from holytui.cli.machine import terminal
from tests.processes import holytui, write_job
from tests.provider.scripted import always, scripted, whole
from tests.redis_server import redis_server

KEY = "cr_T0pS3cretT0pS3cret3f9a"
LISTED = whole(200, json.dumps({"data": [{"id": "deepseek-v3.2"}]}).encode())
REFUSED = whole(401, f'{{"error": {{"message": "Incorrect API key {KEY}"}}}}'.encode())


def found(stdout: str) -> dict[str, tuple[bool | None, str]]:
    """The checks of `doctor --json`, by name."""
    data: dict[str, Any] = json.loads(stdout)
    assert data["ok"] == all(check["ok"] is not False for check in data["checks"])
    return {check["name"]: (check["ok"], check["message"]) for check in data["checks"]}


def test_a_machine_without_any_settings_or_jobs(tmp_path: Path) -> None:
    done = holytui("doctor", cwd=tmp_path, HOLYTUI_CONFIG_DIR=str(tmp_path / "config"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert list(lines) == ["holytui", "SQLite", "settings", "checkpoints", "terminal", "extras"]
    assert "Python 3." in lines["holytui"]
    assert f"✓ checkpoints {tmp_path}/checkpoints will be made with the first job" in lines["checkpoints"]
    assert lines["terminal"].startswith("· terminal    output goes to a file or a pipe")
    assert list(tmp_path.iterdir()) == []


def test_what_is_wrong_is_told_and_is_no_failure_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("theme = 3\n")
    (tmp_path / "occupied").write_text("")
    (tmp_path / "saved").mkdir()
    config = str(tmp_path)
    done = holytui("doctor", "--checkpoints", "occupied/here", cwd=tmp_path, HOLYTUI_CONFIG_DIR=config)
    assert done.returncode == 0, done.stderr
    assert f"✗ settings    {tmp_path}/config.toml: theme: expected text in quotes" in done.stdout
    assert "✗ checkpoints occupied/here:" in done.stdout
    saved = holytui("doctor", "--checkpoints", "saved", "--json", cwd=tmp_path, HOLYTUI_CONFIG_DIR=config)
    assert found(saved.stdout)["checkpoints"][0] is True
    assert list((tmp_path / "saved").iterdir()) == []


async def test_a_job_file_its_provider_key_and_models(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    outputs = []
    for answer in (LISTED, REFUSED):
        async with scripted(always(answer)) as server:
            provider = ['name = "mine"', f'base_url = "{server.base_url}"', 'api_key_env = "MINE_API_KEY"']
            job = write_job(tmp_path, provider=provider, run=["budget_usd = 1.0"], step=['schema = "a.json"'])
            done = await asyncio.to_thread(
                holytui, "doctor", job, "--json", cwd=tmp_path, MINE_API_KEY=KEY, HOLYTUI_CONFIG_DIR=str(tmp_path)
            )
            assert [request.path for request in server.requests] == ["/v1/models"]
        assert done.returncode == 0, done.stderr
        assert KEY[:-4] not in done.stdout + done.stderr
        outputs.append(found(done.stdout))
    good, bad = outputs
    assert good["key"] == (True, "MINE_API_KEY …3f9a accepted")
    assert good["models"] == (True, "model found")
    assert good["schema"] == (True, "a.json checks the answers of summary")
    assert good["input"] == (True, "its first item is doc_0.pdf")
    assert good["prices"][0] is False
    assert "no max_tokens: a budget cannot be kept" in good["prices"][1]
    assert bad["provider"][0] is True
    assert bad["key"] == (False, "MINE_API_KEY …3f9a was refused (401)")
    assert bad["models"][0] is None


def test_a_key_that_is_not_set_or_not_meant_for_a_host(tmp_path: Path) -> None:
    far = ['name = "mine"', 'base_url = "https://holytui.invalid/v1"', 'api_key_env = "MINE_API_KEY"']
    (tmp_path / "items.txt").write_text("")
    job = write_job(tmp_path, provider=far, source='lines = "items.txt"')
    unset = found(holytui("doctor", job, "--json", cwd=tmp_path).stdout)
    assert unset["key"] == (False, "MINE_API_KEY is not set. Set it with: export MINE_API_KEY=…")
    assert unset["provider"][0] is False
    assert unset["provider"][1].startswith("https://holytui.invalid/v1: ")
    assert unset["input"] == (False, "The input (items.txt) holds no item.")
    stray = found(holytui("doctor", job, "--json", cwd=tmp_path, MINE_API_KEY=KEY).stdout)
    assert stray["key"][0] is False
    assert "which is not a host known for it" in stray["key"][1]
    assert "provider" not in stray


def test_redis_is_asked_who_is_there_where_it_is_named_and_no_password_is_told(tmp_path: Path) -> None:
    config = str(tmp_path / "config")
    with redis_server(tmp_path, password="s3cretOfRedis") as redis:
        ask = partial(holytui, "doctor", "--json", cwd=tmp_path, HOLYTUI_CONFIG_DIR=config, HOLYTUI_REDIS=redis.url)
        empty = found(ask().stdout)["Redis"]
        assert empty == (True, f"{redis.place} answers; workers: none there yet; holytui worker starts one")
        with redis.worker(3):
            there = found(ask().stdout)["Redis"]
        assert there == (True, f"{redis.place} answers; workers: 1 there, 3 at once")
    gone = ask()
    assert found(gone.stdout)["Redis"] == (False, f"Redis at {redis.place} does not answer (Connection refused).")
    assert "s3cret" not in gone.stdout + gone.stderr
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text('redis = "http://127.0.0.1"\n')
    wrong = found(holytui("doctor", "--json", cwd=tmp_path, HOLYTUI_CONFIG_DIR=config).stdout)["Redis"]
    assert wrong[0] is False
    assert "http://127.0.0.1 is no address of Redis" in wrong[1]


@pytest.mark.parametrize(
    ("env", "size", "ok", "words"),
    [
        ({"TERM": "xterm-256color", "LANG": "de_DE.UTF-8"}, (120, 40), True, "120x40, 256 colours, UTF-8"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, (80, 24), True, "16 million colours, no UTF-8 in LANG"),
        ({"TERM": "linux", "LC_ALL": "C.utf8", "NO_COLOR": ""}, (80, 24), True, "shades of grey"),
        ({"TERM": "screen", "LANG": "C"}, (79, 24), False, "79x24, 16 colours"),
        ({"TERM": "dumb"}, (80, 24), None, "TERM is dumb: plain lines"),
        ({}, (80, 24), None, "TERM is not set: plain lines"),
    ],
)
def test_terminals(env: dict[str, str], size: tuple[int, int], ok: bool | None, words: str) -> None:
    finding = terminal(env, True, size)
    assert finding.ok is ok
    assert words in finding.message
