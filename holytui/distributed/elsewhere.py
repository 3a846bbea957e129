"""Celery and Redis as the runs know them: implements `runs.elsewhere.Elsewhere`."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence

from holytui.core.workers import WorkerSeen
from holytui.distributed.executor import CeleryExecutor
from holytui.distributed.keys import job_keys
from holytui.distributed.link import Link, LinkDown, LinkRefused
from holytui.distributed.redis_url import DEFAULT_URL, VARIABLE, RedisUrlError, checked, shown
from holytui.distributed.roster import Roster
from holytui.distributed.sending import Publisher
from holytui.distributed.spec import SEEN_OF_EACH, Spec
from holytui.engine.plan import plan_job
from holytui.offload import offload
from holytui.runs.elsewhere import ElsewhereError, Parts


class CeleryElsewhere:
    """Workers at one Redis."""

    name = "celery"

    def __init__(self, url: str | None) -> None:
        """Workers that are reached there.

        Args:
            url: of Redis; None: on this machine.

        Raises:
            ElsewhereError: it is no address of Redis.
        """
        try:
            self._url = checked(url or DEFAULT_URL)
        except RedisUrlError as error:
            raise ElsewhereError(f"{error}.") from None

    @property
    def place(self) -> str:
        return shown(self._url)

    @property
    def environment(self) -> Mapping[str, str]:
        return {VARIABLE: self._url}

    def workers(self) -> Sequence[WorkerSeen]:
        """Who would take items now; blocks for some seconds at most, from any thread but a loop's.

        Raises:
            ElsewhereError: Redis cannot be asked.
        """
        return asyncio.run(self._look())

    async def _look(self) -> Sequence[WorkerSeen]:
        link = Link(self._url)
        # Of no job: what workers have in hand is another question.
        roster = Roster(job_keys(0.0, ""), time.monotonic)
        try:
            await link.ask(roster.read)
        except (LinkDown, LinkRefused) as error:
            raise ElsewhereError(f"{error}.") from None
        finally:
            await link.aclose()
        return [worker for worker in roster.seen() if worker.alive]

    async def open(self, parts: Parts) -> CeleryExecutor:
        """The executor of a session.

        Raises:
            ElsewhereError: Redis does not answer, or lets us not in.
        """
        executor = await self._executor(parts)
        await executor.start()
        return executor

    async def call_back(self, parts: Parts) -> None:
        """Take over what workers have done of a job that goes on without them, and have the rest cancelled.

        Raises:
            ElsewhereError: Redis does not answer, or lets us not in.
        """
        executor = await self._executor(parts)
        try:
            await executor.call_back()
        finally:
            await executor.aclose()

    async def _executor(self, parts: Parts) -> CeleryExecutor:
        launch = parts.launch
        meta = await offload(parts.reader.meta)
        spec = Spec(
            session=uuid.uuid4().hex[:12],
            job=launch.job,
            target=launch.target,
            prices=launch.prices.known(),
            seen=parts.learning.sample(SEEN_OF_EACH),
        )
        plan = plan_job(launch.job, launch.prices, launch.factors, parts.learning)
        keys = job_keys(meta.created_at, meta.name)
        return CeleryExecutor(parts, spec, plan, keys, Link(self._url), Publisher(self._url))
