"""The way out: httpx requests through aiohttp's connections, and what it means when they break.

httpx's client around the transport costs half the rate, so the transport is called directly.
"""

import os
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport

from holytui.core.failures import FailureKind
from holytui.provider.errors import ProviderError
from holytui.provider.presets import is_loopback
from holytui.provider.redaction import redact
from holytui.provider.resolver import Resolver

KEEPALIVE_S = 30.0
READ_BUFFER = 2**18
DETAIL_CHARS = 200

connected: ContextVar[Callable[[], None] | None] = ContextVar("connected", default=None)
"""Whom to tell that the connection of the request sent from this context is there."""


class _Response(aiohttp.ClientResponse):
    """An answer without its reason phrase: httpx fails over one that is not UTF-8, and nobody reads it."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        await super().start(connection)
        self.reason = ""
        return self


class _Connector(aiohttp.TCPConnector):
    """Says when a request has its connection; aiohttp's tracing says it too, for the price of its headers."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        told = connected.get()
        if told is not None:
            told()
        return connection


def open_transport(base_url: str, max_connections: int) -> AiohttpTransport:
    """A transport with its own connections, without any timeout; belongs to the running loop."""
    context = _tls(base_url)
    connector = _Connector(limit=max_connections, resolver=Resolver(), keepalive_timeout=KEEPALIVE_S, ssl=context)
    session = aiohttp.ClientSession(
        connector=connector,
        # aiohttp's own trust_env would look the proxy up at every request in asyncio's default executor,
        # and put a password from .netrc in the place of our key.
        proxy=environment_proxy(base_url),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_Response,
        read_bufsize=READ_BUFFER,
    )
    return AiohttpTransport(client=session, verify=context)


def _tls(base_url: str) -> ssl.SSLContext:
    """How certificates are checked; what never leaves this machine in the clear needs none."""
    if is_loopback(base_url) and urlsplit(base_url).scheme == "http":
        # It trusts nobody. To read whom to trust takes a third of a second.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


def environment_proxy(base_url: str) -> str | None:
    """The proxy that the environment names for a URL; none is asked for what runs on this machine."""
    parts = urlsplit(base_url)
    if is_loopback(base_url) or proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def broken(error: BaseException, secret: str) -> ProviderError:
    """The error that a failed connection stands for.

    The transport reports refused, reset and closed connections all as a connect timeout: only the cause tells.
    """
    cause = error.__cause__ or error
    if isinstance(cause, aiohttp.ConnectionTimeoutError | TimeoutError) or _system_gave_up(cause):
        return ProviderError(FailureKind.TIMEOUT_CONNECT, "the system gave up connecting")
    what = _what_broke(cause)
    if isinstance(cause, aiohttp.ClientPayloadError):
        # Its words are about lengths of transfer encodings, and tell a person nothing more.
        return ProviderError(FailureKind.NETWORK, what)
    detail = redact(_detail(cause), secret)[:DETAIL_CHARS]
    return ProviderError(FailureKind.NETWORK, f"{what}: {detail}" if detail else what)


def _detail(cause: BaseException) -> str:
    """In words for a person where the library's are for programmers."""
    if type(cause) is aiohttp.ClientConnectorError and cause.os_error.errno is not None:
        return f"{cause.host}:{cause.port}: {os.strerror(cause.os_error.errno)}"
    return str(cause)


def _system_gave_up(cause: BaseException) -> bool:
    return isinstance(cause, aiohttp.ClientConnectorError) and isinstance(cause.os_error, TimeoutError)


def _what_broke(cause: BaseException) -> str:
    match cause:
        case aiohttp.ClientConnectorDNSError():
            return "the host name is not known"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return "no secure connection"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "the proxy does not let us through"
        case aiohttp.ClientConnectorError():
            return "no connection"
        case aiohttp.ServerDisconnectedError():
            return "the server closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            return "the connection broke during the answer"
        case aiohttp.InvalidURL() | httpx.InvalidURL():
            return "the URL cannot be used"
        case _:
            return "the connection broke"
