"""What error answers mean, in all the shapes that real servers write."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.failures import FailureKind as Kind
from holytui.provider.errors import BODY_CHARS, classify, classify_event, retry_after
from holytui.provider.redaction import REDACTED, redact

SECRET = "cr_0123456789abcdef0123"


def kind_of(status: int, body: Any, headers: dict[str, str] | None = None, asked: str = "") -> Kind:
    text = body if isinstance(body, str) else json.dumps(body)
    return classify(status, headers or {}, text, secret=SECRET, asked=asked).kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.BAD_REQUEST),
        (401, Kind.AUTH),
        (402, Kind.QUOTA),
        (403, Kind.BAD_REQUEST),
        (404, Kind.BAD_REQUEST),
        (405, Kind.BAD_REQUEST),
        (408, Kind.SERVER_ERROR),
        (409, Kind.SERVER_ERROR),
        (413, Kind.CONTEXT_LENGTH),
        (422, Kind.BAD_REQUEST),
        (429, Kind.RATE_LIMIT),
        (500, Kind.SERVER_ERROR),
        (502, Kind.SERVER_ERROR),
        (503, Kind.SERVER_ERROR),
        (504, Kind.SERVER_ERROR),
        (520, Kind.SERVER_ERROR),
        (529, Kind.SERVER_ERROR),
    ],
)
def test_the_status_alone(status: int, kind: Kind) -> None:
    for body in ("", "{}", "null", "[]", '{"error": null}', "<html></html>", '{"error": {}}'):
        assert kind_of(status, body) is kind, body


def test_a_key_that_was_not_sent_is_told_as_that() -> None:
    assert classify(401, {}, "log in", secret="").message == "401: no key was sent; log in"
    assert classify(401, {}, "log in", secret="sk-1").message == "401: log in"
    assert classify(400, {}, "bad", secret="").message == "400: bad"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "It broke.", "type": "t", "code": 7}}, "It broke."),
        ({"error": "It broke."}, "It broke."),
        ({"error": {"message": {"detail": "It broke."}}}, "It broke."),
        ({"detail": "It broke."}, "It broke."),
        ({"detail": [{"loc": ["body"], "msg": "one"}, {"loc": [], "msg": "two"}]}, "one; two"),
        ({"message": "It broke."}, "It broke."),
        ({"errors": ["one", "two"]}, "one; two"),
        ([{"error": {"message": "It broke."}}], "It broke."),
        ({"error": True, "message": "It broke."}, "It broke."),
        ("It\nbroke.", "It broke."),
        ("<html><head><style>p {}</style></head><body><p>It</p> broke.</body></html>", "It broke."),
        ('"It broke."', "It broke."),
        ("", "no explanation"),
        ({"error": {"code": 500}}, "no explanation"),
        ("7", "no explanation"),
    ],
)
def test_the_message_in_bodies_of_every_shape(body: Any, message: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    assert classify(500, {}, text, secret="").message == f"500: {message}"


@pytest.mark.parametrize(
    "word",
    [
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "billing_not_active",
        "access_terminated",
        "quota_exceeded",
        "Insufficient Balance",
        "budget_exceeded",
    ],
)
@pytest.mark.parametrize(
    "write",
    [
        str,
        str.upper,
        str.title,
        lambda word: word.replace("_", " "),
        lambda word: word.replace("_", "-"),
    ],
    ids=["as it is", "upper", "title", "blanks", "hyphens"],
)
@pytest.mark.parametrize("where", ["type", "code", "message"])
def test_an_empty_account_is_told_by_its_words(word: str, write: Any, where: str) -> None:
    body = {"error": {where: write(word)}}
    assert kind_of(429, body) is Kind.QUOTA
    assert kind_of(403, body) is Kind.QUOTA
    assert kind_of(400, body) is Kind.QUOTA
    assert kind_of(429, body, {"retry-after": "3600"}) is Kind.QUOTA
    assert kind_of(429, body, {"retry-after": "60"}) is Kind.RATE_LIMIT
    assert kind_of(503, body) is Kind.SERVER_ERROR


@pytest.mark.parametrize("where", ["type", "code", "status"])
def test_names_in_camel_case_are_words_too(where: str) -> None:
    assert kind_of(403, {"error": {where: "InsufficientBalance", "message": "no"}}) is Kind.QUOTA
    assert kind_of(400, {"error": {where: "InvalidApiKey", "message": "no"}}) is Kind.AUTH
    assert kind_of(400, {"error": {where: "SomethingElse", "message": "no"}}) is Kind.BAD_REQUEST


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Incorrect API key provided: sk-abc***.", "code": "invalid_api_key"}},
        {"error": "invalid api key"},
        {"error": {"message": "bad", "code": "invalid_api_key"}},
        {"detail": "Invalid API Key"},
        {"error": {"message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}},
        {"error": {"type": "authentication_error", "message": "invalid x-api-key"}},
        "Missing API key",
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_key_whatever_its_status(body: Any, status: int) -> None:
    error = classify(status, {}, body if isinstance(body, str) else json.dumps(body), secret="")
    assert error.kind is Kind.AUTH


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "You are not authorized"}}, Kind.AUTH),
        ({"error": {"message": "nope", "type": "permission_error"}}, Kind.AUTH),
        ({"error": {"message": "Your account is deactivated"}}, Kind.AUTH),
        ({"error": {"message": "litellm.APIError: no", "type": "permission_error", "code": "403"}}, Kind.BAD_REQUEST),
        ({"error": {"message": "litellm.APIError: permission denied", "type": "permission_error"}}, Kind.AUTH),
        ({"error": {"message": "No access to model x", "code": "model_not_found"}}, Kind.MODEL_NOT_FOUND),
        ({"error": {"message": "Your input was flagged"}}, Kind.BAD_REQUEST),
        ("<html>Forbidden</html>", Kind.BAD_REQUEST),
    ],
)
def test_403_by_its_words(body: Any, kind: Kind) -> None:
    assert kind_of(403, body) is kind


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"message": "x", "code": "context_length_exceeded"}}),
        (400, {"error": {"message": "This model's maximum context length is 8192 tokens."}}),
        (400, {"error": {"message": "prompt is too long: 250000 tokens > 200000 maximum"}}),
        (400, {"error": {"code": 400, "type": "exceed_context_size_error", "message": "too much"}}),
        (400, {"error": {"message": "The input token count (5) exceeds the maximum number of tokens allowed (3)."}}),
        (422, {"detail": "input is too long"}),
    ],
)
def test_a_prompt_too_long(status: int, body: Any) -> None:
    assert kind_of(status, body) is Kind.CONTEXT_LENGTH


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"error": {"message": "The model `gpt-9` does not exist or you do not have access to it."}}),
        (404, {"error": {"message": "x", "code": "model_not_found"}}),
        (404, {"error": {"message": 'model "qwen9" not found, try pulling it first'}}),
        (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}),
        (400, {"error": {"message": "acme/x is not a valid model ID", "code": 400}}),
        (400, {"error": "Invalid model name passed in model=x"}),
        (404, {"error": {"message": "models/gemini-9 is not found for API version v1beta"}}),
    ],
)
def test_an_unknown_model(status: int, body: Any) -> None:
    assert kind_of(status, body) is Kind.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "Not Found"}),
        (404, "<html><h1>404 page not found</h1></html>"),
        (400, {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model."}}),
        (400, {"error": {"message": "Invalid 'tools[0]': role foo does not exist"}}),
        (400, {"error": {"message": "Invalid token in JSON at position 7"}}),
        (422, {"detail": [{"msg": "field required"}]}),
    ],
)
def test_other_refusals_are_the_requests_own_fault(status: int, body: Any) -> None:
    assert kind_of(status, body) is Kind.BAD_REQUEST


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "a while"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30.0),
        ({"retry-after": "Wed, 21 Oct 99999 07:28:30 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds
    assert classify(429, headers, "", secret="").retry_after_s == seconds


def test_a_date_without_the_servers_own_is_told_by_our_clock() -> None:
    at = time.gmtime(time.time() + 100)
    seconds = retry_after({"retry-after": time.strftime("%a, %d %b %Y %H:%M:%S GMT", at)})
    assert seconds is not None
    assert 90 < seconds <= 100


@given(st.text(max_size=40), st.text(max_size=40))
def test_nonsense_to_wait_for_is_no_error(after: str, date: str) -> None:
    seconds = retry_after({"retry-after": after, "date": date})
    assert seconds is None or seconds > 0


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:secret@elsewhere.example/v2?token=secret#secret", "https://elsewhere.example/v2"),
        ("/v2/chat?key=secret", "/v2/chat"),
        ("", "nowhere"),
        ("http://[secret", "nowhere"),
    ],
)
def test_a_redirect_says_where_it_points_without_secrets(location: str, shown: str) -> None:
    error = classify(307, {"location": location}, "", secret="")
    assert error.kind is Kind.BAD_REQUEST
    assert error.status == 307
    assert f"to {shown}," in error.message
    assert "secret" not in error.message


def test_the_key_is_in_nothing_that_is_kept() -> None:
    other = "sk-proj_" + "A1b2" * 8
    body = json.dumps({"error": {"message": f"key {SECRET} or {other} is wrong", "param": SECRET}})
    error = classify(401, {"x-request-id": f"req-{SECRET}"}, body, secret=SECRET)
    kept = f"{error} {error.message} {error.body} {error.request_id} {error!r}"
    assert SECRET not in kept
    assert other not in kept
    assert REDACTED in error.message


def test_a_key_that_looks_like_no_key_is_removed_too() -> None:
    assert redact("it was hunter2!", "hunter2") == f"it was {REDACTED}!"


def test_the_meaning_does_not_change_with_what_is_redacted() -> None:
    body = json.dumps({"error": {"message": "maximum context length exceeded"}})
    error = classify(400, {}, body, secret="context")
    assert error.kind is Kind.CONTEXT_LENGTH


def test_a_key_of_one_letter_for_a_server_that_needs_none_spoils_no_text() -> None:
    assert redact("exact text", "x") == "exact text"


def test_a_body_is_bounded() -> None:
    error = classify(500, {}, "é" * 100_000, secret="")
    assert len(error.body) == BODY_CHARS
    assert len(error.message) <= 300


@pytest.mark.parametrize(
    "body",
    ["<" * 64_000, "<script" * 9_000, "[" * 64_000, '{"error":' * 9_000, "é<" * 30_000],
    ids=lambda body: body[:8],
)
def test_a_hostile_body_costs_no_time(body: str) -> None:
    began = time.process_time()
    assert classify(400, {}, body, secret=SECRET).kind is Kind.BAD_REQUEST
    assert time.process_time() - began < 2.0


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "detail", "code", "type", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.integers(300, 599))
def test_any_body_is_classified(body: Any, status: int) -> None:
    error = classify(status, {}, json.dumps(body), secret=SECRET)
    assert error.status == status
    classify_event(body, secret=SECRET, status=200, request_id="")


@pytest.mark.parametrize(
    ("error", "kind", "status"),
    [
        ("It broke.", Kind.SERVER_ERROR, 200),
        ({"message": "overloaded", "type": "overloaded_error"}, Kind.SERVER_ERROR, 200),
        ({"message": "x", "code": 502}, Kind.SERVER_ERROR, 502),
        ({"message": "x", "code": "429"}, Kind.RATE_LIMIT, 429),
        ({"message": "x", "type": "rate_limit_error"}, Kind.RATE_LIMIT, 200),
        ({"message": "x", "code": "insufficient_quota"}, Kind.QUOTA, 200),
        ({"message": "x", "code": "invalid_api_key"}, Kind.AUTH, 200),
        ({"message": "context length", "code": 400}, Kind.CONTEXT_LENGTH, 400),
        ({"message": "x", "code": 7}, Kind.SERVER_ERROR, 200),
        ({"message": "x", "code": True}, Kind.SERVER_ERROR, 200),
        ({"message": "x", "code": float("inf")}, Kind.SERVER_ERROR, 200),
    ],
)
def test_an_error_inside_a_stream(error: Any, kind: Kind, status: int) -> None:
    raised = classify_event(error, secret="", status=200, request_id="r")
    assert (raised.kind, raised.status, raised.request_id) == (kind, status, "r")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # Relays pass on what the model's own server said, as a text.
        (
            400,
            {"error": {"message": 'litellm.BadRequestError: DeepseekException - {"error":{"message":"Insufficient '
                                  'Balance","code":"invalid_request_error"}}', "code": "400"}},
            Kind.QUOTA,
        ),
        (
            400,
            {"error": {"message": "Error code: 401 - {'error': {'message': 'Incorrect API key provided: x'}}"}},
            Kind.AUTH,
        ),
        (422, {"detail": "Invalid API key"}, Kind.AUTH),
        (400, {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}, Kind.AUTH),
        (429, {"error": {"message": "Budget has been exceeded! Current cost: 2.0, Max budget: 1.0"}}, Kind.QUOTA),
        (400, {"error": {"code": "InvalidApiKey", "message": "x"}}, Kind.AUTH),
        (404, {"error": {"code": "ModelNotFound", "message": "x"}}, Kind.MODEL_NOT_FOUND),
        (400, {"error": {"message": "litellm.ContextWindowExceededError: too much"}}, Kind.CONTEXT_LENGTH),
        (400, {"error": {"message": "the request exceeds the available context size"}}, Kind.CONTEXT_LENGTH),
    ],
)  # fmt: skip
def test_words_of_servers_that_were_met(status: int, body: Any, kind: Kind) -> None:
    assert kind_of(status, body) is kind
    assert kind_of(status, body, asked="Describe rivers and mountains") is kind


TICKET = """Classify this ticket: "Since Monday I get 'insufficient_quota', before it was Incorrect API key provided.
The model gpt-9 does not exist either, says support, and my account is disabled. Billing_Not_Active!" """


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": f"Your prompt was refused: {TICKET}", "code": "invalid_prompt"}},
        {"error": {"message": f"Your prompt was refused: {TICKET[:120]}…"}},
        {"error": f"refused: {TICKET.upper()}"},
        {"detail": [{"loc": ["body", "messages"], "msg": f"Value error, not allowed: {TICKET}", "input": TICKET}]},
        f"refused: {TICKET}",
        f"<html><p>Request blocked: {TICKET}</p></html>",
        {"error": {"message": "The model refused: " + TICKET[TICKET.index("model gpt-9") :]}},
    ],
    ids=["error", "cut", "text", "FastAPI", "plain", "HTML", "a phrase that begins outside"],
)
@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_words_quoted_from_the_prompt_do_not_stop_a_job(status: int, body: Any) -> None:
    assert kind_of(status, body, asked=f"Be brief.\n{TICKET}") is Kind.BAD_REQUEST
    # The same words from the provider itself, for another prompt, do.
    assert kind_of(status, body, asked="Describe rivers") in {Kind.QUOTA, Kind.AUTH, Kind.MODEL_NOT_FOUND}


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": TICKET, "code": "insufficient_quota"}, Kind.QUOTA),
        (403, {"message": TICKET, "type": "invalid_api_key"}, Kind.AUTH),
        (400, {"message": f"{TICKET} - Insufficient Balance"}, Kind.QUOTA),
        (401, {"message": TICKET}, Kind.AUTH),
        (402, {"message": TICKET}, Kind.QUOTA),
        (429, {"message": "insufficient_quota"}, Kind.QUOTA),
    ],
)
def test_what_the_provider_says_itself_counts_though_the_prompt_speaks_of_the_like(
    status: int, error: dict[str, str], kind: Kind
) -> None:
    assert kind_of(status, {"error": error}, asked=TICKET) is kind


def test_a_prompt_quoted_by_an_error_inside_a_stream_does_not_stop_a_job() -> None:
    error = {"message": f"could not be answered: {TICKET}"}
    assert classify_event(error, secret="", status=200, request_id="", asked=TICKET).kind is Kind.SERVER_ERROR
    assert classify_event(error, secret="", status=200, request_id="").kind is Kind.QUOTA


def test_a_prompt_without_end_costs_no_time() -> None:
    prompt = "insufficient_quota " * 500_000
    began = time.process_time()
    assert kind_of(400, {"error": prompt[:64_000]}, asked=prompt) is Kind.BAD_REQUEST
    assert time.process_time() - began < 2.0
