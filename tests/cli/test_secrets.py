"""The key: where it may come from, where it may go, and that nothing of ours ever holds it."""

import asyncio
import json
from pathlib import Path

from tests.cli.contract import at_once, check_finished
from tests.processes import holytui, simulator, write_job
from tests.provider.scripted import Received, Script, scripted, whole

KEY = "sk-T0pS3cretT0pS3cretT0pS3cret"
PLAIN_KEY = "correct horse battery"
FAR = "https://api.example.invalid/v1"


def mine(url: str, variable: str = "MINE_API_KEY") -> list[str]:
    return ['name = "mine"', f'base_url = "{url}"', f'api_key_env = "{variable}"']


def test_a_key_in_a_job_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    providers = {
        "field": ['name = "mine"', 'base_url = "https://a.example/v1"', f'api_key = "{KEY}"'],
        "variable": ['name = "mine"', 'base_url = "https://a.example/v1"', f'api_key_env = "{KEY}"'],
        "user": ['name = "mine"', f'base_url = "https://user:{KEY}@a.example/v1"'],
        "query": ['name = "mine"', f'base_url = "https://a.example/v1?api_key={KEY}"'],
    }
    jobs = [write_job(tmp_path, name=name, provider=lines) for name, lines in providers.items()]
    for done in at_once(*(("run", job, "--headless") for job in jobs), cwd=tmp_path):
        assert done.returncode == 2
        assert "api_key_env" in done.stderr
        assert KEY not in done.stdout + done.stderr
    assert not (tmp_path / "checkpoints").exists()


def test_a_key_goes_to_no_other_host_unless_trusted_and_never_over_plain_http(tmp_path: Path) -> None:
    jobs = {
        "far": mine(FAR),
        "preset": ['name = "openai"', f'base_url = "{FAR}"'],
        "like": ['name = "openai"', 'base_url = "https://api.openai.com.example.invalid/v1"'],
        "plain": mine("http://api.example.invalid/v1"),
        "missing": mine(FAR, "NOT_SET_API_KEY"),
    }
    files = {name: write_job(tmp_path, name=name, provider=lines) for name, lines in jobs.items()}
    far, preset, like, plain, missing = at_once(
        ["run", files["far"], "--headless"],
        ["run", files["preset"], "--json"],
        ["run", files["like"], "--headless"],
        ["run", files["plain"], "--headless", "--trust"],
        ["run", files["missing"], "--headless", "--trust"],
        cwd=tmp_path,
        MINE_API_KEY=KEY,
        OPENAI_API_KEY=KEY,
    )
    for done, told in (
        (far, "api.example.invalid"),
        (preset, "OPENAI_API_KEY"),
        (like, "api.openai.com.example.invalid"),
        (plain, "use https"),
        (missing, "NOT_SET_API_KEY is not set"),
    ):
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert told in done.stderr
        assert KEY not in done.stderr
    assert "--trust" in far.stderr
    assert not (tmp_path / "checkpoints").exists(), "what is refused makes no job"


def test_the_settings_can_trust_a_pair_of_host_and_variable(tmp_path: Path) -> None:
    """Then the job is made; that nobody answers at this host is its first session's affair."""
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "config.toml").write_text('[trust]\n"api.example.invalid" = ["OTHER_API_KEY"]\n')
    provider = mine("https://api.example.invalid/v1")
    job = write_job(tmp_path, source="count = 1", provider=provider, run=["max_attempts = 1"])
    refused = holytui("run", job, "--headless", cwd=tmp_path, MINE_API_KEY=KEY, HOLYTUI_CONFIG_DIR=str(settings))
    assert refused.returncode == 2
    assert "api.example.invalid" in refused.stderr
    (settings / "config.toml").write_text('[trust]\n"api.example.invalid" = ["MINE_API_KEY"]\n')
    step = write_job(
        tmp_path, provider=mine("https://api.example.invalid/v1"), source="count = 1", run=["max_attempts = 1"]
    )
    done = holytui("run", step, "--json", cwd=tmp_path, MINE_API_KEY=KEY, HOLYTUI_CONFIG_DIR=str(settings))
    assert check_finished(done, 1)["failures"] == {"network": 1}


def test_loopback_needs_neither_key_nor_trust(tmp_path: Path) -> None:
    with simulator(tmp_path) as provider:
        without = write_job(
            tmp_path, name="without", source="count = 1", provider=mine(provider.url, "NOT_SET_API_KEY")
        )
        url = provider.url.replace("127.0.0.1", "localhost")
        named = write_job(tmp_path, name="named", source="count = 1", provider=mine(url))
        commands = (("run", without, "--json"), ("run", named, "--json"))
        for done in at_once(*commands, cwd=tmp_path, MINE_API_KEY=KEY):
            assert check_finished(done, 0)["succeeded"] == 1


def echo(status: int) -> Script:
    """A server that tells whoever asks the key it was asked with, in body, header and once more in pieces."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        sent = received.headers.get("authorization", "")
        key = sent.removeprefix("Bearer ")
        error = {"message": f"You came with {key} ({sent})", "type": key, "code": f"x-{key}-x"}
        writer.write(whole(status, json.dumps({"error": error, "key": key}).encode(), x_request_id=key))
        await writer.drain()

    return script


async def test_a_server_that_repeats_the_key_puts_it_into_no_output_and_no_file(tmp_path: Path) -> None:
    codes = {400: 1, 401: 3, 500: 1}
    outputs = []
    for status, code in codes.items():
        async with scripted(echo(status)) as server:
            provider = mine(server.base_url)
            job = write_job(
                tmp_path, name=f"e{status}", source="count = 2", provider=provider, run=["max_attempts = 1"]
            )
            done = await asyncio.to_thread(holytui, "run", job, "--json", cwd=tmp_path, MINE_API_KEY=PLAIN_KEY)
            assert server.requests[0].headers["authorization"] == f"Bearer {PLAIN_KEY}"
        assert done.returncode == code
        outputs.append(done)
    commands = (
        ["status", "e401"],
        ["log", "e401"],
        ["failures", "e400", "--json"],
        ["export", "e400"],
        ["export", "e500"],
    )
    outputs += await asyncio.to_thread(lambda: at_once(*commands, cwd=tmp_path))
    texts = [text for one in outputs for text in (one.stdout, one.stderr)]
    assert "You came with" in outputs[3].stdout, "the rest of what the server said is told"
    assert "You came with" in outputs[6].stdout
    assert all(PLAIN_KEY not in text for text in texts)
    files = [path for path in (tmp_path / "checkpoints").rglob("*") if path.is_file()]
    assert sum(path.name == "checkpoint.sqlite" for path in files) == len(codes)
    for path in files:
        assert PLAIN_KEY.encode() not in path.read_bytes(), path
