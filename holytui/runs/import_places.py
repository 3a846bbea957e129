"""Where in the input the item of each recorded result stands."""

from collections.abc import Iterator, Sequence

from holytui.core.given import GivenItem
from holytui.inputs.seed import SeedResult
from holytui.runs.item_forms import FORMS, Form, as_written


class Places:
    """Gives places in the input to results, each to one answer; a failure may stand where an answer does.

    Attributes:
        found: of each result, in their order; None where the input does not have its item.
        moved: results that stand at another index than their item has in the input.
        rewritten: results whose item is written in another way in the input.
    """

    def __init__(self, results: Sequence[SeedResult], whole: Sequence[GivenItem], *, by_index: bool) -> None:
        """Find the places.

        Answers come first: what they leave is for the failures. For either, an item that is written alike goes before
        one that only means the same, and the item of its own index before others.

        Args:
            results: one an item.
            whole: the input.
            by_index: the item of its index is a result's item, whatever it is.
        """
        self.found: list[int | None] = [None] * len(results)
        self.moved = self.rewritten = 0
        self._results = results
        self._whole = whole
        self._taken = set[int]()
        self._forms = dict[Form, list[str]]()
        answers = [number for number, result in enumerate(results) if result.answer is not None]
        failures = [number for number, result in enumerate(results) if result.answer is None]
        for numbers in (answers, failures):
            if by_index:
                self._at_any_item(numbers)
            for form in FORMS:
                self._at_index(numbers, form)
                self._elsewhere(numbers, form)
        for form in FORMS:
            self._beside_answers(failures, form)

    def _open(self, numbers: Sequence[int]) -> Iterator[tuple[int, SeedResult]]:
        return ((number, self._results[number]) for number in numbers if self.found[number] is None)

    def _written(self, form: Form) -> list[str]:
        if form not in self._forms:
            self._forms[form] = [form(item) for item in self._whole]
        return self._forms[form]

    def _take(self, number: int, place: int, form: Form) -> None:
        self.found[number] = place
        self._taken.add(place)
        self.rewritten += form is not as_written

    def _at_any_item(self, numbers: Sequence[int]) -> None:
        for number, result in self._open(numbers):
            if self._is_free(result) and result.index is not None:
                self._take(number, result.index, as_written)

    def _is_free(self, result: SeedResult) -> bool:
        index = result.index
        return index is not None and index < len(self._whole) and (result.answer is None or index not in self._taken)

    def _at_index(self, numbers: Sequence[int], form: Form) -> None:
        for number, result in self._open(numbers):
            index = result.index
            if index is None or not self._is_free(result):
                continue
            if result.item is None or form(result.item) == self._written(form)[index]:
                self._take(number, index, form)

    def _elsewhere(self, numbers: Sequence[int], form: Form) -> None:
        waiting = [(number, form(result.item)) for number, result in self._open(numbers) if result.item is not None]
        if not waiting:
            return
        written, vague = self._written(form), self._vague(form)
        free: dict[str, list[int]] = {}
        for place in range(len(written) - 1, -1, -1):
            if place not in self._taken:
                free.setdefault(written[place], []).append(place)
        for number, text in waiting:
            if free.get(text) and text not in vague:
                self._take(number, free[text].pop(), form)
                self.moved += 1

    def _vague(self, form: Form) -> set[str]:
        """What items of the input share that are not written alike: `1` and `1.0` may be two versions there."""
        first = dict[str, str]()
        pairs = zip(self._written(form), self._written(as_written), strict=True)
        return {text for text, exact in pairs if first.setdefault(text, exact) != exact}

    def _beside_answers(self, failures: Sequence[int], form: Form) -> None:
        """Failures of items whose every place has its answer already."""
        waiting = [(number, form(result.item)) for number, result in self._open(failures) if result.item is not None]
        if not waiting:
            return
        written, vague = self._written(form), self._vague(form)
        home = {written[place]: place for place in self._taken if written[place] not in vague}
        for number, text in waiting:
            self.found[number] = home.get(text)
