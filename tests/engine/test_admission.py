"""The door: slots, gate, budget and breaker, asked together."""

import asyncio
import gc

import pytest

from holytui.core.progress import JobState
from holytui.engine.admission import outage
from holytui.engine.admission.breaker import SAME_REFUSALS, Breaker, Halt
from holytui.engine.admission.budget import Budget
from holytui.engine.admission.concurrency import Concurrency
from holytui.engine.admission.door import Admission
from holytui.engine.admission.gate import JITTER, MOST_JITTER_S, Gate
from holytui.engine.admission.ticket import Ticket, TurnedAway
from holytui.engine.admission.upstream import Upstream
from holytui.engine.flights import Flights


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def door(ceiling: int = 2, budget: Budget | None = None) -> Admission:
    return Admission(ceiling, budget or Budget(None, 0.0), now=asyncio.get_running_loop().time)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_ceiling_are_inside() -> None:
    admission = door(ceiling=3)
    inside, most, leave = 0, 0, asyncio.Event()

    async def visit() -> None:
        nonlocal inside, most
        async with admission.enter(0.0):
            inside += 1
            most = max(most, inside)
            await leave.wait()
            inside -= 1

    visits = [asyncio.create_task(visit()) for _ in range(10)]
    await settle()
    assert inside == 3
    leave.set()
    await asyncio.gather(*visits)
    assert most == 3
    assert admission.upstream.concurrency.in_use == 0


async def test_who_cannot_be_let_in_leaves_nothing_behind_at_the_door() -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    admission = door(budget=Budget(1.0, 0.0))

    async def visit() -> None:
        async with admission.enter(10**400):
            pass

    ends = await asyncio.gather(visit(), visit(), return_exceptions=True)
    assert [type(end) for end in ends] == [OverflowError, OverflowError]
    assert admission.waiting == 0
    admission.close()
    gc.collect()
    await settle()
    assert told == []


async def test_first_come_first_served() -> None:
    admission = door(ceiling=1)
    order: list[int] = []

    async def visit(number: int) -> None:
        async with admission.enter(0.0):
            order.append(number)

    await asyncio.gather(*(visit(number) for number in range(20)))
    assert order == list(range(20))


async def test_a_cancelled_waiter_gives_its_place_up_and_leaks_no_slot() -> None:
    admission = door(ceiling=1)
    async with admission.enter(0.0):
        waiter = asyncio.create_task(admission.enter(0.0).__aenter__())
        await settle()
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    async with asyncio.timeout(1), admission.enter(0.0):
        assert admission.upstream.concurrency.in_use == 1


async def test_cancelled_in_the_instant_of_admission_leaks_no_slot() -> None:
    admission = door(ceiling=1)
    first = admission.enter(0.0)
    await first.__aenter__()
    waiter = asyncio.create_task(admission.enter(0.0).__aenter__())
    await settle()
    await first.__aexit__(None, None, None)  # admits the waiter, which has not run yet
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert admission.upstream.concurrency.in_use == 0


async def test_the_gate_holds_everyone_and_lets_them_go_by_itself() -> None:
    admission = door(ceiling=4)
    loop = asyncio.get_running_loop()
    admission.rate_limited(Ticket(0.0, loop.time()), 0.2, "slow down")
    began = loop.time()

    async def visit() -> float:
        async with admission.enter(0.0):
            return loop.time() - began

    waits = await asyncio.gather(*(visit() for _ in range(8)))
    assert min(waits) >= 0.19


async def test_one_episode_shrinks_once_however_many_429s_it_has() -> None:
    admission = door(ceiling=10)
    sent_at = asyncio.get_running_loop().time()
    for _ in range(10):
        admission.rate_limited(Ticket(0.0, sent_at), 0.01, "slow down")
    assert admission.upstream.concurrency.current == 7


async def test_a_wait_beyond_ten_minutes_pauses_the_job_with_its_wake_time() -> None:
    admission = Admission(2, Budget(None, 0.0), now=asyncio.get_running_loop().time, wall=lambda: 1_000_000.0)
    admission.rate_limited(Ticket(0.0, 0.0), 3600.0, "come back in an hour")
    halt = admission.breaker.halt
    assert halt is not None
    assert (halt.state, halt.reason) == (JobState.PAUSED, "rate_limit")
    assert halt.wake_at == pytest.approx(1_003_600.0, abs=1)


