"""Opens a job on a worker: where its requests go, with which key, at which prices."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holytui.distributed.hosting import JobHost
from holytui.distributed.keys import JobKeys
from holytui.distributed.outbox import Outbox
from holytui.distributed.spec import Spec
from holytui.engine.admission.upstream import Upstreams
from holytui.engine.plan import plan_job
from holytui.engine.suspend import Suspends
from holytui.engine.work_clock import WorkClock
from holytui.offload import offload
from holytui.provider.client import ChatClient
from holytui.provider.presets import Endpoint
from holytui.provider.simulation import options_from_url
from holytui.runs.endpoint import EndpointError, Target, resolve_endpoint
from holytui.runs.launch import Tables

if TYPE_CHECKING:
    from holytui.provider.simulator import EmbeddedSimulator


@dataclass(frozen=True, slots=True)
class Settings:
    """How a worker works.

    Attributes:
        url: of Redis.
        concurrency: requests in flight at most, for all jobs together.
        tables: prices, clock factors, and to which hosts which keys may go.
        env: where the keys are read from.
        trust: a job may name any host for a key: asked for on the command line.
    """

    url: str
    concurrency: int
    tables: Tables
    env: Mapping[str, str]
    trust: bool = False


class Unable(Exception):
    """This worker cannot send requests of a job; the message says why, and holds no key."""


class Opening:
    """Of one worker; on its loop's thread. Jobs on one host and key share limits, those on a simulator share it."""

    def __init__(
        self, settings: Settings, worker: str, outbox: Outbox, clock: WorkClock, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._outbox = outbox
        self._clock = clock
        self._say = say
        self._upstreams = Upstreams(clock.now)
        self._simulators: dict[str, EmbeddedSimulator] = {}

    async def host(self, spec: Spec, keys: JobKeys) -> JobHost:
        """What works on a session's slices.

        Raises:
            Unable: its requests cannot be sent from here.
        """
        endpoint = await self._endpoint(spec)
        tables = self._settings.tables
        simulator = self._simulators.get(spec.target.base_url) if spec.target.embedded else None
        client = ChatClient(
            endpoint,
            max_connections=self._settings.concurrency,
            detour=simulator.detour if simulator is not None else None,
        )
        book = Tables(tables.prices, {**tables.user_prices, **spec.prices}, tables.factors, tables.trusted)
        plan = plan_job(spec.job, book.book(spec.job), tables.factors, spec.learning())
        clock = self._clock
        return JobHost(
            spec,
            keys,
            self._worker,
            plan,
            client,
            self._upstreams.of(endpoint.base_url, endpoint.api_key),
            self._outbox,
            now=clock.now,
            suspends=Suspends(clock.now, awake=lambda: time.monotonic() - clock.held_s),
        )

    async def _endpoint(self, spec: Spec) -> Endpoint:
        target, settings = spec.target, self._settings
        if target.embedded:
            return Endpoint(target.name, (await self._simulator(target)).base_url, "", simulated=True)
        try:
            return resolve_endpoint(
                target,
                spec.job.provider,
                env=settings.env,
                trusted=settings.tables.trusted,
                confirm=lambda host, variable: settings.trust,
            )
        except EndpointError as error:
            self._say(f"cannot work on {spec.job.name}: {error}")
            raise Unable(f"{self._worker}: {error}") from None

    async def _simulator(self, target: Target) -> "EmbeddedSimulator":
        from holytui.provider.simulator import EmbeddedSimulator  # a server's worth of modules, for this case only

        if target.base_url not in self._simulators:
            options = options_from_url(target.base_url)
            self._simulators[target.base_url] = await offload(lambda: EmbeddedSimulator.start(options))
        return self._simulators[target.base_url]

    def close(self) -> None:
        """Stop its simulators."""
        for simulator in self._simulators.values():
            simulator.stop()
