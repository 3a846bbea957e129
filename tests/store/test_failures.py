"""Failed items in groups."""

from hypothesis import given
from hypothesis import strategies as st

from holytui.store.failures import FailedItem, Grouping, gist, grouped


def test_messages_that_differ_in_numbers_and_ids_are_one() -> None:
    assert gist("the stall clock of 30.5 s ran out") == gist("the stall clock of 45 s ran out")
    assert gist("request 8f21c0aa77 was refused") == gist("request 00ff11ee22 was refused")
    assert gist("503: overloaded") != gist("502: overloaded")
    assert gist("503: overloaded, request 12") == gist("503: overloaded, request 13")


def test_groups_by_each_side() -> None:
    items = [
        FailedItem("a", "network", "summary", "reset after 3 s", given_up=False),
        FailedItem("b", "network", "title", "reset after 4 s", given_up=True),
        FailedItem("c", "truncated", "title", "cut", given_up=False),
    ]
    told = {
        by: [(group.label, [item.item_id for item in group.items], group.kinds) for group in grouped(items, by)]
        for by in Grouping
    }
    assert told == {
        Grouping.KIND: [("network", ["a", "b"], ("network",)), ("truncated", ["c"], ("truncated",))],
        Grouping.MESSAGE: [("reset after # s", ["a", "b"], ("network",)), ("cut", ["c"], ("truncated",))],
        Grouping.STEP: [("title", ["b", "c"], ("network", "truncated")), ("summary", ["a"], ("network",))],
    }
    assert [group.given_up for group in grouped(items, Grouping.KIND)] == [1, 0]


@given(st.lists(st.tuples(st.text(), st.sampled_from(["network", "truncated"]), st.sampled_from(["a", "b"]))))
def test_every_item_is_in_one_group(told: list[tuple[str, str, str]]) -> None:
    items = [FailedItem(str(at), kind, step, text, given_up=False) for at, (text, kind, step) in enumerate(told)]
    for by in Grouping:
        found = sorted(item.item_id for group in grouped(items, by) for item in group.items)
        assert found == sorted(item.item_id for item in items)
