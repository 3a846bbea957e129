"""Long answers are checked beside the loop, and a check that takes too long ends."""

import asyncio
import json
import time

import pytest

from holytui.core.answer_check import AnswerCheck
from holytui.core.answer_schema import AnswerSchema
from holytui.engine import structured
from holytui.engine.structured import problem_of

LONG = json.dumps([{"n": number} for number in range(1_500)])


def check(schema: str) -> AnswerCheck:
    return AnswerCheck(AnswerSchema("a.json", schema))


async def test_a_long_answer_lets_others_have_their_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    numbers = check('{"items": {"properties": {"n": {"maximum": 1498}}}}')
    try:
        told = await problem_of(numbers, LONG)
    finally:
        beside.cancel()
    assert told == "not what the schema asks for: $[1499].n: expected a number of at most 1498, got 1499"
    assert turns > 2


async def test_a_check_that_would_take_minutes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "CHECK_S", 0.05)
    started = time.monotonic()
    told = await problem_of(check('{"uniqueItems": true}'), LONG)
    assert told == "it cannot be checked: the schema took longer than 0.05 s"
    assert time.monotonic() - started < 10
