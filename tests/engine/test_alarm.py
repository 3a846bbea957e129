"""The door's alarm, on the loop that runs host and on Python's own."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from holytui.engine.admission.alarm import Alarm

LOOPS = pytest.mark.parametrize("new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])


async def rings(settings: Callable[[Alarm], None]) -> float:
    """Seconds until it rings."""
    rang = asyncio.Event()
    alarm = Alarm(rang.set)
    began = asyncio.get_running_loop().time()
    settings(alarm)
    async with asyncio.timeout(10):
        await rang.wait()
    return asyncio.get_running_loop().time() - began


@LOOPS
@pytest.mark.parametrize("first_s", [0.0, 0.0001, 60.0])
def test_it_rings_at_the_earlier_of_two_moments(
    new_loop: Callable[[], asyncio.AbstractEventLoop], first_s: float
) -> None:
    def settings(alarm: Alarm) -> None:
        alarm.set(first_s)
        alarm.set_by(0.3)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        seconds = runner.run(rings(settings))
    assert seconds < 0.2 if first_s < 1 else seconds >= 0.28


@LOOPS
def test_a_later_moment_by_name_replaces_an_earlier_one_and_off_is_off(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def scene() -> float:
        def settings(alarm: Alarm) -> None:
            alarm.set(0.0)
            alarm.off()
            alarm.set_by(0.1)
            alarm.set(0.3)

        return await rings(settings)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(scene()) >= 0.28