async def test_draining_turns_waiters_away_and_ends_backoffs() -> None:
    admission = door(ceiling=1)
    async with admission.enter(0.0):
        waiter = asyncio.create_task(admission.enter(0.0).__aenter__())
        backoff = asyncio.create_task(admission.pause(60.0))
        await settle()
        admission.drain()
        with pytest.raises(TurnedAway):
            await waiter
        with pytest.raises(TurnedAway):
            await backoff
    with pytest.raises(TurnedAway):
        await admission.enter(0.0).__aenter__()
    admission.reopen()
    async with admission.enter(0.0):
        pass


async def test_bounds_in_flight_never_exceed_the_budget() -> None:
    budget = Budget(1.0, 0.0)
    admission = door(ceiling=64, budget=budget)
    most = 0.0

    async def visit() -> None:
        nonlocal most
        try:
            async with admission.enter(0.3) as ticket:
                most = max(most, budget.spent_usd + budget.reserved_usd)
                await asyncio.sleep(0)
                ticket.cost_usd = 0.1
        except TurnedAway:
            pass

    await asyncio.gather(*(visit() for _ in range(50)))
    assert most <= 1.0
    assert 0.7 < budget.spent_usd <= 1.0
    assert admission.breaker.halt is not None
    assert admission.breaker.halt.reason == "budget"


async def test_a_request_that_fits_no_budget_stops_the_job_at_once() -> None:
    admission = door(budget=Budget(0.10, 0.05))
    with pytest.raises(TurnedAway):
        await admission.enter(0.06).__aenter__()
    assert admission.breaker.halt is not None


async def test_every_wait_at_the_door_has_its_name() -> None:
    admission = door(ceiling=2, budget=Budget(1.0, 0.0))
    flight = Flights(admission._now).take(0, "doc_0", "summary")
    flight.waiting("waiting", 0.0, lambda: admission.waits_for)
    async with admission.enter(0.6) as first:
        waiter = asyncio.create_task(admission.enter(0.6).__aenter__())
        await settle()
        assert flight.view().tail == "the budget"
        admission.change_ceiling(1)
        assert flight.view().tail == "a free slot"
        admission.change_ceiling(2)
        admission.rate_limited(first, 30.0, "too many")
        admission.pump()
        assert flight.view().tail == "rate limit"
        waiter.cancel()


async def test_items_in_backoff_leave_room_for_others() -> None:
    admission = door(ceiling=2)
    assert admission.wanted(in_hand=2) == 0, "a quarter of two slots stands nobody ready"
    backoff = asyncio.create_task(admission.pause(60.0))
    await settle()
    assert admission.wanted(in_hand=2) == 1
    backoff.cancel()


def test_the_gate_guesses_longer_each_episode_until_a_success() -> None:
    clock = Clock()
    gate = Gate(clock)
    waits = []
    for _ in range(8):
        gate.refused(clock.at, None)
        assert gate.opens_in is not None
        waits.append(gate.opens_in)
        clock.at += gate.opens_in + 0.001
    for wait, guess in zip(waits, [1, 2, 4, 8, 16, 32, 60, 60], strict=True):
        assert guess <= wait <= guess + min(MOST_JITTER_S, JITTER * guess)
    gate.succeeded()
    gate.refused(clock.at, None)
    assert gate.opens_in is not None
    assert 1.0 <= gate.opens_in <= 1.0 + JITTER


def test_growth_stays_below_the_refused_level_for_a_while() -> None:
    clock = Clock()
    concurrency = Concurrency(64, clock)
    concurrency.shrink()
    assert concurrency.current == 44
    for _ in range(10_000):
        concurrency.succeeded()
    assert concurrency.current == 63
    clock.at += 31
    for _ in range(200):
        concurrency.succeeded()
    assert concurrency.current == 64


def test_concurrency_never_shrinks_to_nothing() -> None:
    concurrency = Concurrency(2, Clock())
    for _ in range(10):
        concurrency.shrink()
    assert concurrency.current == 1


async def test_twenty_refusals_alike_stop_the_job() -> None:
    breaker = Breaker()
    holds = [asyncio.create_task(breaker.hold("a", 404, "no such path")) for _ in range(SAME_REFUSALS - 1)]
    await settle()
    assert not any(hold.done() for hold in holds)
    await breaker.hold("a", 404, "no such path")
    await asyncio.gather(*holds)
    assert breaker.halt is not None
    assert breaker.halt.reason == "refused"


