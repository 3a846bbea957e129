"""Slices on their way to a worker's queue, by Celery; its client blocks, so it is called off the loop."""

from collections.abc import Mapping
from typing import Any

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from holytui.distributed.app import TASK, make_app, queue_of
from holytui.distributed.link import LinkDown
from holytui.distributed.redis_url import shown, without_secrets
from holytui.offload import offload


class Publisher:
    """Publishes tasks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._app = make_app(url)

    async def publish(self, worker: str, message: Mapping[str, Any]) -> None:
        """Put a slice into a worker's queue.

        Raises:
            LinkDown: Redis did not take it, or could not say that it did.
        """

        def send() -> None:
            try:
                self._app.send_task(TASK, args=[message], queue=queue_of(worker), ignore_result=True)
            except (OperationalError, RedisError, OSError, TimeoutError) as error:
                words = without_secrets(str(error), self._url)
                raise LinkDown(f"Redis at {shown(self._url)} does not answer ({words})") from None

        await offload(send, "holytui-publish")

    async def aclose(self) -> None:
        """Close its connections."""
        await offload(self._app.close, "holytui-publish")
