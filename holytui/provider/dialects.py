"""How known servers write the same answer differently, as data: what the simulator can sound like.

Each dialect says only where a server differs from OpenAI's own. The fields and spellings are those of the servers,
the values are ours; every text begins with "simulated".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

HTML = "text/html"
TEXT = "text/plain"
COMMENT = b": keep-alive\n\n"
BLANK_LINE = b"\n"

# What stands for a number where a dialect says how it writes usage.
PROMPT, CACHED, UNCACHED, REASONING, COST_USD = "prompt", "cached", "uncached", "reasoning", "cost_usd"


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer other than 200.

    Attributes:
        status: of HTTP.
        body: sent as JSON, or as it is when it is a text.
        content_type: of a text.
    """

    status: int
    body: Any
    content_type: str = TEXT


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of server writes.

    Attributes:
        refusals: what a refusal looks like, by the simulator's name for its reason.
        broken: the event that ends a stream half way.
        usage: where a stream tells its tokens: in a chunk without choices or with an empty choice, each only to
            those who ask for it; with the finish reason, unasked; or nowhere.
        usage_details: what is told beyond the three counts; the names above stand for numbers.
        done: whether a stream ends with `[DONE]`.
        keep_alive: sent while a request is queued, in a stream and before an answer of one object.
        reasoning: the name under which the model's thoughts are streamed, "" where there are none.
        opening: the delta that comes before all words; None: there is none.
        each: what every delta with words holds besides them; last: the delta with the finish reason.
        choice: what every choice of a stream holds besides; bare: keys whose value is null are left out.
        envelope: what every chunk and answer holds besides.
        model: the name under which the model answers; None: the one that was asked for.
        any_model: whatever model is asked for, the one that is loaded answers.
        no_stream_options: how `stream_options` is refused; None: it is not.
    """

    refusals: Mapping[str, Refused]
    broken: Any
    usage: Literal["no choices", "empty choice", "finish", "nowhere"] = "no choices"
    usage_details: Mapping[str, Any] = field(default_factory=dict)
    done: bool = True
    keep_alive: tuple[bytes, bytes] | None = None
    reasoning: str = ""
    opening: Mapping[str, Any] | None = None
    each: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    bare: bool = False
    envelope: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    any_model: bool = False
    no_stream_options: Refused | None = None


def _page(status: int, title: str) -> Refused:
    """What a proxy in front of a server says in its place."""
    return Refused(status, f"<html><head><title>{status}</title></head><body>simulated: {title}</body></html>", HTML)


def _error(status: int, message: str, **more: Any) -> Refused:
    """`{"error": {…}}`, with what else the server tells, in its order."""
    return Refused(status, {"error": {"message": f"simulated: {message}", **more}})


def _says(status: int, message: str, key: str = "error") -> Refused:
    """`{"error": "text"}`, or FastAPI's `{"detail": "text"}`."""
    return Refused(status, {key: f"simulated: {message}"})


_INVALID = "invalid_request_error"

OPENAI = Dialect(
    refusals={
        "server_error": _error(503, "overloaded", type="server_error"),
        "rate_limit": _error(429, "slow down", type="rate_limit_exceeded"),
        "bad_request": _error(400, "this prompt is refused", type=_INVALID),
        "context_length": _error(
            400, "this model's maximum context length is exceeded", type=_INVALID, code="context_length_exceeded"
        ),
        "auth": _error(401, "Incorrect API key provided", code="invalid_api_key"),
        "forbidden": _error(403, "not allowed here"),
        "quota": _error(429, "you exceeded your current quota", code="insufficient_quota"),
        "model": _error(404, "the model does not exist", code="model_not_found"),
        "unreadable": _error(400, "the request cannot be read", type=_INVALID),
    },
    broken=_error(200, "broke half way", type="server_error").body,
    envelope={"system_fingerprint": "simulator"},
)


def _litellm(status: int, message: str, kind: str) -> Refused:
    return _error(status, message, type=kind, param=None, code=str(status))


