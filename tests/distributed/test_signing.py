"""What a worker says of itself."""

from collections.abc import Sequence
from typing import Any

from holytui.distributed.signing import SHOWN, together


def hand(*, flights: Sequence[float] = (), **figures: Any) -> dict[str, Any]:
    """What one host says, with flights of these ages."""
    counts = dict.fromkeys(("inside", "idle", "held"), 0)
    amounts = dict.fromkeys(("probe_in", "gate_s", "rate", "reserved"), 0.0)
    return {**counts, **amounts, "outage": False, **figures, "flights": [{"age": age} for age in flights]}


def test_sessions_of_a_job_are_told_as_one() -> None:
    both = together(
        [hand(inside=2, idle=1, flights=[1.0]), hand(inside=3, held=1, outage=True, gate_s=7.0, flights=[5.0])]
    )
    assert (both["inside"], both["idle"], both["held"], both["outage"]) == (5, 1, 1, True)
    assert both["gate_s"] == 7.0
    assert [flight["age"] for flight in both["flights"]] == [5.0, 1.0]


def test_of_many_flights_the_oldest_are_told() -> None:
    ages = [float(age) for age in range(SHOWN)]
    both = together([hand(flights=ages), hand(flights=[age + 0.5 for age in ages])])
    told = [flight["age"] for flight in both["flights"]]
    assert len(told) == SHOWN
    assert min(told) == SHOWN / 2


def test_with_no_session_there_is_nothing_to_tell() -> None:
    assert together([]) == {}
