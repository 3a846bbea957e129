"""Puts the engine's parts together for a session, and takes them apart again."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from holytui.core.learning import Learning
from holytui.core.work import Notice, Pardon
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.door import Admission
from holytui.engine.admission.outage import Tried
from holytui.engine.admission.upstream import Upstreams
from holytui.engine.executor import Executor
from holytui.engine.local import LocalExecutor
from holytui.engine.plan import plan_job
from holytui.engine.runner import Runner
from holytui.engine.steps import Bench
from holytui.engine.suspend import Suspends
from holytui.engine.work_clock import WorkClock
from holytui.offload import offload
from holytui.provider.client import ChatClient
from holytui.provider.presets import Endpoint
from holytui.provider.simulation import options_from_url
from holytui.runs.elsewhere import Elsewhere, ElsewhereError, Parts
from holytui.runs.launch import Launch
from holytui.runs.picture import PacedSink, Picture
from holytui.store.reader import Reader
from holytui.store.writer import Writer

if TYPE_CHECKING:
    from holytui.provider.simulator import EmbeddedSimulator


OBSERVED = 20_000
"""Newest attempts that the clocks learn from at the start of a session."""

PARDONED = "the provider was down"


@dataclass(frozen=True, slots=True)
class Engine:
    """The moving parts of a session."""

    admission: Admission
    executor: Executor
    runner: Runner
    sink: PacedSink
    suspends: Suspends
    simulator: "EmbeddedSimulator | None"

    async def aclose(self) -> None:
        """Close connections, end the embedded simulator."""
        self.admission.close()
        await self.executor.aclose()
        if self.simulator is not None:
            self.simulator.stop()


async def open_engine(
    launch: Launch,
    reader: Reader,
    writer: Writer,
    picture: Picture,
    upstreams: Upstreams,
    clock: WorkClock,
    *,
    on_change: Callable[[], None],
) -> Engine:
    """Build everything for a session; the runner is not started yet."""
    sink = PacedSink(writer, picture.pace, picture.costs, clock.now)

    def notice(kind: str, text: str) -> None:
        sink.notice(Notice(kind, text, time.time()))

    def pardon(tried: Sequence[Tried]) -> None:
        for one in tried:
            sink.pardon(Pardon(one.index, one.step, one.round, one.number, PARDONED))

    learning = Learning()
    for seen in await offload(partial(reader.observations, OBSERVED)):
        learning.observe(seen)
    learning.on_change = partial(notice, "clock")
    picture.learning = learning
    simulator, endpoint = _endpoint(launch)
    run = launch.job.run
    admission = Admission(
        run.concurrency,
        Budget(run.budget_usd, writer.counters.spend.known_usd, raise_mark=lambda usd: _mark(writer, usd, admission)),
        now=clock.now,
        upstream=upstreams.of(endpoint.base_url, endpoint.api_key),
        rates=(run.rpm, run.tpm),
        on_notice=notice,
        on_pardon=pardon,
    )
    suspends = Suspends(clock.now, awake=lambda: time.monotonic() - clock.held_s)
    parts = Parts(launch, reader, writer, sink, admission, picture.flights, learning, picture, clock.now)
    if launch.elsewhere is None:
        if launch.was_elsewhere is not None:
            await _call_back(launch.was_elsewhere, parts, notice)
        client = ChatClient(
            endpoint,
            max_connections=run.concurrency,
            detour=simulator.detour if simulator is not None else None,
        )
        plan = plan_job(launch.job, launch.prices, launch.factors, learning)
        executor: Executor = LocalExecutor(Bench(plan, client, admission, picture.flights, suspends, clock.now))
    else:
        executor = await launch.elsewhere.open(parts)
    runner = Runner(reader, executor, sink, admission, picture.flights, limit=launch.limit, on_change=on_change)
    picture.admission, picture.runner = admission, runner
    return Engine(admission, executor, runner, sink, suspends, simulator)


async def _call_back(workers: Elsewhere, parts: Parts, notice: Callable[[str, str], None]) -> None:
    """What workers have finished is recorded before it could be asked again; a person has decided to go on here."""
    try:
        await workers.call_back(parts)
    except ElsewhereError as error:
        notice("worker", f"what workers have finished is not known here, and is asked again: {error}")


def _endpoint(launch: Launch) -> "tuple[EmbeddedSimulator | None, Endpoint]":
    if launch.endpoint is not None:
        return None, launch.endpoint
    if launch.elsewhere is not None:
        return None, Endpoint(launch.target.name, launch.target.base_url, "", simulated=True)  # each worker has its own
    from holytui.provider.simulator import EmbeddedSimulator  # a server's worth of modules, for this case only

    simulator = EmbeddedSimulator.start(options_from_url(launch.target.base_url))
    return simulator, Endpoint(launch.target.name, simulator.base_url, "", simulated=True)


def _mark(writer: Writer, usd: float, admission: Admission) -> None:
    """Put the budget's mark on disk, and let the door know when it is there."""
    loop = asyncio.get_running_loop()

    def marked(done: "Future[None]") -> None:
        if done.cancelled() or done.exception() is not None:
            return  # the writer tells of it, and the session ends
        with contextlib.suppress(RuntimeError):  # the loop may be closing
            loop.call_soon_threadsafe(admission.marked, usd)

    writer.reserve(usd).add_done_callback(marked)
