"""Items as they get their results, kept for a moment for whoever listens; each is rendered once for all of them."""

import json
import threading
from collections import deque
from itertools import islice

from holytui.core.item_json import item_event
from holytui.core.work import Outcome

KEPT = 10_000
"""Newest events of a job; a listener that is further behind misses the rest: results are in `/results`."""


class ItemFeed:
    """Of one job. Told on the run's thread, heard on the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[bytes] = deque(maxlen=KEPT)
        self._told = 0
        self._listeners = 0

    def tell(self, outcome: Outcome) -> None:
        """An item has its result; costs nothing while nobody listens."""
        if not self._listeners:
            return
        event = b"event: item\ndata: %s\n\n" % json.dumps(item_event(outcome)).encode()
        with self._lock:
            self._kept.append(event)
            self._told += 1

    def listen(self) -> "Listening":
        """Hear what comes from now on; to be closed."""
        with self._lock:
            self._listeners += 1
            return Listening(self, self._told)

    def since(self, number: int) -> tuple[bytes, int]:
        """The events after so many of them that are still kept, and how many there were by now."""
        with self._lock:
            newest_first = islice(reversed(self._kept), self._told - number)
            return b"".join(reversed(list(newest_first))), self._told

    def leave(self) -> None:
        """One listener fewer; the last one takes what is kept with it."""
        with self._lock:
            self._listeners -= 1
            if not self._listeners:
                self._kept.clear()


class Listening:
    """One listener's place in a feed."""

    def __init__(self, feed: ItemFeed, heard: int) -> None:
        self._feed = feed
        self._heard = heard

    def new(self) -> bytes:
        """What came since the last time, as server-sent events."""
        events, self._heard = self._feed.since(self._heard)
        return events

    def close(self) -> None:
        """Stop listening."""
        self._feed.leave()