LITELLM = Dialect(
    refusals={
        "server_error": _litellm(503, "litellm.ServiceUnavailableError: busy", "internal_server_error"),
        "rate_limit": _litellm(429, "litellm.RateLimitError: RateLimitError: OpenAIException", "throttling_error"),
        "bad_request": _litellm(400, "litellm.BadRequestError: OpenAIException - this prompt is refused", _INVALID),
        "context_length": _litellm(
            400, "litellm.ContextWindowExceededError: litellm.BadRequestError: more than this model takes", _INVALID
        ),
        # Without a database it knows no key but its own, and says of every other only this.
        "auth": _litellm(400, "No connected db.", "no_db_connection"),
        "forbidden": _litellm(403, "litellm.APIError: OpenAIException - not allowed here", "permission_error"),
        "quota": _litellm(429, "Budget has been exceeded! Current cost: 1.0, Max budget: 1.0", "budget_exceeded"),
        "model": _litellm(400, "/chat/completions: Invalid model name passed in model=that", _INVALID),
        "unreadable": _litellm(400, "Invalid request format: no messages", _INVALID),
    },
    broken=_litellm(500, "litellm.APIConnectionError: broke half way", "None").body,
    usage="empty choice",
    usage_details={
        "prompt_tokens_details": {"cached_tokens": CACHED},
        "completion_tokens_details": {"reasoning_tokens": 0},
        "cost": COST_USD,
    },
    opening={"role": "assistant", "content": ""},
    bare=True,
)


def _llamacpp(status: int, message: str, kind: str, **more: Any) -> Refused:
    return Refused(status, {"error": {"code": status, "message": f"simulated: {message}", "type": kind, **more}})


LLAMACPP = Dialect(
    refusals={
        "server_error": _llamacpp(503, "Loading model", "unavailable_error"),
        "rate_limit": _page(429, "Too Many Requests"),
        "bad_request": _llamacpp(400, "this prompt is refused", _INVALID),
        "context_length": _llamacpp(
            400,
            "the request exceeds the available context size",
            "exceed_context_size_error",
            n_prompt_tokens=9000,
            n_ctx=8192,
        ),
        "auth": _llamacpp(401, "Invalid API Key", "authentication_error"),
        "forbidden": _page(403, "Forbidden"),
        "quota": _page(402, "Payment Required"),
        "model": _llamacpp(404, "model 'that' not found", "not_found_error"),
        "unreadable": _llamacpp(400, "'messages' is required", _INVALID),
    },
    broken=_llamacpp(500, "broke half way", "server_error").body,
    usage="nowhere",
    opening={"role": "assistant", "content": None},
    envelope={"system_fingerprint": "b0-simulator"},
    model="simulated-7b-q4.gguf",
    any_model=True,
)

TRANSFORMERS = Dialect(
    refusals={
        "server_error": Refused(500, "simulated: Internal Server Error"),
        "rate_limit": _says(429, "too many requests", "detail"),
        "bad_request": Refused(
            422,
            {"detail": [{"type": "value_error", "loc": ["body", "messages"], "msg": "simulated: this is refused"}]},
        ),
        "context_length": _says(400, "the input is too long, 9000 of 8192 tokens", "detail"),
        "auth": _says(400, "Invalid API key", "detail"),
        "forbidden": _says(403, "not allowed here", "detail"),
        "quota": _says(403, "Quota exceeded", "detail"),
        "model": _says(404, "the model 'that' is not found", "detail"),
        "unreadable": _says(422, "messages are missing", "detail"),
    },
    broken={"error": "simulated: broke half way"},
    usage="finish",
    done=False,
    opening={"role": "assistant"},
    bare=True,
    no_stream_options=_says(422, "Unsupported fields in the request: {'stream_options'}", "detail"),
)


def _vllm(status: int, message: str, kind: str) -> Refused:
    return _error(status, message, type=kind, param=None, code=status)


