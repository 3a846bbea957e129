"""What cannot be done, as an answer: a status and a sentence, for every error that has one."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from typing_extensions import TypedDict

from holytui.api.bodies import QUERIES, ROOTS, RetryTask
from holytui.core.job_problems import JobRefused, Problem, dotted, problems_of
from holytui.inputs.source import InputProblem
from holytui.runs.elsewhere import ElsewhereError
from holytui.runs.endpoint import EndpointError
from holytui.runs.errands import OwnerSilent
from holytui.runs.saved import NoSuchJob, PrepareError
from holytui.store.lock import OwnedElsewhere
from holytui.store.trouble import AlreadyThere, CheckpointError

WAIT_S = 2
"""Seconds after which something that is in the way for a moment may be gone."""


class ProblemJson(TypedDict):
    """One field and what is wrong with it; dotted (`job.steps[1].model`)."""

    field: str
    message: str


class RefusalJson(TypedDict):
    """Why something was not done: a sentence, and where a body is wrong every field that is."""

    detail: str
    problems: NotRequired[list[ProblemJson]]


class Refused(Exception):
    """Something asked for over HTTP is not done.

    Attributes:
        status: of HTTP; problems: of the body's fields.
    """

    def __init__(self, status: int, detail: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.problems = tuple(problems)


class Ending(Refused):
    """The server is being stopped: nothing new is begun."""

    def __init__(self) -> None:
        super().__init__(503, "The server is being stopped: nothing new is begun.")


_STATUS: dict[type[Exception], int] = {
    NoSuchJob: 404,
    PrepareError: 400,
    EndpointError: 400,
    ElsewhereError: 400,
    InputProblem: 400,
    OwnedElsewhere: 409,
    OwnerSilent: 503,
    AlreadyThere: 409,
    CheckpointError: 503,
}


OBJECT_EXPECTED = "expected a JSON object"
TASK_EXPECTED = "expected a JSON object with items, prompt_template and model, or with job"
_NO_OBJECT = {"model_type", "dict_type", "model_attributes_type"}
"""What pydantic calls it when something else stands where an object has to."""


def refused_fields(problems: Iterable[Problem]) -> Refused:
    """A body that cannot be used, with each of its problems."""
    refused = JobRefused(tuple(dict.fromkeys(problems)))  # safe to show, and without keys
    return Refused(400, str(refused), refused.problems)


def install(app: FastAPI) -> None:
    """Let every error that has a sentence be told by it, and a defect without its traceback."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _http)
    for kind in _STATUS:
        app.add_exception_handler(kind, _told)
    app.add_exception_handler(Exception, _defect)


def answer(
    status: int, detail: str, problems: Iterable[Problem] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A refusal's body."""
    content: RefusalJson = {"detail": detail}
    listed: list[ProblemJson] = [{"field": problem.key, "message": problem.message} for problem in problems]
    if listed:
        content["problems"] = listed
    more = {"Retry-After": str(WAIT_S)} if status == 503 else {}
    return JSONResponse(content, status, {**more, **(headers or {})})


async def _refused(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001  # the handler's signature
    assert isinstance(error, Refused)
    return answer(error.status, str(error), error.problems)


async def _told(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001  # the handler's signature
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    return answer(status, str(error))


async def _not_valid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(detail["loc"][0] == "path" for detail in details):
        return answer(404, "There is no such task: an id is made of a-z, 0-9 and -.")
    if any(detail["type"] == "json_invalid" for detail in details):
        return answer(400, "The body is not JSON.")
    of_query = QUERIES.get(request.url.path.rpartition("/")[2], RetryTask)
    refusal = refused_fields(_problems(details, of_query))
    return answer(refusal.status, str(refusal), refusal.problems)


async def _http(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001  # the handler's signature
    assert isinstance(error, HTTPException)
    return answer(error.status_code, _unread(error.__cause__) or str(error.detail), headers=error.headers)


def _unread(cause: BaseException | None) -> str:
    """What kept a body from being read at all; FastAPI says only that something did."""
    match cause:
        case RecursionError():
            return "The body cannot be read: its values are nested too deeply."
        case UnicodeDecodeError():
            return "The body cannot be read: it is not UTF-8."
        case ValueError():  # of JSON that is well formed Python refuses only such integers
            return "The body cannot be read: a number in it has too many digits."
    return ""


async def _defect(request: Request, error: Exception) -> JSONResponse:
    sys.stderr.write(f"holytui serve: a defect in {request.method} {request.url.path}: {type(error).__name__}\n")
    return answer(500, "A defect in holytui; the jobs are not touched by it.")


def _problems(details: Iterable[Mapping[str, Any]], other: type[BaseModel]) -> Iterator[Problem]:
    """What is wrong with a body or a query, in the words of job files; `other` is what it is where it is no task."""
    for detail in details:
        _, *place = detail["loc"]
        root = ROOTS.get(str(place[0])) if place else None
        inside = {**detail, "loc": tuple(place[1:] if root else place)}
        missing_whole = not place and detail["type"] == "missing"
        if missing_whole or (root and not place[1:] and detail["type"] in _NO_OBJECT):
            yield Problem("", TASK_EXPECTED)
        elif detail["type"] in _NO_OBJECT:
            yield Problem(dotted(inside["loc"]), OBJECT_EXPECTED)
        else:
            yield from problems_of([inside], root or other)
