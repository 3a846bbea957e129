"""Which recorded result belongs to which item: by the item's text, with the index as a hint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holytui.core.given import GivenItem, check_items
from holytui.core.template import compact_json
from holytui.inputs.seed import SeedResult

LAST = 10**18
"""Behind every index that a file may hold."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Items, and what is known of them.

    Attributes:
        items: of the job to be; behind them those that its input does not have.
        wanted: how many of them are the job's; the others are kept aside, as removed ones.
        results: by place in `items`.
        repeated: results that say the same item again; bought_again: of them, answers beside the one that is kept.
        moved: results that stand at another index than their item has in the input.
        nameless: results that do not say which item they are of.
    """

    items: tuple[GivenItem, ...]
    wanted: int
    results: dict[int, SeedResult]
    repeated: int
    bought_again: int
    moved: int
    nameless: int

    @property
    def kept(self) -> int:
        """Answers, of the job's items."""
        return sum(result.answer is not None for place, result in self.results.items() if place < self.wanted)

    @property
    def failed(self) -> int:
        """Failures, of the job's items."""
        return sum(result.answer is None for place, result in self.results.items() if place < self.wanted)


def plan_import(results: Iterable[SeedResult], whole: Sequence[GivenItem] | None) -> ImportPlan:
    """Put results and items together.

    An answer belongs to its item's text: one index may be that of other texts in another run. Of several results of one
    item an answer wins over a failure, the first answer over later ones, the last failure over earlier ones.

    Args:
        results: in the order of the file.
        whole: the input, if it is known; else the items are those of the results, in the order of their indices.
    """
    chosen: dict[tuple[int | None, str | None], SeedResult] = {}
    total = bought_again = 0
    for result in results:
        total += 1
        key = (result.index, None if result.item is None else _key(result.item))
        if key == (None, None):
            key = (LAST + total, None)  # each its own: nothing says that two of them are the same
        before = chosen.get(key)
        if before is None or before.answer is None:
            chosen[key] = result
        elif result.answer is not None:
            bought_again += 1
    ordered = sorted(chosen.items(), key=lambda pair: LAST if pair[0][0] is None else pair[0][0])
    items: list[GivenItem] = [] if whole is None else list(whole)
    wanted = len(items)
    placed, moved = _placed([pair[0] for pair in ordered], whole or ())
    found = dict[int, SeedResult]()
    repeated = total - len(chosen)
    for (_, result), place in zip(ordered, placed, strict=True):
        if place is None:
            found[len(items)] = result
            items.append(_given(result))
        elif place not in found:
            found[place] = result
        else:
            repeated += 1
            bought_again += result.answer is not None and found[place].answer is not None
            if found[place].answer is None:
                found[place] = result
    nameless = sum(result.item is None for result in found.values())
    return ImportPlan(
        tuple(items),
        len(items) if whole is None else wanted,
        found,
        repeated,
        bought_again,
        moved,
        nameless,
    )


def _placed(keys: Sequence[tuple[int | None, str | None]], whole: Sequence[GivenItem]) -> tuple[list[int | None], int]:
    """The place in the input that each result has, None where the input does not have its item; and how many moved."""
    texts = [_key(item) for item in whole]
    placed: list[int | None] = [None] * len(keys)
    taken = set[int]()
    for number, (index, text) in enumerate(keys):
        if index is not None and index < len(texts) and text in {None, texts[index]}:
            placed[number] = index
            taken.add(index)
    free: dict[str, list[int]] = {}
    for place in range(len(texts) - 1, -1, -1):
        if place not in taken:
            free.setdefault(texts[place], []).append(place)
    moved = 0
    for number, (_, text) in enumerate(keys):
        if placed[number] is None and text is not None and free.get(text):
            placed[number] = free[text].pop()
            moved += 1
    return placed, moved


def _key(item: GivenItem) -> str:
    """What makes two items the same: their text, whatever is blank around it."""
    return item.strip() if isinstance(item, str) else compact_json(dict(sorted(item.items())))


def _given(result: SeedResult) -> GivenItem:
    """The item of a result. An unknown one is an empty text: its answer is kept, and it cannot be asked again."""
    if isinstance(result.item, dict):
        kept, problems = check_items([result.item])
        return compact_json(result.item) if problems else kept[0]
    return result.item or ""
