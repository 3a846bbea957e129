"""The way into the terminal UI in a browser: the token once, in a form; from then on a cookie that is not the token."""

import hashlib
import math
import secrets
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from holytui.api.access import Access
from holytui.api.attempts import WrongTokens

COOKIE = "holytui-session"
LOGIN = "/login"
LASTS_S = 12 * 3600.0
SESSION_BYTES = 32
MOST_SESSIONS = 100
"""The oldest goes when there is one more."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with none at all a browser does not say either which site a form is from
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Nothing is loaded from elsewhere, and no other page may put this one into a frame."""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>holytui</title>
<style>
body {{ background: #0c181f; color: #e0e6ea; font: 16px monospace; margin: 20vh auto; max-width: 34em; padding: 0 1em }}
input, button {{ background: #12232d; border: 1px solid #4a6575; color: inherit; font: inherit; padding: .5em }}
input {{ box-sizing: border-box; width: 100% }}
button {{ cursor: pointer; margin-top: 1em }}
[role=alert] {{ color: #ff9c8f; min-height: 1.5em }}
</style></head>
<body><h1>holytui</h1>
<form method="post" action="/login">
<label for="token">The token: <code>holytui serve</code> says which file holds it.</label>
<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>
<p role="alert">{said}</p>
<button>Open</button>
</form></body></html>
"""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Login:
    """Sessions are in memory: a server that is started again asks for the token again."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._wrong = WrongTokens(clock)
        self._sessions: dict[bytes, float] = {}

    def routes(self) -> list[web.RouteDef]:
        """The only paths that are open."""
        return [web.get(LOGIN, self._ask), web.post(LOGIN, self._enter)]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nobody past without a session, and no other site at all."""
        if not _same_site(request):
            raise web.HTTPForbidden(text="Asked for by another site.\n")
        if request.path != LOGIN and not self._is_in(request):
            if request.method == "GET" and request.path == "/":
                raise web.HTTPSeeOther(LOGIN)
            raise web.HTTPUnauthorized(text=f"This needs a session: {LOGIN}.\n")
        return await handler(request)

    async def _ask(self, request: web.Request) -> web.Response:  # noqa: ARG002  # the handler's signature
        return _page()

    async def _enter(self, request: web.Request) -> web.Response:
        address = request.remote or ""
        if wait_s := self._wrong.must_wait(address):
            seconds = math.ceil(wait_s)
            return _page(f"Too many wrong tokens: try again in {seconds} s.", 429, {"Retry-After": str(seconds)})
        given = (await request.post()).get("token", "")
        token = given.strip() if isinstance(given, str) else ""
        if not self._access.admits(token.encode("utf-8", "replace")):
            self._wrong.wrong(address)
            return _page("This is not the token.", 401)
        self._wrong.right(address)
        inside = web.Response(status=303, headers={"Location": "/"})
        inside.set_cookie(
            COOKIE,
            self._new_session(),
            max_age=int(LASTS_S),
            httponly=True,
            samesite="Strict",
            secure=is_secure(request),
        )
        return inside

    def _new_session(self) -> str:
        session = secrets.token_urlsafe(SESSION_BYTES)
        now = self._clock()
        alive = {known: until for known, until in self._sessions.items() if until > now}
        self._sessions = dict(list(alive.items())[-(MOST_SESSIONS - 1) :])
        self._sessions[_digest(session)] = now + LASTS_S
        return session

    def _is_in(self, request: web.Request) -> bool:
        # Looked up by its digest: how long that takes says nothing about the session.
        until = self._sessions.get(_digest(request.cookies.get(COOKIE, "")))
        return until is not None and until > self._clock()


def is_secure(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to this server or to a proxy before it that says so."""
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"


def _same_site(request: web.Request) -> bool:
    """A browser says which site a form or a websocket comes from; a websocket without that is none of a browser's."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Upgrade", "").lower() != "websocket"
    return urlsplit(origin).netloc == request.host


def _digest(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "replace")).digest()


def _page(said: str = "", status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=PAGE.format(said=said), status=status, content_type="text/html", headers=headers)
