"""How long an item waits before it is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from holytui.core.failures import FailureKind
from holytui.engine.report import AttemptFailed
from holytui.engine.retry import LONGEST_ASKED_S, asked_s, backoff_s


@given(st.integers(1, 50))
def test_a_wait_grows_from_attempt_to_attempt_up_to_its_cap(attempts: int) -> None:
    wait, next_one = backoff_s(attempts), backoff_s(attempts + 1)
    assert 0.6 <= wait <= min(30.0, 0.5 * 2.0**attempts)
    if 0.5 * 2.0 ** (attempts + 1) <= 30.0:
        assert next_one > 1.1 * wait


def test_waits_differ_so_that_items_do_not_come_back_together() -> None:
    waits = [backoff_s(3) for _ in range(200)]
    assert max(waits) - min(waits) > 1.0


@given(st.one_of(st.none(), st.floats(0.0, 1e9)))
def test_a_wait_that_was_asked_for_is_bounded(seconds: float | None) -> None:
    failure = AttemptFailed(FailureKind.SERVER_ERROR, "503: busy", 503, retry_after_s=seconds)
    assert asked_s(failure) == min(seconds or 0.0, LONGEST_ASKED_S)


def test_nothing_was_asked_for_where_nothing_failed() -> None:
    assert asked_s(None) == 0.0
