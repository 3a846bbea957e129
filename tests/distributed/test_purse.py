"""Money on its way to workers and back: what is set aside does for what it was set aside for, and for no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.distributed.purse import ROUNDING_USD, Purse
from holytui.distributed.slices import OpenSlice, OpenSlices
from holytui.engine.admission.budget import Budget

BOUND = st.floats(1e-6, 0.01)
REQUESTS = st.lists(st.tuples(BOUND, st.floats(0, 1)), min_size=1, max_size=5)
"""(USD at most, the part of it that it did cost) of each item of a slice."""


@given(st.lists(REQUESTS, min_size=1, max_size=40), st.data())
def test_what_came_with_a_slice_does_for_each_of_its_items(
    slices: list[list[tuple[float, float]]], data: st.DataObject
) -> None:
    """In whatever order slices come, requests are sent, and slices end."""
    purse = Purse()
    waiting = {f"{number}": list(requests) for number, requests in enumerate(slices)}
    in_hand: dict[str, list[tuple[float, float]]] = {}
    while waiting or in_hand:
        if waiting and (not in_hand or data.draw(st.booleans())):
            name, requests = waiting.popitem()
            in_hand[name] = requests
            purse.put_in(name, sum(bound for bound, _ in requests))
            continue
        name = data.draw(st.sampled_from(sorted(in_hand)))
        if not in_hand[name]:
            del in_hand[name]
            purse.take_out(name)
            continue
        bound, part = in_hand[name].pop(0)
        assert purse.fits(bound)
        purse.reserve(bound)
        purse.used_by(name, bound * part)
        purse.settle(bound, bound * part)
    assert purse.left_usd == 0.0
    assert not purse.fits(1e-6)


@given(st.lists(st.tuples(BOUND, st.lists(BOUND, max_size=6)), min_size=1, max_size=8), st.data())
def test_whatever_requests_take_from_each_other_no_more_is_spent_than_is_set_aside(
    came: list[tuple[float, list[float]]], data: st.DataObject
) -> None:
    """Items are sent again and cost all they can, on one worker; the owner hears of it."""
    purse, slices, owner = Purse(), OpenSlices(), Budget(None, 0.0)
    open_: dict[int, tuple[OpenSlice, list[float]]] = {}
    total_usd = 0.0
    for index, (set_aside, bounds) in enumerate(came):
        opened = slices.open("worker", {index: 1}, set_aside, 0.0)
        open_[index] = opened, list(bounds)
        owner.reserve(set_aside)
        purse.put_in(opened.name, set_aside)
        for _ in range(data.draw(st.integers(0, 12))):
            if not open_:
                break
            which = data.draw(st.sampled_from(sorted(open_)))
            one, left = open_[which]
            if not left:
                del open_[which]
                purse.take_out(one.name)
                slices.close(one.name)
                owner.settle(one.reserved_usd, one.spent_usd)
            elif purse.fits(bound := left.pop()):
                purse.reserve(bound)
                purse.used_by(one.name, bound)
                purse.settle(bound, bound)
                total_usd += bound
                owner.reserve(slices.spent(which, bound) or 0.0)
            assert total_usd <= owner.spent_usd + owner.reserved_usd + len(came) * ROUNDING_USD


@given(st.lists(st.tuples(BOUND, st.floats(0, 3)), max_size=20), BOUND)
def test_what_is_owed_by_slices_that_are_over_holds_no_later_one_up(
    before: list[tuple[float, float]], bound: float
) -> None:
    """Some cost more than had come with them."""
    purse = Purse()
    for number, (set_aside, part) in enumerate(before):
        purse.put_in(f"{number}", set_aside)
        purse.reserve(set_aside)
        purse.used_by(f"{number}", set_aside * part)
        purse.settle(set_aside, set_aside * part)
    for number in range(len(before)):
        purse.take_out(f"{number}")
    purse.put_in("last", bound)
    assert purse.fits(bound)


def test_an_item_that_comes_back_for_money_again_is_given_more() -> None:
    slices = OpenSlices()
    wanted = []
    for _ in range(4):
        wanted.append(slices.wants_more(7))
        slices.came_short(7)
    assert wanted == [1.0, 1.0, 2.0, 4.0]
    slices.spent(7, 0.0)
    assert slices.wants_more(7) == pytest.approx(8.0)
    slices.spent(7, 0.001)
    assert slices.wants_more(7) == 1.0
