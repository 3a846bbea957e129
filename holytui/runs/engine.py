"""Puts the engine's parts together for a session, and takes them apart again."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from holytui.core.work import Notice
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.door import Admission
from holytui.engine.executor import Executor
from holytui.engine.local import LocalExecutor
from holytui.engine.plan import plan_job
from holytui.engine.runner import Runner
from holytui.engine.steps import Bench
from holytui.provider.client import ChatClient
from holytui.provider.presets import Endpoint
from holytui.provider.simulation import options_from_url
from holytui.runs.launch import Launch
from holytui.runs.picture import PacedSink, Picture
from holytui.store.reader import Reader
from holytui.store.writer import Writer

if TYPE_CHECKING:
    from holytui.provider.simulator import EmbeddedSimulator


@dataclass(frozen=True, slots=True)
class Engine:
    """The moving parts of a session."""

    admission: Admission
    executor: Executor
    runner: Runner
    sink: PacedSink
    simulator: "EmbeddedSimulator | None"

    async def aclose(self) -> None:
        """Close connections, end the embedded simulator."""
        await self.executor.aclose()
        if self.simulator is not None:
            self.simulator.stop()


async def open_engine(
    launch: Launch, reader: Reader, writer: Writer, picture: Picture, *, on_change: Callable[[], None]
) -> Engine:
    """Build everything for a session; the runner is not started yet."""
    loop = asyncio.get_running_loop()
    sink = PacedSink(writer, picture.pace, loop.time)
    budget = Budget(launch.job.run.budget_usd, writer.counters.spend.known_usd)
    admission = Admission(
        launch.job.run.concurrency,
        budget,
        now=loop.time,
        on_notice=lambda kind, text: sink.notice(Notice(kind, text, time.time())),
    )
    simulator = None
    endpoint = launch.endpoint
    if endpoint is None:
        from holytui.provider.simulator import EmbeddedSimulator  # a server's worth of modules, for this case only

        simulator = EmbeddedSimulator.start(options_from_url(launch.target.base_url))
        endpoint = Endpoint(launch.target.name, simulator.base_url, "", simulated=True)
    client = ChatClient(
        endpoint,
        max_connections=launch.job.run.concurrency,
        detour=simulator.detour if simulator is not None else None,
    )
    bench = Bench(plan_job(launch.job, launch.prices, launch.factors), client, admission, picture.flights, loop.time)
    executor = LocalExecutor(bench)
    runner = Runner(reader, executor, sink, admission, picture.flights, limit=launch.limit, on_change=on_change)
    picture.admission, picture.runner = admission, runner
    return Engine(admission, executor, runner, sink, simulator)
