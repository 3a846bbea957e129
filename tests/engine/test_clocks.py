"""Every wait has a clock and a name; each expiry says which clock it was."""

import asyncio

import pytest

from holytui.core.timeouts import Clocks
from holytui.engine.clocks import ClockExpired, Phase, Watch

LONG = 60.0


def clocks(**given: float) -> Clocks:
    return Clocks(**{"connect": LONG, "first_token": LONG, "stall": LONG, "attempt": LONG, "step": LONG, **given})


def watch(limits: Clocks, step_left: float = LONG) -> Watch:
    return Watch(limits, step_left, asyncio.get_running_loop().time)


async def test_connect_ends_what_never_connects() -> None:
    with pytest.raises(ClockExpired, match=r"timeout\.connect"):
        async with watch(clocks(connect=0.05)):
            await asyncio.sleep(LONG)


async def test_first_token_ends_what_connects_and_says_nothing() -> None:
    with pytest.raises(ClockExpired, match=r"timeout\.first_token"):
        async with watch(clocks(connect=0.05, first_token=0.1)) as clock:
            clock.connected()
            await asyncio.sleep(LONG)


async def test_keep_alives_move_no_clock() -> None:
    with pytest.raises(ClockExpired, match=r"timeout\.first_token"):
        async with asyncio.timeout(2), watch(clocks(first_token=0.1)) as clock:
            clock.connected()
            while True:
                clock.kept_alive()
                assert clock.phase() is Phase.QUEUED
                await asyncio.sleep(0.01)


async def test_stall_ends_what_stops_coming() -> None:
    with pytest.raises(ClockExpired, match=r"timeout\.stall"):
        async with watch(clocks(first_token=0.05, stall=0.1)) as clock:
            clock.connected()
            clock.content()
            await asyncio.sleep(LONG)


async def test_a_drip_moves_the_stall_clock_but_not_the_attempt_clock() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(ClockExpired, match=r"timeout\.attempt"):
        async with watch(clocks(stall=0.1, attempt=0.3)) as clock:
            clock.connected()
            while True:
                clock.content()
                await asyncio.sleep(0.02)
    assert 0.29 < asyncio.get_running_loop().time() - began < 1.0


async def test_what_is_left_of_the_step_counts() -> None:
    with pytest.raises(ClockExpired, match=r"timeout\.step"):
        async with watch(clocks(), step_left=0.05):
            await asyncio.sleep(LONG)


async def test_our_own_cancellation_is_no_expiry() -> None:
    async def sit() -> None:
        async with watch(clocks(attempt=0.5)):
            await asyncio.sleep(LONG)

    task = asyncio.create_task(sit())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_task_can_wait_again_after_an_expiry() -> None:
    with pytest.raises(ClockExpired):
        async with watch(clocks(connect=0.02)):
            await asyncio.sleep(LONG)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0.01)


async def test_in_time_nothing_fires() -> None:
    async with watch(clocks(connect=0.05)) as clock:
        clock.connected()
        clock.content()
        await asyncio.sleep(0.1)
        assert clock.phase() is Phase.STREAMING
