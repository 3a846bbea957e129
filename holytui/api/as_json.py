"""Every body is JSON here, whatever it is called: `curl -d` calls it a form."""

from starlette.types import ASGIApp, Receive, Scope, Send

_NAMED = (b"content-type", b"application/json")


class AsJson:
    """ASGI middleware. Harmless behind the token, which no other site's form can send."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app that takes no other bodies."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            others = [(name, value) for name, value in scope["headers"] if name != _NAMED[0]]
            scope = {**scope, "headers": [*others, _NAMED]}
        await self._app(scope, receive, send)
