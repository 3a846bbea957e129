"""How fast requests go out: the job file's rates, and what a provider says is left."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holytui.engine.admission.gate import RAMP_S, Gate
from holytui.engine.admission.rate import LONGEST_RESET_S, MINUTE_S, Allowance, Bucket, Left
from holytui.engine.admission.upstream import Place, Upstream


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@given(per_minute=st.integers(1, 5000), pauses=st.lists(st.floats(0, 90), max_size=6))
def test_no_minute_ever_holds_more_requests_than_the_job_file_allows(per_minute: int, pauses: list[float]) -> None:
    clock = Clock()
    bucket = Bucket(per_minute, clock)
    sent: list[float] = []
    idle = iter(pauses)
    while len(sent) < min(2 * per_minute + 5, 400):
        delay = bucket.delay(1.0)
        if delay > 0:
            clock.at += delay + 1e-6
            continue
        bucket.use(1.0)
        sent.append(clock.at)
        if len(sent) % 50 == 0:
            clock.at += next(idle, 0.0)
    for place, at in enumerate(sent):
        within = sum(at <= other < at + MINUTE_S for other in sent[place:])
        assert within <= per_minute


def test_a_rate_is_used_in_full() -> None:
    clock = Clock()
    bucket, sent, began = Bucket(600, clock), 0, clock.at
    while clock.at < began + 600:
        delay = bucket.delay(1.0)
        clock.at += delay + 1e-6
        if delay == 0:
            bucket.use(1.0)
            sent += 1
    assert sent >= 0.97 * 6000


def test_a_request_larger_than_a_burst_of_tokens_is_sent_and_paid_for_afterwards() -> None:
    clock = Clock()
    bucket = Bucket(6000, clock)  # a burst of 100
    assert bucket.delay(3000) == 0
    bucket.use(3000)
    assert 25 < bucket.delay(1) < 35
    bucket.use(-1500)  # it took half of what it was counted with
    assert 12 < bucket.delay(1) < 17


def test_what_is_left_is_spread_until_the_reset() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    allowance.told(Left(4, 10.0), serial=1, used_since=0)
    sent = []
    while clock.at < 1010:
        delay = allowance.delay(1.0, roomy=64.0)
        if delay == 0:
            allowance.use(1.0)
            sent.append(clock.at)
        clock.at += delay or 0.001
    assert len(sent) == 4
    assert max(after - before for before, after in pairwise(sent)) < 4


def test_plenty_left_slows_nothing_down() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    allowance.told(Left(5000, 60.0), serial=1, used_since=0)
    for _ in range(1000):
        assert allowance.delay(1.0, roomy=64.0) == 0
        allowance.use(1.0)


def test_what_was_sent_since_is_not_left_any_more_and_older_news_do_not_count() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    allowance.told(Left(10, 10.0), serial=5, used_since=10)
    assert allowance.delay(1.0, roomy=64.0) == 10
    allowance.told(Left(100, 10.0), serial=4, used_since=0)
    assert allowance.delay(1.0, roomy=64.0) == 10
    allowance.told(Left(100, 10.0), serial=6, used_since=0)
    assert allowance.delay(1.0, roomy=64.0) == 0


def test_a_provider_that_names_an_absurd_reset_is_not_believed() -> None:
    allowance = Allowance(Clock())
    allowance.told(Left(0, LONGEST_RESET_S + 1), serial=1, used_since=0)
    assert allowance.delay(1.0, roomy=64.0) == 0


def test_a_gate_opens_gradually() -> None:
    clock = Clock()
    gate = Gate(clock)
    assert gate.share == 1.0
    gate.refused(clock.at, 5.0)
    assert gate.opens_in is not None
    clock.at += gate.opens_in + RAMP_S / 4
    assert 0.2 < gate.share < 0.3
    clock.at += RAMP_S
    assert gate.share == 1.0


class Door:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.occupied = False

    def pump(self) -> None:
        self.asked += 1


def test_jobs_on_one_provider_share_what_it_says() -> None:
    upstream = Upstream(Clock())
    first, second = Door(), Door()
    upstream.join(first, 32, 600, None)
    upstream.join(second, 8, 60, None)
    assert upstream.concurrency.ceiling == upstream.concurrency.current == 40
    upstream.sent(1.0)
    assert upstream.delay(1.0) > 0.9, "the narrower rate holds for both"
    upstream.told({"requests": (0.0, 30.0)}, Place(1, 1.0))
    assert upstream.delay(1.0) == 30
    upstream.pump()
    assert (first.asked, second.asked) == (1, 1)
    upstream.leave(second, 8)
    assert upstream.concurrency.ceiling == 32


def test_a_refusal_is_forgotten_with_a_new_session_unless_somebody_waits_for_its_end() -> None:
    clock = Clock()
    upstream, door = Upstream(clock), Door()
    upstream.join(door, 10, None, None)
    upstream.gate.refused(clock.at, 700.0)
    upstream.concurrency.shrink()
    door.occupied = True
    upstream.begin_anew()
    assert (upstream.gate.opens_in or 0.0) >= 700
    assert upstream.concurrency.current == 7
    door.occupied = False
    upstream.begin_anew()
    assert upstream.gate.opens_in is None
    assert upstream.concurrency.current == 10
