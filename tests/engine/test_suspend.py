"""A machine that slept: what was in flight fails without using an attempt."""

import time

from holytui.engine.suspend import ASLEEP_S, EXCUSED_S, Suspends


class Machine:
    """Two clocks that differ by the time asleep."""

    def __init__(self) -> None:
        self.awake_s = 50.0
        self.asleep_s = 0.0

    def suspends(self) -> Suspends:
        return Suspends(lambda: self.awake_s, awake=lambda: self.awake_s, ever=lambda: self.awake_s + self.asleep_s)


def test_only_what_was_in_flight_when_it_slept_is_excused_and_only_for_a_while() -> None:
    machine = Machine()
    suspends = machine.suspends()
    started = machine.awake_s
    machine.awake_s += 2
    assert not suspends.excuses(started)
    machine.asleep_s += 3600
    assert suspends.look() == 3600
    machine.awake_s += 1
    assert suspends.excuses(started)
    assert not suspends.excuses(machine.awake_s), "sent after it woke"
    machine.awake_s += EXCUSED_S
    assert not suspends.excuses(started)


def test_a_failure_that_comes_before_anybody_looked_is_excused_too() -> None:
    machine = Machine()
    suspends = machine.suspends()
    machine.asleep_s += ASLEEP_S + 1
    assert suspends.excuses(machine.awake_s)


def test_clocks_that_drift_apart_slowly_are_no_sleep() -> None:
    machine = Machine()
    suspends = machine.suspends()
    for _ in range(1000):
        machine.asleep_s += 0.01
        assert suspends.look() is None
    assert not suspends.excuses(machine.awake_s)


def test_a_system_without_such_a_clock_never_sleeps() -> None:
    suspends = Suspends(lambda: 1.0, ever=time.monotonic)
    assert suspends.look() is None
    assert not suspends.excuses(0.0)
