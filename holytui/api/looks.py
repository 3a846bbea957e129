"""The paths that only look: no request is sent, nothing is changed."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from holytui.api import results
from holytui.api.bodies import Page, Wanted
from holytui.api.hosting import Hosting
from holytui.api.paths import JSON, PREFIX, REFUSALS, Id, status_answer
from holytui.api.statuses import Statuses, TaskStatus, Unreadable
from holytui.api.streams import Streams
from holytui.core.item_json import FailureGroupJson, ItemEventJson, ItemJson
from holytui.store.reader import Reader

SCHEMAS = "#/components/schemas/"
IN_EVENTS = ("TaskStatus", "ItemEventJson", "RefusalJson")
EVENT_SCHEMAS: dict[str, Any] = {"ItemEventJson": TypeAdapter(ItemEventJson).json_schema()}
"""Of what no path answers with as such."""

EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "state", "item", "finished", "trouble"]},
        "data": {
            "type": "string",
            "description": "A status; of item the item, of trouble a detail.",
            "contentMediaType": JSON,
            "contentSchema": {"anyOf": [{"$ref": f"{SCHEMAS}{name}"} for name in IN_EVENTS]},
        },
    },
    "required": ["event", "data"],
}


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
        page: Annotated[Page, Query()],
    ) -> Response:
        folder = hosting.folder(task_id)
        if page.format == "json":
            return StreamingResponse(await results.array(folder, page.after, page.limit), media_type=JSON)
        return StreamingResponse(await results.lines(folder, page.after, page.limit), media_type=results.LINES)

    @api.get(
        "/{task_id}/events",
        summary="A task as it happens: progress, state, finished, and if wanted item",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events, each with a JSON object; it ends when nobody runs the task.",
                "content": {"text/event-stream": {"schema": EVENT}},
            }
        },
    )
    async def events(
        task_id: Id,
        wanted: Annotated[Wanted, Query()],
    ) -> Response:
        told = await streams.open(task_id, items=wanted.items)
        return StreamingResponse(told, headers={"X-Accel-Buffering": "no"}, media_type="text/event-stream")

    return api
