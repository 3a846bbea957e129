"""What every request passes before anything else looks at it: the token, and the limit on its body."""

import json
import math
from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holytui.api.access import Access
from holytui.api.attempts import WrongTokens

SCHEME = b"bearer "
CLOSED = 1008
"""Of a websocket: policy violation; this API has none."""

ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
"""Answers hold prompts and answers: no cache keeps them."""


class Guard:
    """ASGI middleware. What is open to everybody holds nothing of anybody: the description of the API."""

    def __init__(
        self, app: ASGIApp, *, access: Access, wrong: WrongTokens, most_bytes: int, is_open: Iterable[str]
    ) -> None:
        """Stand before an app.

        Args:
            app: what is guarded.
            access: knows the token.
            wrong: counts those that are not it.
            most_bytes: of a request's body.
            is_open: paths that need no token.
        """
        self._app = app
        self._access = access
        self._wrong = wrong
        self._most_bytes = most_bytes
        self._open = frozenset(is_open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": CLOSED})
            return
        if scope["path"] not in self._open and not await self._let_in(scope, send):
            return
        length = _header(scope, b"content-length")
        if length is not None and (not length.isdigit() or int(length) > self._most_bytes):
            await _refuse(send, 413, self._too_large())
            return
        await self._app(scope, self._limited(receive), _marked(send))

    async def _let_in(self, scope: Scope, send: Send) -> bool:
        client = scope.get("client")
        address = client[0] if client else ""
        if wait_s := self._wrong.must_wait(address):
            seconds = math.ceil(wait_s)
            detail = f"Too many wrong tokens from here: try again in {seconds} s."
            await _refuse(send, 429, detail, (b"retry-after", b"%d" % seconds))
            return False
        given = _header(scope, b"authorization")
        if given is None or given[: len(SCHEME)].lower() != SCHEME:
            await _refuse(send, 401, "This needs the token: Authorization: Bearer TOKEN.", _CHALLENGE)
            return False
        if not self._access.admits(given[len(SCHEME) :].strip()):
            self._wrong.wrong(address)
            await _refuse(send, 401, "This is not the token.", _CHALLENGE)
            return False
        self._wrong.right(address)
        return True

    def _limited(self, receive: Receive) -> Receive:
        """Counts what comes, for a body that does not say how long it is."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise HTTPException(413, self._too_large())
            return message

        return limited

    def _too_large(self) -> str:
        return f"The body is larger than {self._most_bytes:,} bytes. The server's limit is set with --max-body-mb."


_CHALLENGE = (b"www-authenticate", b"Bearer")


def _header(scope: Scope, name: bytes) -> bytes | None:
    """A header's value; None where it is missing, or there more than once."""
    found = [value for key, value in scope["headers"] if key == name]
    return bytes(found[0]) if len(found) == 1 else None


def _marked(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *ALWAYS]}
        await send(message)

    return marked


async def _refuse(send: Send, status: int, detail: str, *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps({"detail": detail}).encode()
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *headers,
        *ALWAYS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
