"""Reads an answer: the chunks of a stream, or the one JSON object of an answer that did not stream."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from holytui.core.failures import FailureKind
from holytui.core.pricing import Usage
from holytui.provider.errors import ProviderError, classify_event
from holytui.provider.events import Content, Event, Finish, KeepAlive, Reasoning, UsageSeen
from holytui.provider.redaction import redact
from holytui.provider.sse import Beat, Data

QUOTED_CHARS = 120
MOST_TOKENS = 10**12
"""Beyond this a count is nonsense, and would not fit where counts are added up."""


class AnswerReader:
    """Turns what one response says into events; foreign shapes are no more than a ProviderError."""

    def __init__(self, model: str, status: int, request_id: str, secret: str, asked: Callable[[], str]) -> None:
        """Prepare.

        Args:
            model: that was asked for.
            status: of HTTP.
            request_id: the provider's name for the request.
            secret: the key, to be removed from errors.
            asked: gives the text of what was asked, for errors that quote it.
        """
        self._model = model
        self._asked = asked
        self._status = status
        self._request_id = request_id
        self._secret = secret
        self.finished = False
        """A finish reason came: the answer is complete, whatever becomes of the connection."""
        self.ended = False
        """The stream said `[DONE]`."""

    def parts(self, parts: Sequence[Data | Beat]) -> Iterator[Event]:
        """The events of decoded parts of a stream, up to its `[DONE]`; words that came together stay together.

        An event a word would cost more than everything else that is done with it.

        Raises:
            ProviderError: see `chunk`; what came before it has been given out.
        """
        words: list[str] = []
        try:
            for part in parts:
                if isinstance(part, Data) and part.text.strip() == "[DONE]":
                    self.ended = True
                    break
                for event in (KeepAlive(),) if isinstance(part, Beat) else self.chunk(part.text):
                    if isinstance(event, Content):
                        words.append(event.text)
                        continue
                    if words:
                        yield Content("".join(words))
                        words.clear()
                    yield event
        except ProviderError:
            if words:
                yield Content("".join(words))
            raise
        if words:
            yield Content("".join(words))

    def last_parts(self, parts: Sequence[Data | Beat]) -> Iterator[Event]:
        """The events of what a stream held when it ended: half an object is a cut, not a defect of the server.

        Raises:
            ProviderError: it is an error event.
        """
        whole = [part for part in parts if isinstance(part, Data) and _is_whole(part.text)]
        return self.parts(whole)

    def chunk(self, text: str) -> list[Event]:
        """The events of one JSON object: a chunk of a stream, or a whole answer.

        Raises:
            ProviderError: it is an error, or no JSON object.
        """
        data = self._json(text)
        events: list[Event] = []
        choice = _first(data.get("choices"))
        delta = _mapping(choice.get("delta")) or _mapping(choice.get("message"))
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        if isinstance(reasoning, str) and reasoning:
            events.append(Reasoning(reasoning))
        content = _content(delta.get("content"))
        if content:
            events.append(Content(content))
        # Some relays put an empty finish reason on every chunk: only a word is one.
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finished = True
            model = data.get("model")
            events.append(Finish(reason, model if isinstance(model, str) and model else self._model))
        usage = read_usage(data.get("usage"))
        if usage is not None:
            events.append(UsageSeen(usage))
        return events or [KeepAlive()]

    def check_complete(self) -> None:
        """A stream that ended without a finish reason was cut, whatever else it said.

        Raises:
            ProviderError: it was.
        """
        if not self.finished:
            raise ProviderError(
                FailureKind.NETWORK, "the stream ended without a finish reason", request_id=self._request_id
            )

    def _json(self, text: str) -> Mapping[str, Any]:
        try:
            data = parse_json(text)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(f"the answer is not JSON: {redact(text, self._secret)[:QUOTED_CHARS]}") from error
        if not isinstance(data, dict):
            raise self._unreadable("the answer is not a JSON object")
        if data.get("error"):
            raise classify_event(
                data["error"],
                secret=self._secret,
                status=self._status,
                request_id=self._request_id,
                asked=self._asked(),
            )
        return data

    def _unreadable(self, message: str) -> ProviderError:
        return ProviderError(FailureKind.SERVER_ERROR, message, status=self._status, request_id=self._request_id)


def parse_json(text: str) -> Any:
    """JSON by the quicker parser; what it refuses, lone surrogates above all, is for the other one.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


def read_usage(data: Any) -> Usage | None:
    """Tokens as the provider counts them: prompt tokens include cached ones, completion tokens reasoning ones.

    Returns:
        None where nothing was counted: some servers send an empty usage on every chunk.
    """
    if not isinstance(data, dict) or not data:
        return None
    cached = _tokens(_mapping(data.get("prompt_tokens_details")).get("cached_tokens"))
    cost = data.get("cost") if data.get("cost") is not None else data.get("cost_usd")
    return Usage(
        input=_tokens(data.get("prompt_tokens")),
        output=_tokens(data.get("completion_tokens")),
        cached=cached or _tokens(data.get("prompt_cache_hit_tokens")),
        reasoning=_tokens(_mapping(data.get("completion_tokens_details")).get("reasoning_tokens")),
        reported_usd=_amount(cost),
    )


def _tokens(value: Any) -> int:
    """A count, 0 for nonsense."""
    number = _amount(value)
    return 0 if number is None else int(min(number, MOST_TOKENS))


def _amount(value: Any) -> float | None:
    """A finite number that is not negative, else None; JSON as Python reads it may hold NaN and infinity."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _first(choices: Any) -> Mapping[str, Any]:
    return _mapping(choices[0]) if isinstance(choices, list) and choices else {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _content(value: Any) -> str:
    """Text as a string, or as a list of parts."""
    if isinstance(value, list):
        texts = (_mapping(part).get("text") for part in value)
        return "".join(text for text in texts if isinstance(text, str))
    return value if isinstance(value, str) else ""


def _is_whole(text: str) -> bool:
    if text.strip() == "[DONE]":
        return True
    try:
        parse_json(text)
    except (ValueError, RecursionError):
        return False
    return True
