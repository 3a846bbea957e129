"""What all paths under /api/tasks share."""

from typing import Annotated, Any

from fastapi import Path, Response

from holytui.api.bodies import TASK_ID
from holytui.api.refusals import RefusalJson
from holytui.api.statuses import Shown

PREFIX = "/api/tasks"
JSON = "application/json"
DID = "X-Holytui-Did"
"""Header with a sentence: what came of a command."""

Id = Annotated[str, Path(pattern=TASK_ID, description="Of the task, as its start or the list of tasks tells it.")]

REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": RefusalJson, "description": "Not done, and why."},
    503: {"model": RefusalJson, "description": "Not now: the checkpoint, the owner or the server is in the way."},
}


SAID: dict[str, Any] = {"headers": {DID: {"description": "What came of it.", "schema": {"type": "string"}}}}
"""Of the answer to a command, beside where the task stands."""


def status_answer(shown: Shown, did: str = "", *, created: bool = False) -> Response:
    """Where a task stands; `did` is what came of a command, `created`: the task is new."""
    told = " ".join(did.split()).encode("ascii", "backslashreplace").decode()
    headers = {DID: told} if told else {}
    if created:
        headers["Location"] = f"{PREFIX}/{shown.snapshot.job}/progress"
    return Response(shown.body, 201 if created else 200, headers, JSON)
