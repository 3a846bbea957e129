"""What a client is told of a job that rests is something that a client can do."""

import re

import pytest

from holytui.api.words import for_clients
from holytui.core.progress import JobState
from holytui.engine.admission.breaker import Halt
from holytui.runs.sentences import rest_message
from tests.ui.frozen import counters

HALTS = [
    Halt(JobState.PAUSED, "quota", "no balance", wake_at=1e9),
    Halt(JobState.PAUSED, "rate_limit", "429", wake_at=1e9),
    Halt(JobState.PAUSED, "user", ""),
    Halt(JobState.STOPPED, "user", ""),
    Halt(JobState.INTERRUPTED, "crashed", ""),
    *(Halt(JobState.STOPPED, reason, "why") for reason in ("auth", "quota", "model_not_found", "refused", "budget")),
]


@pytest.mark.parametrize("halt", HALTS, ids=lambda halt: f"{halt.state.value}-{halt.reason}")
def test_a_way_out_names_neither_keys_nor_a_job_file(halt: Halt) -> None:
    told = rest_message(halt, counters(3, 0), 1e9, "A_KEY")
    assert re.search(r"\bp\b|\(b,|job file", told), "a way out that the terminal UI has"
    assert not re.search(r"\bp\b|\(b,|job file", for_clients(told))
    assert for_clients(told).rpartition(". ")[0] == told.rpartition(". ")[0]
    assert re.search(r"resume|start", for_clients(told))


def test_what_happened_stays_as_it_is() -> None:
    assert for_clients("p resumes it. 3 pending") == "p resumes it. 3 pending"
