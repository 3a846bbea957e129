"""An answer of the simulator as bytes, in the words of a dialect."""

import json
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from holytui.provider.dialects import CACHED, COST_USD, PROMPT, REASONING, UNCACHED, Dialect, Refused
from holytui.provider.simulated_answer import Script

THOUGHTS = "simulated: what is asked for, and which of its words matter?"
CACHED_SHARE = 4
"""One prompt token of so many comes from the cache of a dialect that has one."""

USD_PER_TOKEN = 1e-6
"""What a relay that names its own price takes."""


class Wire:
    """Writes one answer; holds no connection and knows no time but the one in the envelope."""

    def __init__(self, dialect: Dialect, body: Mapping[str, Any], request_id: str) -> None:
        """Prepare.

        Args:
            dialect: how the server writes.
            body: of the request.
            request_id: the server's name for it.
        """
        self._dialect = dialect
        self._body = body
        self._envelope = {
            "id": request_id,
            "object": "chat.completion.chunk" if body.get("stream") else "chat.completion",
            "created": int(time.time()),
            "model": dialect.model or body.get("model"),
            **dialect.envelope,
        }

    def opening(self, plan: Script) -> bytes:
        """What a stream says before its first word."""
        said = b"" if self._dialect.opening is None else self._choice(self._dialect.opening, None)
        for thought in self._thoughts(plan):
            empty = {"content": None} if "content" in (self._dialect.opening or {}) else {}
            said += self._choice({**empty, self._dialect.reasoning: thought}, None)
        return said

    def delta(self, text: str) -> bytes:
        return self._choice({**self._dialect.each, "content": text}, None)

    def tail(self, plan: Script) -> bytes:
        """What a stream says behind its last word."""
        where = self._dialect.usage
        usage = {"usage": self._usage(plan)}
        said = self._choice(self._dialect.last, plan.finish, usage if where == "finish" else {})
        options = self._body.get("stream_options")
        if where in {"no choices", "empty choice"} and isinstance(options, dict) and options.get("include_usage"):
            choices = [] if where == "no choices" else [{"index": 0, "delta": {}}]
            said += _event({**self._envelope, "choices": choices, **usage})
        return said + b"data: [DONE]\n\n" if self._dialect.done else said

    def broken(self) -> bytes:
        """The event that ends a stream in place of its tail."""
        return _event(self._dialect.broken)

    def whole(self, plan: Script) -> bytes:
        """The answer as one object."""
        message: dict[str, Any] = {"role": "assistant", "content": plan.text}
        if self._dialect.reasoning:
            message[self._dialect.reasoning] = "".join(self._thoughts(plan))
        choice = {"index": 0, "message": message, "finish_reason": plan.finish}
        return json.dumps({**self._envelope, "choices": [choice], "usage": self._usage(plan)}).encode()

    def _choice(self, delta: Mapping[str, Any], finish: str | None, more: Mapping[str, Any] | None = None) -> bytes:
        choice = {"index": 0, "delta": dict(delta), **self._dialect.choice, "finish_reason": finish}
        if self._dialect.bare:
            choice = {name: value for name, value in choice.items() if value is not None}
        return _event({**self._envelope, "choices": [choice], **(more or {})})

    def _thoughts(self, plan: Script) -> list[str]:
        """As many as `max_tokens` leaves room for: they count as part of the answer."""
        if not self._dialect.reasoning:
            return []
        thoughts = [f"{word} " for word in THOUGHTS.split()]
        limit = self._body.get("max_tokens")
        return thoughts[: max(0, limit - len(plan.pieces))] if isinstance(limit, int) else thoughts

    def _usage(self, plan: Script) -> dict[str, Any]:
        reasoning = len(self._thoughts(plan))
        output = len(plan.pieces) + reasoning
        cached = plan.prompt_tokens // CACHED_SHARE
        numbers = {
            PROMPT: plan.prompt_tokens,
            CACHED: cached,
            UNCACHED: plan.prompt_tokens - cached,
            REASONING: reasoning,
            COST_USD: USD_PER_TOKEN * (plan.prompt_tokens + output),
        }
        return {
            "prompt_tokens": plan.prompt_tokens,
            "completion_tokens": output,
            "total_tokens": plan.prompt_tokens + output,
            **_filled(self._dialect.usage_details, numbers),
        }


def refused(what: Refused, headers: Mapping[str, str]) -> web.Response:
    """A refusal as an HTTP answer."""
    if isinstance(what.body, str):
        return web.Response(status=what.status, text=what.body, content_type=what.content_type, headers=headers)
    return web.json_response(what.body, status=what.status, headers=headers)


def _filled(template: Mapping[str, Any], numbers: Mapping[str, float]) -> dict[str, Any]:
    """A dialect's details with the numbers in the place of their names."""
    return {
        name: _filled(value, numbers) if isinstance(value, dict) else numbers.get(value, value)
        for name, value in template.items()
    }


def _event(data: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"
