"""The paths that do something; what spends says so."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from holytui.api.bodies import RetryTask, StartTask
from holytui.api.hosting import Hosting
from holytui.api.paths import PREFIX, REFUSALS, SAID, Id, status_answer
from holytui.api.starting import Starting
from holytui.api.statuses import Statuses, TaskStatus
from holytui.core.command import Command, Selection, Verb
from holytui.core.work import Overrides


def commands(hosting: Hosting, statuses: Statuses, starting: Starting) -> APIRouter:
    """The paths, over what does the work."""
    api = APIRouter(prefix=PREFIX, tags=["do"], responses=REFUSALS)

    @api.post(
        "/start",
        status_code=201,
        response_model=TaskStatus,
        responses={201: SAID},
        summary="Save a new task and run it; this spends",
    )
    async def start(body: StartTask) -> Response:
        task_id = await run_in_threadpool(starting.start, body)
        return status_answer(await statuses.shown(task_id, after_command=True), f"{task_id}: runs", created=True)

    @api.post(
        "/{task_id}/resume",
        response_model=TaskStatus,
        responses={200: SAID},
        summary="Let a task go on, whoever has it; this spends",
    )
    async def resume(task_id: Id) -> Response:
        did = await run_in_threadpool(hosting.resume, task_id)
        return status_answer(await statuses.shown(task_id, after_command=True), did)

    @api.post(
        "/{task_id}/pause",
        response_model=TaskStatus,
        responses={200: SAID},
        summary="Send nothing new; what is in flight finishes",
    )
    async def pause(task_id: Id) -> Response:
        did = await run_in_threadpool(hosting.rest, task_id, Verb.PAUSE)
        return status_answer(await statuses.shown(task_id, after_command=True), did)

    @api.post(
        "/{task_id}/stop",
        response_model=TaskStatus,
        responses={200: SAID},
        summary="End it at once; nothing is lost",
    )
    async def stop(task_id: Id) -> Response:
        did = await run_in_threadpool(hosting.rest, task_id, Verb.STOP)
        return status_answer(await statuses.shown(task_id, after_command=True), did)

    @api.post(
        "/{task_id}/retry",
        response_model=TaskStatus,
        responses={200: SAID},
        summary="Ask failed items again; this spends",
    )
    async def retry(task_id: Id, body: RetryTask | None = None) -> Response:
        did = await run_in_threadpool(hosting.retry, task_id, _retry(body or RetryTask()))
        return status_answer(await statuses.shown(task_id, after_command=True), did)

    return api


def _retry(body: RetryTask) -> Command:
    selection = Selection(tuple(body.kinds), tuple(body.items), body.all)
    changes = Overrides(model=body.model, clock_factor=body.clock_factor, max_tokens=body.max_tokens)
    return Command(Verb.RETRY, selection, changes)
