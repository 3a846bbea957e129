"""The connection to Redis: knows whether it is there, and since when it is not."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError, ResponseError
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as RedisTimeout

from holytui.distributed.redis_url import shown, without_secrets

T = TypeVar("T")
CONNECT_S = 5.0
ANSWER_S = 10.0
"""Seconds after which a Redis that takes a question and says nothing counts as gone."""
PROBE_S = 2.0
"""Seconds that it then has to say that it is there after all."""
AGAIN_S = 0.5
"""Between two tries."""


class LinkDown(Exception):
    """Redis does not answer now; the message says how, without any password."""


class LinkRefused(Exception):
    """Redis is there and lets us not in, or cannot take anything."""


class Link:
    """One client of Redis for one event loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = shown(url)
        self.down_since: float | None = None
        """Unix seconds; None while it answers."""
        self.redis: Redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=ANSWER_S,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),  # what is asked again is decided here, where it is known to be harmless
        )

    async def ask(self, call: Callable[[Redis], Awaitable[T]]) -> T:
        """Ask Redis something; a second time, where the first connection turns out to be a dead one.

        Args:
            call: harmless to repeat, as everything here is: a pipeline is built inside of it, and whatever must
                count once has a number or a name.

        Raises:
            LinkDown: it does not answer; whether it did what it was asked is not known.
            LinkRefused: it says no.
        """
        try:
            answer = await self._asked(call)
        except (AuthenticationError, NoPermissionError) as error:
            raise LinkRefused(self._words(error, "lets us not in")) from None
        except ResponseError as error:
            text = str(error)
            if text.startswith(("LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "READONLY", "OOM", "MISCONF")):
                raise self._down(error) from None
            raise LinkRefused(self._words(error, "says no")) from None
        except (RedisError, OSError, TimeoutError, EOFError) as error:
            raise self._down(error) from None
        self.down_since = None
        return answer

    async def aclose(self) -> None:
        """Close its connections."""
        await self.redis.aclose()

    async def _asked(self, call: Callable[[Redis], Awaitable[T]]) -> T:
        """Only a fresh connection tells who is there.

        The pool may hold connections to a Redis that was started anew since, and where this process was stopped, its
        clocks ran out with the answer waiting in the socket.
        """
        try:
            return await call(self.redis)
        except (AuthenticationError, BusyLoadingError):
            raise
        except (RedisTimeout, TimeoutError):
            async with asyncio.timeout(PROBE_S):
                await self.redis.ping()
        except (ConnectionLost, ConnectionError, EOFError):
            with contextlib.suppress(RedisError, OSError):
                await self.redis.connection_pool.disconnect(inuse_connections=False)
        return await call(self.redis)

    def _down(self, error: BaseException) -> LinkDown:
        if self.down_since is None:
            self.down_since = time.time()
        return LinkDown(self._words(error, "does not answer"))

    def _words(self, error: BaseException, what: str) -> str:
        words = without_secrets(_reason(error), self._url).strip().rstrip(".")
        return f"Redis at {self.place} {what} ({words or type(error).__name__})"


def _reason(error: BaseException) -> str:
    """As the system says it, where it is the system that says it: the library's text names the address once more."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, socket.gaierror):
        return cause.strerror or str(error)
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)


def as_text(value: Any) -> str:
    """What Redis gives as bytes."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else str(value)
