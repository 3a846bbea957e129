"""The HTTP API as an ASGI app."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from holytui import __version__
from holytui.api import refusals
from holytui.api.access import Access
from holytui.api.as_json import AsJson
from holytui.api.attempts import WrongTokens
from holytui.api.commands import commands
from holytui.api.guard import Guard
from holytui.api.hosting import Hosting
from holytui.api.looks import EVENT_SCHEMAS, looks
from holytui.api.root import Root
from holytui.api.starting import Starting
from holytui.api.statuses import Statuses
from holytui.api.streams import Streams

DOCS, SCHEMA = "/docs", "/openapi.json"
OPEN = (DOCS, SCHEMA)
"""Without the token: a browser cannot send it with an address that is typed, and these say what the README says."""

MOST_ITEMS = 100_000
MOST_BODY_MB = 32
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask for.

    Attributes:
        items: of one task; body_mb: megabytes of a request's body.
        root: the folder below which tasks may read files, None for none.
    """

    items: int = MOST_ITEMS
    body_mb: float = MOST_BODY_MB
    root: Path | None = None


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The description of the API: over HTTP a step's schema may be the schema itself, a job file names its file.

    What only events hold has its place there too.
    """
    described = app.openapi

    def with_schemas() -> dict[str, Any]:
        description = described()
        field = description["components"]["schemas"]["Step"]["properties"]["schema"]
        if {"type": "object"} not in field["anyOf"]:
            field["anyOf"].insert(0, {"type": "object"})
        description["components"]["schemas"] |= EVENT_SCHEMAS
        return description

    return with_schemas


def make_app(hosting: Hosting, access: Access, limits: Limits) -> ASGIApp:
    """The app, with its guard before it."""
    app = FastAPI(
        title="holytui",
        version=__version__,
        description="Long LLM batch jobs: no recorded answer is lost, none is paid for twice.",
        docs_url=DOCS,
        redoc_url=None,
        redirect_slashes=False,  # it would send clients to whatever host they say they asked
        openapi_url=SCHEMA,
        swagger_ui_oauth2_redirect_url=None,
        # The guard asks for the token; this lets the page at /docs ask for it.
        dependencies=[Depends(HTTPBearer(auto_error=False, scheme_name="token"))],
    )
    app.openapi = _described(app)  # type: ignore[method-assign]  # FastAPI's own way to change it
    refusals.install(app)
    statuses = Statuses(hosting)
    app.include_router(looks(hosting, statuses, Streams(hosting, statuses)))
    app.include_router(commands(hosting, statuses, Starting(hosting, Root(limits.root), limits.items)))
    return Guard(AsJson(app), access=access, wrong=WrongTokens(), most_bytes=int(limits.body_mb * MB), is_open=OPEN)
