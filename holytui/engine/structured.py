"""Answers that have to be JSON, checked without holding up everybody else's."""

import asyncio
from functools import partial

from holytui.core.answer_check import AnswerCheck
from holytui.offload import offload

AT_ONCE_CHARS = 4_000
"""A schema takes some 3 µs a character: up to here the loop waits less than for a thread's turn."""

CHECK_S = 30.0


async def problem_of(check: AnswerCheck, text: str) -> str | None:
    """Why an answer is not what was asked for, as a sentence; None when it is.

    Long answers are checked in a thread, for at most `CHECK_S` seconds; a schema can make that necessary.
    """
    if not check.has_schema or len(text) <= AT_ONCE_CHARS:
        return check.problem(text)
    try:
        async with asyncio.timeout(CHECK_S):
            return await offload(partial(check.problem, text), "holytui-check")
    except TimeoutError:
        return f"it cannot be checked: the schema took longer than {CHECK_S:g} s"
