"""Items that the runner has given out and waits for."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from holytui.core.work import Work
from holytui.engine.executor import Ending


@dataclass(slots=True, eq=False)
class InHand:
    """An item, and how the runner learns what became of it."""

    work: Work
    ending: "asyncio.Future[Ending]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, ending: Ending) -> None:
        """Tell; the first time counts."""
        if not self.ending.done():
            self.ending.set_result(ending)


class Hands:
    """All of them by index, and those that no worker has yet."""

    def __init__(self) -> None:
        self._by_index: dict[int, InHand] = {}
        self.ready: deque[InHand] = deque()
        """Wait to be sent, oldest first."""

    def take(self, work: Work) -> InHand:
        """One more."""
        hand = InHand(work)
        self._by_index[work.index] = hand
        return hand

    def drop(self, hand: InHand) -> None:
        """The runner waits no more."""
        if self._by_index.get(hand.work.index) is hand:
            del self._by_index[hand.work.index]
        if hand in self.ready:
            self.ready.remove(hand)

    def get(self, index: int, round_: int) -> InHand | None:
        """The item, if it is waited for in this round."""
        hand = self._by_index.get(index)
        return hand if hand is not None and hand.work.round == round_ else None

    @property
    def all(self) -> list[InHand]:
        return list(self._by_index.values())

    def other_round(self, index: int, round_: int) -> bool:
        """Whether it is waited for in another round: what comes of this one is too late."""
        hand = self._by_index.get(index)
        return hand is not None and hand.work.round != round_

    def give_back(self) -> None:
        """What no worker has goes back to pending."""
        for hand in list(self.ready):
            hand.end(Ending.RETURNED)
        self.ready.clear()
