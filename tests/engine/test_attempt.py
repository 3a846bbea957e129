"""One item against a real server, by a machine that sleeps."""

import asyncio
from collections.abc import Callable

from holytui.core.failures import FailureKind
from holytui.core.job import Input, Job, Provider, Step
from holytui.core.pricing import PriceBook
from holytui.core.work import AttemptEvent, ItemState, Notice, Outcome, Pardon, Record, Work
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.door import Admission
from holytui.engine.executor import Ending
from holytui.engine.flights import Flights
from holytui.engine.plan import plan_job
from holytui.engine.steps import Bench, ItemRun
from holytui.engine.suspend import Suspends
from holytui.provider.client import ChatClient
from holytui.provider.presets import Endpoint
from tests.faults.troubled import DOWN, OK, RESET, Does, Troubled, troubled


class Heard:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.attempts: list[AttemptEvent] = []
        self.outcomes: list[Outcome] = []

    def attempt(self, event: AttemptEvent) -> None:
        self.attempts.append(event)

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def pardon(self, pardon: Pardon) -> None:
        raise AssertionError(f"no outage here: {pardon}")

    def notice(self, notice: Notice) -> None:
        """Nothing to keep."""


async def run_one(url: str, suspends: Callable[[], Suspends]) -> tuple[Ending, Heard]:
    """Take one item with one attempt through one step."""
    step = Step(name="summary", model="deepseek-v3.2", prompt="Summarise {item}")
    job = Job(name="one", input=Input(count=1), provider=Provider(name="simulator"), steps=(step,))
    job = job.model_copy(update={"run": job.run.model_copy(update={"max_attempts": 1})})
    now = asyncio.get_running_loop().time
    client = ChatClient(Endpoint("test", url, ""), max_connections=1)
    admission = Admission(1, Budget(None, 0.0), now=now)
    bench = Bench(plan_job(job, PriceBook(), {}), client, admission, Flights(now), suspends(), now)
    heard = Heard()

    async def alone() -> None:
        """What the runner does when nothing else is in hand that could tell of an outage."""
        while True:
            await asyncio.sleep(0.01)
            admission.release_held()

    runner = asyncio.create_task(alone())
    try:
        ending = await ItemRun(bench, Work(0, "doc_0", 1, Record("doc_0", raw="doc_0")), heard).run()
    finally:
        runner.cancel()
        admission.close()
        await client.aclose()
    return ending, heard


async def test_what_fails_because_the_machine_slept_uses_no_attempt() -> None:
    """The connection was reset during a sleep: with one attempt allowed the item succeeds all the same."""
    asleep_s = 0.0

    def mood(provider: Troubled, prompt: str) -> Does:
        nonlocal asleep_s
        if len(provider.seen) < 2:
            asleep_s += 3600.0
            return (RESET, DOWN)[len(provider.seen)]
        return OK

    def suspends() -> Suspends:
        now = asyncio.get_running_loop().time
        return Suspends(now, awake=now, ever=lambda: now() + asleep_s)

    with troubled(mood) as provider:
        ending, heard = await run_one(provider.url, suspends)
    assert ending is Ending.CLOSED
    assert [outcome.closes for outcome in heard.outcomes] == [ItemState.SUCCEEDED]
    assert [attempt.counted for attempt in heard.attempts] == [False, False, True]
    assert all("the machine slept" in attempt.message for attempt in heard.attempts[:2])


async def test_what_fails_while_it_is_awake_does() -> None:
    with troubled(lambda provider, prompt: RESET) as provider:
        ending, heard = await run_one(provider.url, lambda: Suspends(asyncio.get_running_loop().time))
        assert len(provider.seen) == 1
    assert ending is Ending.CLOSED
    assert [attempt.counted for attempt in heard.attempts] == [True]
    assert [outcome.kind for outcome in heard.outcomes] == [FailureKind.NETWORK]
