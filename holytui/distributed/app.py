"""The Celery application: one task, a slice of items, as JSON."""

from celery import Celery
from kombu.entity import Queue

from holytui.distributed.keys import CELERY_PREFIX, queue
from holytui.distributed.redis_url import for_celery

TASK = "holytui.slice"
VISIBILITY_S = 6 * 3600
"""Longer than any slice: Redis's transport would hand a task that takes longer out a second time."""
RESTORE_S = 1
"""Seconds between two looks for tasks whose worker is gone; the transport's own default takes minutes (measured)."""
QUEUE_EXPIRES_S = 24 * 3600.0


def make_app(url: str, *, publish_retries: int = 1) -> Celery:
    """An application at this Redis.

    Args:
        url: of Redis; TLS and password are in it.
        publish_retries: tries to publish before it raises; the owner has a loop of its own around it.
    """
    app = Celery("holytui", broker=for_celery(url), set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_create_missing_queues=True,
        task_publish_retry=publish_retries > 0,
        task_publish_retry_policy={"max_retries": publish_retries, "interval_start": 0.1, "interval_max": 0.5},
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_enable_prefetch_count_reduction=False,  # what is in hand here is counted by the owner
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_S,
            "unacked_restore_interval": RESTORE_S,
            "unacked_restore_throttle": 1,
            "global_keyprefix": CELERY_PREFIX,
            "socket_connect_timeout": 5,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        # Nothing of ours goes through Celery's event or result channels.
        result_backend=None,
        enable_utc=True,
        timezone="UTC",
    )
    return app


def queue_of(name: str) -> Queue:
    """A worker's queue; it goes away some time after the worker."""
    return Queue(queue(name), routing_key=queue(name), expires=QUEUE_EXPIRES_S)  # type: ignore[no-untyped-call]  # kombu is typed in part
