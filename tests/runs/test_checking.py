"""What a provider's list of models says about a key and a job's models; over real HTTP."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from holytui.provider.presets import Endpoint
from holytui.runs import checking
from holytui.runs.checking import KeyState, ProviderCheck, check_provider, missing_models
from tests.provider.scripted import Script, always, scripted, then_close, then_hang, whole

KEY = "cr_0123456789abcdef3f9a"
LISTED = whole(200, json.dumps({"data": [{"id": "deepseek-v3.2"}, {"id": "gpt-4.1"}]}).encode())
WANTED = ("deepseek-v3.2", "gpt-4.1", "deepseek-v3.2")


async def asked(script: Script, *, key: str = KEY, models: Sequence[str] = WANTED) -> ProviderCheck:
    """What the check makes of such a server."""
    async with scripted(script) as server:
        endpoint = Endpoint("mine", server.base_url, key)
        check = await asyncio.to_thread(check_provider, endpoint, "MINE_API_KEY", models)
        assert all(one.method == "GET" and one.path == "/v1/models" for one in server.requests)
        assert all((f"Bearer {key}" if key else None) == one.headers.get("authorization") for one in server.requests)
    assert KEY not in repr(check)
    return check


async def test_a_key_that_is_accepted_and_models_that_are_there() -> None:
    check = await asked(always(LISTED))
    assert check.words == "MINE_API_KEY …3f9a accepted; both models found"
    assert (check.bad, check.for_preflight().advice) == (False, ())
    assert (await asked(always(LISTED), key="", models=["gpt-4.1"])).words == "none sent; model found"


async def test_a_short_key_shows_nothing_of_itself() -> None:
    assert (await asked(always(LISTED), key="hunter2")).words == "MINE_API_KEY accepted; both models found"


async def test_a_model_that_is_not_there_is_told_with_the_nearest() -> None:
    check = await asked(always(LISTED), models=["deepseek-v32", "whale"])
    assert check.words == (
        'MINE_API_KEY …3f9a accepted; no model "deepseek-v32" here; nearest: deepseek-v3.2; no model "whale" here'
    )
    assert check.bad
    (sentence,) = check.for_preflight().advice
    assert sentence == (
        'No model "deepseek-v32", "whale" here: the job would stop at once. Nearest: deepseek-v3.2. '
        "Change it in the job file."
    )


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_key_that_is_refused(status: int) -> None:
    check = await asked(always(whole(status, b'{"error": {"message": "Incorrect API key provided"}}')))
    assert (check.words, check.bad) == (f"MINE_API_KEY …3f9a was refused ({status})", True)
    assert check.for_preflight().advice[0].endswith("Set MINE_API_KEY anew.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (whole(404, b"not found", "text/plain"), ": accepted is not known: no list of models there (404)"),
        (whole(200, b"<html>", "text/html"), ": accepted is not known: the list of models cannot be read"),
        (whole(200, b'{"data": []}'), " accepted"),
        (whole(402, b'{"error": {"message": "Insufficient Balance"}}'), " accepted, but the balance is used up (402)"),
        (whole(503, b'{"error": "down"}'), ": accepted is not known: 503: down"),
    ],
)
async def test_what_is_not_known_is_no_refusal(answer: bytes, words: str) -> None:
    check = await asked(always(answer))
    assert check.words == f"MINE_API_KEY …3f9a{words}"
    assert (check.reached, check.bad) == (True, False)


async def test_a_server_that_is_not_there_or_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = await asked(then_close(b""))
    assert cut.words.startswith("MINE_API_KEY …3f9a could not be checked: the server closed the connection")
    monkeypatch.setattr(checking, "PATIENCE_S", 0.1)
    hung = await asked(then_hang(b""))
    assert hung.words == "MINE_API_KEY …3f9a could not be checked: no answer within 0.1 s"
    unsent = await asked(then_hang(b""), key="")
    assert unsent.words == "none sent; the provider could not be checked: no answer within 0.1 s"
    assert [one.reached or one.bad for one in (cut, hung, unsent)] == [False] * 3
    assert [one.key for one in (cut, hung, unsent)] == [KeyState.UNKNOWN, KeyState.UNKNOWN, KeyState.NONE]


def test_spellings_under_which_servers_list_a_model() -> None:
    listed = ("models/gemini-2.5-flash", "llama3.2:latest", "GPT-4.1")
    assert missing_models(["gemini-2.5-flash", "llama3.2", "llama3.2:latest"], listed) == {}
    assert missing_models(["gpt-4.1"], listed) == {"gpt-4.1": "GPT-4.1"}
