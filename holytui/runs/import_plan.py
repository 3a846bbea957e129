"""Which recorded result belongs to which item: by what the item is, with the index as a hint."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from holytui.core.given import GivenItem, check_items
from holytui.core.template import compact_json
from holytui.inputs.seed import SeedResult
from holytui.runs.import_places import Places
from holytui.runs.item_forms import as_written, in_values

LAST = 10**18
"""Behind every index that a file may hold."""

Key = tuple[int | None, str | None]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """Items, and what is known of them.

    Attributes:
        items: of the job to be; behind them those that its input does not have.
        wanted: how many of them are the job's; the others are kept aside, as removed ones.
        results: by place in `items`.
        bought_again: items with answers beside the one that is kept.
        failed_beside: items with failures beside the result that is kept.
        overtaken: failures of texts that the file has another result for, or another text in their place.
        moved: results that stand at another index than their item has in the input.
        rewritten: results whose item is written in another way in the input.
        nameless: results that do not say which item they are of.
    """

    items: tuple[GivenItem, ...]
    wanted: int
    results: dict[int, SeedResult]
    bought_again: int
    failed_beside: int
    overtaken: int
    moved: int
    rewritten: int
    nameless: int

    @property
    def kept(self) -> int:
        """Answers, of the job's items."""
        return sum(result.answer is not None for place, result in self.results.items() if place < self.wanted)

    @property
    def failed(self) -> int:
        """Failures, of the job's items."""
        return sum(result.answer is None for place, result in self.results.items() if place < self.wanted)

    @property
    def answered(self) -> int:
        """Items with an answer, the job's and those that are kept aside."""
        return sum(result.answer is not None for result in self.results.values())

    @property
    def stranded(self) -> list[SeedResult]:
        """Answers about items that the input does not have."""
        return [result for place, result in self.results.items() if place >= self.wanted and result.answer is not None]


@dataclass(slots=True)
class _Known:
    """What the file has of one item: the result that is kept, and how many answers and failures beside it."""

    result: SeedResult
    answers: int = 0
    failures: int = 0

    def add(self, other: "_Known") -> None:
        """An answer wins over a failure, the first answer over later ones, the last failure over earlier ones."""
        left = other.result
        if self.result.answer is None:
            left, self.result = self.result, other.result
        self.answers += other.answers + (left.answer is not None)
        self.failures += other.failures + (left.answer is None)


def plan_import(
    results: Iterable[SeedResult],
    whole: Sequence[GivenItem] | None,
    *,
    total: int | None = None,
    by_index: bool = False,
) -> ImportPlan:
    """Put results and items together.

    An answer belongs to its item: one index may be that of other items in another run. Of several results of one item
    an answer wins over a failure, the first answer over later ones, the last failure over earlier ones.

    Args:
        results: in the order of the file.
        whole: the input, if it is known; else the items are those of the results, in the order of their indices.
        total: items of the input, as the file has it; heard only where the input is not known.
        by_index: an item of the input is what the result of its index is about, also where the file has another there.
    """
    told = _told(list(results))
    known = _known(told)
    overtaken = _drop_overtaken(known, told, total) if whole is None else 0
    ordered = sorted(known.items(), key=lambda pair: LAST if pair[0][0] is None else pair[0][0])
    places = Places([one.result for _, one in ordered], whole or (), by_index=by_index)
    items: list[GivenItem] = [] if whole is None else list(whole)
    wanted = len(items)
    found = dict[int, _Known]()
    for (_, one), place in zip(ordered, places.found, strict=True):
        if place is None:
            found[len(items)] = one
            items.append(_given(one.result))
        elif place in found:
            found[place].add(one)
        else:
            found[place] = one
    return ImportPlan(
        items=tuple(items),
        wanted=len(items) if whole is None else wanted,
        results={place: one.result for place, one in found.items()},
        bought_again=sum(one.answers > 0 for one in found.values()),
        failed_beside=sum(one.failures > 0 for one in found.values()),
        overtaken=overtaken,
        moved=places.moved,
        rewritten=places.rewritten,
        nameless=sum(one.result.item is None for one in found.values()),
    )


def _told(results: list[SeedResult]) -> list[SeedResult]:
    """The results, each with the item and the index that others tell of it."""
    items: dict[int, dict[str, GivenItem]] = {}
    indices: dict[str, set[int]] = {}
    for result in results:
        if result.index is not None and result.item is not None:
            items.setdefault(result.index, {}).setdefault(in_values(result.item), result.item)
            indices.setdefault(as_written(result.item), set()).add(result.index)
    told = []
    for result in results:
        if result.index is None and result.item is not None:
            if len(places := indices.get(as_written(result.item), ())) == 1:
                result = replace(result, index=next(iter(places)))  # noqa: PLW2901
        elif result.index is not None and result.item is None:
            there = list(items.get(result.index, {}).values())
            # Which of several items an answer is of nobody knows: it is kept without one.
            if len(there) == 1 or (there and result.answer is None):
                result = replace(result, item=there[-1])  # noqa: PLW2901
        told.append(result)
    return told


def _key(result: SeedResult) -> Key:
    """What two results of one item share; at one index an item may be written in two ways, elsewhere it is two."""
    if result.item is None:
        return result.index, None
    return result.index, as_written(result.item) if result.index is None else in_values(result.item)


def _known(results: Iterable[SeedResult]) -> dict[Key, _Known]:
    known: dict[Key, _Known] = {}
    for number, result in enumerate(results):
        key = _key(result)
        if key == (None, None):
            key = (LAST + number, None)  # each its own: nothing says that two of them are the same
        if key in known:
            known[key].add(_Known(result))
        else:
            known[key] = _Known(result)
    return known


def _drop_overtaken(known: dict[Key, _Known], told: Sequence[SeedResult], total: int | None) -> int:
    """Take out failures that are of another state of the input, and say how many.

    Always those whose text has an answer at another index while another text has one at theirs. Where the file has more
    items than it says there are, also those whose index was another text's later, and those whose text has an answer.
    """
    answered_texts, answered_indices = set[str](), set[int]()
    newest = dict[int, Key]()
    for result in told:
        if result.index is not None:
            newest[result.index] = _key(result)
        if result.answer is not None and result.item is not None:
            answered_texts.add(in_values(result.item))
            answered_indices |= set() if result.index is None else {result.index}
    failures = [(key, one.result) for key, one in known.items() if one.result.answer is None and key[1] is not None]

    def is_answered(result: SeedResult) -> bool:
        return result.item is not None and in_values(result.item) in answered_texts

    gone = {key for key, result in failures if key[0] in answered_indices and is_answered(result)}
    if total is not None and len(known) - len(gone) > total:
        gone |= {
            key for key, result in failures if is_answered(result) or (key[0] is not None and newest[key[0]] != key)
        }
    for key in gone:
        del known[key]
    return len(gone)


def _given(result: SeedResult) -> GivenItem:
    """The item of a result. An unknown one is an empty text: its answer is kept, and it cannot be asked again."""
    if isinstance(result.item, dict):
        kept, problems = check_items([result.item])
        return compact_json(result.item) if problems else kept[0]
    return result.item or ""
