"""`holytui worker`: Celery's worker around a hub, in this process, until it is told to end."""

import logging
import signal
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from typing import Any

from celery.exceptions import WorkerShutdown, WorkerTerminate
from celery.platforms import SecurityWarning
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer

from holytui.distributed.app import TASK, make_app, queue_of
from holytui.distributed.hub import Hub
from holytui.distributed.keys import queue
from holytui.distributed.opening import Settings

FINISH_S = 30.0
"""Seconds that requests in flight get after a signal."""
FAREWELL_S = 3.0
LOOK_S = 0.5
MOST_SLICES = 256
"""Slices that a worker holds at most: each waits in a thread of Celery's, most of them for a slow item."""
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class SteadyConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
    """Looks for a Redis that is away twice a second: Celery's own pauses grow to half a minute."""

    def ensure_connected(self, conn: Any) -> Any:
        connected = conn.ensure_connection(
            lambda error, interval: None,
            None,
            interval_start=LOOK_S,
            interval_step=0.0,
            interval_max=LOOK_S,
            callback=state.maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected


def run_worker(settings: Settings, say: Callable[[str], None]) -> None:
    """Work until a signal ends it: the first lets requests in flight finish, another one ends at once.

    Args:
        settings: how it works; its address of Redis is known to be one.
        say: told sentences for whoever looks at its terminal.
    """
    hub = Hub(settings, say)
    worker = _celery_worker(settings, hub)
    for number in ENDINGS:
        # Under nohup SIGHUP is ignored, and must stay so: the worker is meant to outlive the link.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: _end(hub, say))
    hub.start()
    try:
        worker.start()
    except (WorkerShutdown, WorkerTerminate, SystemExit):
        pass  # as it was told
    finally:
        hub.stop(FAREWELL_S)


def _celery_worker(settings: Settings, hub: Hub) -> WorkController:
    """Celery's worker without its own banner, signals and log."""
    app = make_app(settings.url)
    app.conf.task_queues = (queue_of(hub.name),)
    for name in ("celery", "kombu"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # It warns of pickled messages to a process of root's; here only JSON is read.
    warnings.filterwarnings("ignore", category=SecurityWarning)

    @app.task(name=TASK, acks_late=True, reject_on_worker_lost=True, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def run_slice(message: Mapping[str, Any]) -> None:
        future = hub.take(message)
        # Not for ever: Celery waits for its threads at the end, and Redis may be gone.
        while not wait([future], timeout=LOOK_S).done and not hub.over.is_set():
            pass

    app.finalize()
    return WorkController(
        app=app,
        pool_cls="threads",
        consumer_cls=SteadyConsumer,
        concurrency=min(MOST_SLICES, settings.concurrency + 8),
        queues=[queue(hub.name)],
        hostname=hub.name,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )


def _end(hub: Hub, say: Callable[[str], None]) -> None:
    """In the signal's handler: Celery's loop looks at this state."""
    if state.should_stop is None:
        say(f"ends: requests in flight have {FINISH_S:.0f} s to finish, other items return to their jobs")
        hub.wind_down(FINISH_S)
        state.should_stop = 0
    else:
        say("ends at once: requests in flight are cancelled")
        hub.wind_down(0.0)
