"""The paths that only look: no request is sent, nothing is changed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from holytui.api import results
from holytui.api.hosting import Hosting
from holytui.api.paths import JSON, PREFIX, REFUSALS, Id, status_answer
from holytui.api.statuses import Statuses, TaskStatus, Unreadable
from holytui.api.streams import Streams
from holytui.core.item_json import FailureGroupJson, ItemJson
from holytui.store.reader import Reader


def looks(hosting: Hosting, statuses: Statuses, streams: Streams) -> APIRouter:
    """The paths, over what does the work."""
    api = APIRouter(prefix=PREFIX, tags=["look"], responses=REFUSALS)

    @api.get("", response_model=list[TaskStatus | Unreadable], summary="All tasks of the checkpoint folder")
    async def tasks() -> Response:
        return Response(await statuses.all(), media_type=JSON)

    @api.get("/{task_id}/progress", response_model=TaskStatus, summary="Where a task stands")
    async def progress(task_id: Id) -> Response:
        return status_answer(await statuses.shown(task_id))

    @api.get("/{task_id}/failures", response_model=list[FailureGroupJson], summary="Failed items by kind, with advice")
    def failures(task_id: Id) -> list[FailureGroupJson]:
        reader = Reader.open(hosting.folder(task_id))
        try:
            return [group.to_json() for group in reader.failures()]
        finally:
            reader.close()

    @api.get(
        "/{task_id}/results",
        summary="Items with their results, in input order",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "JSON lines, an item each, or with format=json one array of them.",
                "content": {results.LINES: {"schema": {"type": "string"}}, JSON: {}},
                "model": list[ItemJson],
            }
        },
    )
    async def items(
        task_id: Id,
        format: Annotated[Literal["jsonl", "json"], Query()] = "jsonl",  # noqa: A002  # the parameter's name
        after: Annotated[int, Query(ge=-1, lt=2**53, description="Index of the item before the first.")] = -1,
        limit: Annotated[int | None, Query(ge=1, lt=2**53, description="Items at most.")] = None,
    ) -> Response:
        folder = hosting.folder(task_id)
        if format == "json":
            return StreamingResponse(await results.array(folder, after, limit), media_type=JSON)
        return StreamingResponse(await results.lines(folder, after, limit), media_type=results.LINES)

    @api.get(
        "/{task_id}/events",
        summary="A task as it happens: progress, state, item, finished",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events, each with a JSON object; it ends when nobody runs the task.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def events(task_id: Id) -> Response:
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(await streams.open(task_id), headers=headers, media_type="text/event-stream")

    return api
