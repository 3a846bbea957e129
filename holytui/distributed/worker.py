"""`holytui worker`: Celery's worker around a hub, in this process, until it is told to end."""

import logging
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from typing import Any

from celery import signals
from celery.platforms import SecurityWarning

from holytui.distributed.app import TASK, make_app, queue_of
from holytui.distributed.hub import Hub, Settings
from holytui.distributed.keys import queue
from holytui.distributed.redis_url import shown

FINISH_S = 30.0
"""Seconds that requests in flight get after a SIGTERM or ctrl+c."""
FAREWELL_S = 3.0
LOOK_S = 0.5
MOST_SLICES = 256
"""Slices that a worker holds at most: each waits in a thread of Celery's, most of them for a slow item."""


def run_worker(settings: Settings, say: Callable[[str], None]) -> None:
    """Work until a signal ends it: the first lets requests in flight finish, a second one ends at once.

    Args:
        settings: how it works; its address of Redis is known to be one.
        say: told sentences for whoever looks at its terminal.
    """
    hub = Hub(settings, say)
    app = make_app(settings.url)
    logging.getLogger("celery").setLevel(logging.CRITICAL)
    logging.getLogger("kombu").setLevel(logging.CRITICAL)

    @app.task(name=TASK, acks_late=True, reject_on_worker_lost=True, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_slice(message: Mapping[str, Any]) -> None:
        future = hub.take(message)
        # Not for ever: Celery waits for its threads at the end, and Redis may be gone.
        while not wait([future], timeout=LOOK_S).done and not hub.over.is_set():
            pass

    def ending(**_: Any) -> None:
        say(f"ends: requests in flight have {FINISH_S:.0f} s to finish, other items return to their jobs")
        hub.wind_down(FINISH_S)

    signals.worker_shutting_down.connect(ending, weak=False)
    hub.start()
    app.conf.task_queues = (queue_of(hub.name),)
    # It warns of pickled messages to a process of root's; here only JSON is read.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = app.Worker(
        pool="threads",
        concurrency=min(MOST_SLICES, settings.concurrency + 8),
        queues=[queue(hub.name)],
        hostname=hub.name,
        loglevel=logging.CRITICAL,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        beat=False,
    )
    say(f"{hub.name}: {settings.concurrency} requests at once, waits for jobs at {shown(settings.url)}")
    try:
        worker.start()
    finally:
        hub.stop(FAREWELL_S)
