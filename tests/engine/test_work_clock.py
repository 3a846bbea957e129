"""A process that was stopped: its clocks stood still with it."""

import asyncio

import pytest

from holytui.core.timeouts import Clocks
from holytui.engine.clocks import ClockExpired, Watch
from holytui.engine.work_clock import BEAT_S, HELD_S, WorkClock

LONG = 60.0


class Loop:
    """A clock that goes on while nobody looks."""

    def __init__(self) -> None:
        self.at = 100.0

    def time(self) -> float:
        return self.at


def test_a_stop_is_taken_away_and_slow_work_is_not() -> None:
    loop = Loop()
    clock = WorkClock(loop.time)
    began = clock.now()
    for _ in range(40):
        loop.at += BEAT_S
        clock.now()
    assert clock.now() - began == pytest.approx(40 * BEAT_S)
    loop.at += HELD_S * 0.9
    assert clock.now() - began == pytest.approx(40 * BEAT_S + HELD_S * 0.9)
    loop.at += 3600
    assert clock.now() - began == pytest.approx(40 * BEAT_S + HELD_S * 0.9)
    assert clock.held_s == pytest.approx(3600)


async def test_a_timer_that_fires_after_a_stop_expires_nothing_and_later_it_does() -> None:
    stopped_s = 0.0
    real = asyncio.get_running_loop().time
    clock = WorkClock(lambda: real() + stopped_s)
    limits = Clocks(connect=0.2, first_token=LONG, stall=LONG, attempt=LONG, step=LONG)
    began = real()
    with pytest.raises(ClockExpired, match=r"timeout\.connect"):
        async with Watch(limits, LONG, clock.now) as watch:
            stopped_s = 10.0
            await asyncio.sleep(0.1)
            assert clock.now() - watch.started < 0.2
            await asyncio.sleep(LONG)
    assert real() - began >= 0.2, "the ten seconds stopped did not count"