VLLM = Dialect(
    refusals={
        "server_error": _vllm(500, "the engine stopped", "InternalServerError"),
        "rate_limit": Refused(429, "simulated: too many requests"),
        "bad_request": _vllm(400, "this prompt is refused", "BadRequestError"),
        "context_length": _vllm(
            400, "This model's maximum context length is 8192 tokens, and 9000 were asked for", "BadRequestError"
        ),
        "auth": _says(401, "Unauthorized"),
        "forbidden": _page(403, "Forbidden"),
        "quota": _error(403, "the tenant has used it up", type="QuotaError", code="QUOTA_EXCEEDED"),
        "model": _vllm(404, "The model `that` does not exist.", "NotFoundError"),
        "unreadable": _vllm(400, "[{'type': 'missing', 'loc': ('body', 'messages')}]", "BadRequestError"),
    },
    broken=_vllm(500, "broke half way", "InternalServerError").body,
    usage_details={"prompt_tokens_details": None},
    opening={"role": "assistant", "content": ""},
    last={"content": ""},
    choice={"logprobs": None},
)


def _ollama(status: int, message: str, kind: str) -> Refused:
    return _error(status, message, type=kind, param=None, code=None)


OLLAMA = Dialect(
    refusals={
        "server_error": _ollama(503, "server busy, please try again", "api_error"),
        "rate_limit": _says(429, "too many requests at once"),
        "bad_request": _ollama(400, "this prompt is refused", _INVALID),
        "context_length": _ollama(400, "the prompt is too long; exceeded max context length by 9 tokens", _INVALID),
        "auth": Refused(401, "simulated: unauthorized"),
        "forbidden": Refused(403, "simulated: forbidden"),
        "quota": _says(402, "you have reached your usage limit"),
        "model": _ollama(404, 'model "that" not found, try pulling it first', "not_found_error"),
        "unreadable": _ollama(400, "[] is too short - 'messages'", _INVALID),
    },
    broken={"error": "simulated: broke half way"},
    each={"role": "assistant"},
    last={"role": "assistant", "content": ""},
    envelope={"system_fingerprint": "fp_simulator"},
)


def _deepseek(status: int, message: str, kind: str) -> Refused:
    return _error(status, message, type=kind, param=None, code=_INVALID)


DEEPSEEK = Dialect(
    refusals={
        "server_error": _deepseek(503, "Service is too busy", "service_unavailable_error"),
        "rate_limit": _deepseek(429, "Rate limit reached", "rate_limit_reached_error"),
        "bad_request": _deepseek(400, "Content Exists Risk", _INVALID),
        "context_length": _deepseek(
            400, "This model's maximum context length is 131072 tokens. You requested 140000 tokens", _INVALID
        ),
        "auth": _deepseek(401, "Authentication Fails, Your api key: ****0123 is invalid", "authentication_error"),
        "forbidden": _page(403, "Request blocked"),
        "quota": _deepseek(402, "Insufficient Balance", "unknown_error"),
        "model": _deepseek(400, "Model Not Exist", _INVALID),
        "unreadable": _deepseek(400, "Failed to deserialize the JSON body", _INVALID),
    },
    broken=_deepseek(500, "broke half way", "server_error").body,
    usage="finish",
    usage_details={
        "prompt_tokens_details": {"cached_tokens": CACHED},
        "completion_tokens_details": {"reasoning_tokens": REASONING},
        "prompt_cache_hit_tokens": CACHED,
        "prompt_cache_miss_tokens": UNCACHED,
    },
    keep_alive=(COMMENT, BLANK_LINE),
    reasoning="reasoning_content",
    opening={"role": "assistant", "content": None, "reasoning_content": ""},
    each={"reasoning_content": None},
    last={"content": "", "reasoning_content": None},
    choice={"logprobs": None},
    envelope={"system_fingerprint": "fp_simulator"},
)

DEFAULT = "openai"
DIALECTS: Mapping[str, Dialect] = {
    DEFAULT: OPENAI,
    "litellm": LITELLM,
    "llamacpp": LLAMACPP,
    "transformers": TRANSFORMERS,
    "vllm": VLLM,
    "ollama": OLLAMA,
    "deepseek": DEEPSEEK,
}