async def test_one_other_result_lets_the_refusals_fail_on_their_own() -> None:
    breaker = Breaker()
    holds = [asyncio.create_task(breaker.hold("a", 400, "bad")) for _ in range(5)]
    await settle()
    breaker.varied("a")
    await asyncio.gather(*holds)
    assert breaker.halt is None
    await breaker.hold("a", 400, "bad")  # no longer held
    assert breaker.halt is None


async def test_each_step_is_judged_by_its_own_first_results() -> None:
    breaker = Breaker()
    breaker.varied("summary")
    holds = [asyncio.create_task(breaker.hold("title", 404, "no such path")) for _ in range(SAME_REFUSALS)]
    await asyncio.gather(*holds)
    assert breaker.halt is not None
    assert "title" in breaker.halt.message


def forbid(breaker: Breaker, *indices: int, others: bool) -> "list[asyncio.Task[None]]":
    for index in indices:
        breaker.suspect(index)
    return [asyncio.create_task(breaker.forbidden(index, "no", others=others)) for index in indices]


async def test_three_items_forbidden_in_a_row_mean_the_key() -> None:
    breaker = Breaker()
    held = forbid(breaker, 1, 1, 2, others=False)
    await settle()
    assert not any(task.done() for task in held), "nobody knows yet whose fault it is"
    breaker.answered()
    await asyncio.gather(*held)
    assert breaker.halt is None
    await asyncio.gather(*forbid(breaker, 3, 4, 5, others=False))
    assert breaker.halt is not None
    assert breaker.halt.reason == "auth"


async def test_what_is_still_in_flight_speaks_before_a_key_is_condemned() -> None:
    breaker = Breaker()
    held = forbid(breaker, 1, 2, 3, 4, others=True)
    await settle()
    assert breaker.bars(inside=1)
    assert breaker.halt is None
    breaker.answered()
    await asyncio.gather(*held)
    assert not breaker.bars(inside=1)
    assert breaker.halt is None


def test_the_first_reason_stands() -> None:
    breaker = Breaker()
    breaker.trip(Halt(JobState.STOPPED, "auth", "a"))
    breaker.trip(Halt(JobState.STOPPED, "quota", "b"))
    assert breaker.halt is not None
    assert breaker.halt.reason == "auth"


async def more_wanted(admission: Admission) -> None:
    """What the runner does while it has nothing in hand: look again whenever something has changed."""
    while not admission.wanted(0):
        admission.changed.clear()
        if not admission.wanted(0):
            await admission.changed.wait()


@pytest.mark.parametrize("why", ["gate", "outage"])
async def test_a_timer_that_rings_early_is_set_again(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's clock in whole milliseconds is up to one ahead of the moment that was meant."""
    loop = asyncio.get_running_loop()
    late = 0.02
    admission = Admission(2, Budget(None, 0.0), now=lambda: loop.time() - late)
    if why == "gate":
        admission.upstream.gate.refused(loop.time(), 0.05)
    else:
        monkeypatch.setattr(outage, "PROBE_FIRST_S", 0.05)
        admission.outage.begin()
    assert admission.wanted(0) == 0
    # An alarm for the moment as the loop counts it: by the door's clock it is too early.
    late = 0.05
    async with asyncio.timeout(5):
        await more_wanted(admission)
    admission.close()


async def test_a_gate_that_another_job_closed_opens_for_a_job_with_nobody_at_its_door() -> None:
    upstream = Upstream(asyncio.get_running_loop().time)
    one, other = (
        Admission(2, Budget(None, 0.0), now=asyncio.get_running_loop().time, upstream=upstream) for _ in range(2)
    )
    async with one.enter(0.0) as ticket:
        one.rate_limited(ticket, 0.05, "slow down")
    assert other.wanted(0) == 0
    async with asyncio.timeout(5):
        await more_wanted(other)
    for admission in (one, other):
        admission.close()


async def test_answers_that_were_never_saved_do_not_occupy_slots_behind_their_session() -> None:
    upstream = Upstream(asyncio.get_running_loop().time)

    def session() -> Admission:
        return Admission(2, Budget(None, 0.0), now=asyncio.get_running_loop().time, upstream=upstream)

    broken = session()
    for _ in range(2):
        async with broken.enter(0.0):
            broken.answered()
    broken.close()
    resumed = session()
    async with asyncio.timeout(5), resumed.enter(0.0), resumed.enter(0.0):
        broken.saved(2)  # news that comes too late gives nothing back twice
        assert (upstream.concurrency.in_use, upstream.concurrency.unsaved) == (2, 0)
    resumed.close()
