"""When requests that fail become a provider that is down, and when it is over."""

import asyncio

from holytui.core.failures import FailureKind
from holytui.engine.admission.outage import GIVE_UP_S, LEAST, PROBE_LONGEST_S, Outage, Tried


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def tried(index: int, sent: int, at: float = 100.0) -> Tried:
    return Tried(index, "summary", 1, 1, sent, at, FailureKind.SERVER_ERROR, "503")


def declared(clock: Clock, ceiling: int = 4) -> Outage:
    outage = Outage(clock, lambda: ceiling)
    for number in range(max(LEAST, ceiling)):
        outage.failed(tried(number, number))
    assert outage.open
    return outage


def test_it_takes_as_many_attempts_as_may_be_in_flight_over_as_many_items() -> None:
    outage = Outage(Clock(), lambda: 32)
    assert all(outage.failed(tried(number, number)) is None for number in range(31))
    assert outage.suspected
    pardoned = outage.failed(tried(31, 31))
    assert pardoned is not None
    assert [one.index for one in pardoned] == list(range(31)), "the last one was never told as counted"


def test_one_item_alone_is_no_outage() -> None:
    outage = Outage(Clock(), lambda: 4)
    assert all(outage.failed(tried(7, number)) is None for number in range(200))


def test_an_answer_ends_the_row_of_what_was_sent_before_it() -> None:
    outage = Outage(Clock(), lambda: 4)
    for number in range(LEAST - 1):
        outage.failed(tried(number, number))
    outage.answered(LEAST, 100.0)
    for number in range(LEAST, 2 * LEAST - 1):
        assert outage.failed(tried(number, number + 1)) is None


def test_an_answer_to_an_earlier_request_says_nothing_of_now() -> None:
    outage = Outage(Clock(), lambda: 4)
    for number in range(LEAST - 1):
        outage.failed(tried(number, 10 + number))
        outage.answered(5, 90.0)
    assert outage.failed(tried(99, 99)) is not None


def test_probes_are_rarer_the_longer_it_lasts() -> None:
    clock = Clock()
    outage = declared(clock)
    waits = []
    for number in range(6):
        waits.append(outage.probe_in)
        clock.at += outage.probe_in
        assert outage.failed(tried(500 + number, 500 + number), probe=True) == []
    assert waits == [5, 10, 20, 40, PROBE_LONGEST_S, PROBE_LONGEST_S]
    assert not outage.hopeless
    clock.at += GIVE_UP_S
    assert outage.hopeless


def test_what_was_in_flight_does_not_put_the_probe_off() -> None:
    clock = Clock()
    outage = declared(clock)
    for number in range(30):
        outage.failed(tried(600 + number, 60 + number))
    assert outage.probe_in == 5


def test_the_answer_to_a_probe_ends_it_and_a_late_one_does_not() -> None:
    outage = declared(Clock())
    assert not outage.answered(3, 99.0)
    assert outage.open
    assert outage.answered(1000, 106.0)
    assert not outage.open


async def test_an_item_fails_only_when_something_sent_after_it_was_answered() -> None:
    outage = Outage(Clock(), lambda: 4)
    last = tried(1, 10, at=100.0)
    outage.failed(last)
    held = asyncio.create_task(outage.hold(last))
    await asyncio.sleep(0)
    outage.answered(11, 99.9)  # sent after it, but before anybody knew of its end
    await asyncio.sleep(0)
    assert not held.done()
    outage.answered(12, 100.1)
    assert await held is False


async def test_an_item_that_would_fail_in_an_outage_goes_back() -> None:
    clock = Clock()
    outage = Outage(clock, lambda: 4)
    last = tried(0, 0)
    outage.failed(last)
    held = asyncio.create_task(outage.hold(last))
    await asyncio.sleep(0)
    for number in range(1, LEAST):
        outage.failed(tried(number, number))
    assert await held is True
    assert await outage.hold(tried(50, 50)) is True


async def test_when_nothing_more_can_tell_the_item_fails() -> None:
    outage = Outage(Clock(), lambda: 4)
    outage.failed(tried(1, 1))
    held = asyncio.create_task(outage.hold(tried(1, 1)))
    await asyncio.sleep(0)
    assert outage.held == 1
    outage.release()
    assert await held is False


def test_clocks_learn_from_an_expiry_only_once_it_counts() -> None:
    learned: list[int] = []
    outage = Outage(Clock(), lambda: 4)

    def expired(number: int) -> Tried:
        return Tried(number, "s", 1, 1, number, 100.0, FailureKind.TIMEOUT_ATTEMPT, "", lambda: learned.append(number))

    outage.failed(expired(1))
    assert learned == []
    outage.answered(2, 100.0)
    assert learned == [1]
    for number in range(10, 10 + LEAST):
        outage.failed(expired(number))
    assert outage.open
    outage.answered(1000, 200.0)
    assert learned == [1], "an outage teaches nothing"
