"""The kinds a step can fail with: what each means, what to do, and what the engine does about it."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """Why a step has no answer; the value is what files, JSON and screens show."""

    TIMEOUT_CONNECT = "timeout.connect"
    TIMEOUT_FIRST_TOKEN = "timeout.first_token"  # noqa: S105  # a token of text, not a secret
    TIMEOUT_STALL = "timeout.stall"
    TIMEOUT_ATTEMPT = "timeout.attempt"
    TIMEOUT_STEP = "timeout.step"
    NETWORK = "network"
    SERVER_ERROR = "server_error"
    BAD_REQUEST = "bad_request"
    CONTEXT_LENGTH = "context_length"
    TRUNCATED = "truncated"
    CONTENT_FILTER = "content_filter"
    EMPTY_ANSWER = "empty_answer"
    INVALID_OUTPUT = "invalid_output"
    INPUT_ERROR = "input_error"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    QUOTA = "quota"
    MODEL_NOT_FOUND = "model_not_found"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the engine and the screens do about a kind.

    Attributes:
        meaning: a sentence for a person, without a full stop.
        advice: what to do, naming the keys of this version.
        retried: the engine tries again within the attempts left.
        breaker: the account or the job is the problem: the job stops, the item stays pending.
        same_again: would fail the same way again, so `retry` leaves it out unless it is named.
    """

    meaning: str
    advice: str
    retried: bool = False
    breaker: bool = False
    same_again: bool = False


RULES: dict[FailureKind, Rule] = {
    FailureKind.TIMEOUT_CONNECT: Rule("no connection in time", "check network and URL; R", retried=True),
    FailureKind.TIMEOUT_FIRST_TOKEN: Rule("no first word in time", "R, wider clock", retried=True),
    FailureKind.TIMEOUT_STALL: Rule("the answer stopped coming", "R, wider clock", retried=True),
    FailureKind.TIMEOUT_ATTEMPT: Rule("one request took too long", "R, wider clock; or e: faster model", retried=True),
    FailureKind.TIMEOUT_STEP: Rule("all attempts together took too long", "e: longer deadline"),
    FailureKind.NETWORK: Rule("the connection broke", "R", retried=True),
    FailureKind.SERVER_ERROR: Rule("the provider failed", "R, later", retried=True),
    FailureKind.BAD_REQUEST: Rule(
        "the provider refused the request", "read it (enter); mend the job (E)", same_again=True
    ),
    FailureKind.CONTEXT_LENGTH: Rule(
        "the prompt is too long for the model", "e: another model; or shorten the input", same_again=True
    ),
    FailureKind.TRUNCATED: Rule("cut at max_tokens, partial kept", "e: more tokens; A: accept", same_again=True),
    FailureKind.CONTENT_FILTER: Rule(
        "the provider withheld the answer", "e: another model; or give up", same_again=True
    ),
    FailureKind.EMPTY_ANSWER: Rule("the answer was empty", "R; or e: another model", retried=True),
    FailureKind.INVALID_OUTPUT: Rule("not the JSON that was asked for", "R; or e: another model", retried=True),
    FailureKind.INPUT_ERROR: Rule("the input cannot be read", "mend the file, then R", same_again=True),
    FailureKind.RATE_LIMIT: Rule("the provider asks to slow down", "wait: no attempt is used", retried=True),
    FailureKind.AUTH: Rule("the key was refused", "mend it, then p", breaker=True),
    FailureKind.QUOTA: Rule("the balance is used up", "mend it, then p", breaker=True),
    FailureKind.MODEL_NOT_FOUND: Rule("no such model", "mend it, then p", breaker=True),
    FailureKind.REFUSED: Rule("every request was refused alike", "mend the job, then p", breaker=True),
}

TIMEOUTS = frozenset(kind for kind in FailureKind if kind.value.startswith("timeout."))


def matches(kind: str, wanted: str) -> bool:
    """Whether a kind is the wanted one or of its family: `timeout` names every `timeout.*`."""
    return kind == wanted or kind.startswith(f"{wanted}.")
