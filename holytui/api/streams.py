"""A job told as it happens: server-sent events, from now until nobody runs it any more."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from holytui.api.hosting import Hosting
from holytui.api.refusals import Refused
from holytui.api.statuses import Shown, Statuses
from holytui.core.progress import JobState
from holytui.store.trouble import CheckpointError

MOST = 100
"""Streams open at once."""

LOOK_S = 0.25
PROGRESS_S = 1.0
ALIVE_S = 15.0
"""Proxies close a connection on which nothing comes for a minute or so."""

RETRY_MS = 2000
BEGIN = b"retry: %d\n\n" % RETRY_MS
ALIVE = b": alive\n\n"


class Streams:
    """Lives on the server's loop."""

    def __init__(self, hosting: Hosting, statuses: Statuses) -> None:
        self._hosting = hosting
        self._statuses = statuses
        self._open = 0

    async def open(self, job_id: str, *, items: bool) -> AsyncIterator[bytes]:
        """The events of a job.

        `progress` at once and then once a second while it changes, `state` when the state does, `finished` when
        nobody runs it, each with a JSON object.

        Args:
            job_id: of the job.
            items: `item` too, for each item of a run of this process that gets its result: hundreds a second, perhaps.

        Raises:
            Refused: there is no such job (404), or too many streams are open (503).
            CheckpointError: it cannot be read.
        """
        shown = await self._statuses.shown(job_id)
        if self._open >= MOST:
            raise Refused(503, f"{MOST} event streams are open already.")
        return self._events(job_id, shown, items=items)

    async def _events(self, job_id: str, shown: Shown, *, items: bool) -> AsyncIterator[bytes]:
        self._open += 1
        feed = self._hosting.feed(job_id).listen() if items else None
        try:
            state = _state(shown)
            yield BEGIN + _event("progress", shown.body)
            told, told_at, sent_at = shown, time.monotonic(), time.monotonic()
            while not shown.resting:
                if self._hosting.ending and self._hosting.here(job_id) is None:
                    return
                await asyncio.sleep(LOOK_S)
                shown = await self._statuses.shown(job_id)
                news, now = [b"" if feed is None else feed.new()], time.monotonic()
                if _state(shown) != state:
                    state = _state(shown)
                    news.append(_event("state", shown.body))
                if shown is not told and now - told_at >= PROGRESS_S:
                    told, told_at = shown, now
                    news.append(_event("progress", shown.body))
                if now - sent_at >= ALIVE_S:
                    news.append(ALIVE)
                if text := b"".join(news):
                    sent_at = now
                    yield text
            yield (b"" if feed is None else feed.new()) + _event("finished", shown.body)
        except (CheckpointError, Refused) as trouble:
            yield _event("trouble", json.dumps({"detail": str(trouble)}).encode())
        finally:
            if feed is not None:
                feed.close()
            self._open -= 1


def _state(shown: Shown) -> tuple[JobState, str]:
    return shown.snapshot.state, shown.snapshot.reason


def _event(name: str, body: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), body)
