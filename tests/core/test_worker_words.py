"""What is said of workers: all of them where they fit, sums and some of them where they do not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.display import cell_width
from holytui.core.words import clock
from holytui.core.worker_words import by_name, labels, line_of, number_words, some_of, sum_words, there_words
from holytui.core.workers import WorkerSeen


def worker(number: int, *, alive: bool = True, host: str = "") -> WorkerSeen:
    host = host or f"gpu-{number:02}.example"
    busy = 31 if alive else 0
    return WorkerSeen(f"{host}-{number}", host, 4_000 + number, alive, busy, 32, 32, 6.2 if alive else 0.0, 0.0)


MANY = [worker(number, alive=number not in {7, 31}) for number in range(50)]


def test_who_is_there_before_a_run() -> None:
    assert there_words([worker(1), worker(2), worker(3, alive=False)]) == "2 there, 64 at once"
    assert there_words([]) == there_words([worker(1, alive=False)]) == "none there yet; holytui worker starts one"


def test_fifty_are_summed_up_and_the_living_are_named_before_one_that_is_gone() -> None:
    assert sum_words(MANY) == "48 there, 2 gone, 1,488 in flight, 298/s"
    line = line_of(MANY, 120)
    assert line.startswith("48 workers, 2 gone, 1,488 in flight, 298/s   gpu-00 31/32 6.20/s · ")
    assert line.endswith(" · 46 more · ✗ 2 gone")


def test_however_many_are_gone_those_that_are_there_are_named() -> None:
    restarted = [*(worker(number, alive=False) for number in range(9)), worker(10), worker(11), worker(12)]
    at = clock(0.0)
    assert by_name(restarted, 80) == f"gpu-10 31/32 6.20/s · gpu-11 31/32 6.20/s · ✗ gpu-00 gone {at} · 1 more, 8 gone"
    assert by_name(restarted, 69) == "gpu-10 31/32 6.20/s · gpu-11 31/32 6.20/s · 1 more · ✗ 9 gone"
    assert by_name(restarted[:10], 69) == f"gpu-10 31/32 6.20/s · ✗ gpu-00 gone {at} · 8 more gone"
    assert by_name(restarted[:9], 40) == f"✗ gpu-00 gone {at} · 8 more gone"
    assert by_name(restarted[:9], 20) == "✗ 9 gone"
    assert by_name([worker(1, alive=False), worker(2)], 69) == f"gpu-02 31/32 6.20/s · ✗ gpu-01 gone {at}"
    assert line_of(restarted, 73) == "3 workers, 9 gone, 93 in flight, 19/s   gpu-10 31/32 6.20/s · 2 more"
    assert [one.pid - 4_000 for one in some_of(restarted, 4)] == [10, 11, 0]
    assert [one.pid - 4_000 for one in some_of(restarted[9:], 4)] == [10, 11, 12]


def test_a_few_are_named_in_their_order() -> None:
    few = [worker(1), worker(2, alive=False)]
    assert line_of(few, 70).startswith("gpu-01 31/32 6.20/s · ✗ gpu-02 gone ")
    assert line_of([worker(1)], 18) == "1 worker, 31 in flight, 6.20/s"
    assert number_words([]) == "workers: none there yet"


def test_several_on_one_host_have_their_pids() -> None:
    names = labels([worker(1, host="one"), worker(2, host="one"), worker(3, host="two")])
    assert list(names.values()) == ["one:4001", "one:4002", "two"]


def test_host_names_are_foreign_text() -> None:
    shown = line_of([worker(1, host="\x1b[31m\u202eevil\nhost" + "x" * 400)], 200)
    assert "\x1b" not in shown
    assert "\n" not in shown
    assert cell_width(shown) < 70


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_by_name_takes_no_more_than_its_room(alive: int, gone: int, room: int) -> None:
    workers = [worker(number, alive=number < alive) for number in range(alive + gone)]
    assert cell_width(by_name(workers, room)) <= room


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_line_is_no_longer_than_its_room(width: int) -> None:
    for number in range(1, 51):
        assert cell_width(line_of([replace(one, host="wide-host-name-" * 3) for one in MANY[:number]], width)) <= width
