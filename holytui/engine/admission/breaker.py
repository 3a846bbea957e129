"""Stops the job, its queue intact, when the account or the job itself is the problem."""

import asyncio
from dataclasses import dataclass, field

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState

FORBIDDEN_ITEMS = 3
"""403 on this many distinct items in a row means the key, not the prompts (design, section 6)."""

SAME_REFUSALS = 20
"""The first results of a session, all refused alike: the job is wrong, not the items (design, section 6)."""

REFUSAL_STATUSES = frozenset({400, 404, 413, 422})


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a session ends before its work does.

    Attributes:
        state, reason: what the job becomes.
        message: the sentence for a person.
        wake_at: Unix time in seconds when going on makes sense, if that is known.
    """

    state: JobState
    reason: str
    message: str
    wake_at: float | None = None


@dataclass(slots=True)
class FirstResults:
    """What one step began with: each has a model and a prompt of its own to be wrong with."""

    status: int | None = None
    varied: bool = False
    held: "list[asyncio.Future[None]]" = field(default_factory=list)


class Breaker:
    """Watches results for the patterns that no retry mends."""

    def __init__(self) -> None:
        self.halt: Halt | None = None
        self._forbidden: set[int] = set()
        self._forbidden_held: list[asyncio.Future[None]] = []
        self._first: dict[str, FirstResults] = {}

    def trip(self, halt: Halt) -> None:
        """Stop the job; the first reason stands."""
        if self.halt is None:
            self.halt = halt
        self.release()

    def reset(self) -> None:
        """The halt was sat out: the job goes on."""
        self.halt = None
        self._forbidden.clear()

    def suspect(self, index: int) -> None:
        """A 403 without an auth-like text; told while its request still has its slot."""
        self._forbidden.add(index)

    def bars(self, inside: int) -> bool:
        """Whether nothing new is sent: a 403 came last, and what is in flight may still say that the key is good."""
        return len(self._forbidden) >= FORBIDDEN_ITEMS or (bool(self._forbidden) and inside > 0)

    async def forbidden(self, index: int, message: str, *, others: bool) -> None:
        """Whose fault is a 403: the prompt's, unless several items in a row get nothing else.

        Returns once the item may fail, or once the breaker has tripped: look at `halt` afterwards.

        Args:
            index: of the item, which is suspected already.
            message: what the provider said.
            others: requests are in flight that may still be answered otherwise: a firewall refuses at once, a
                model takes its time.
        """
        if index not in self._forbidden:
            return  # something else came back meanwhile
        if len(self._forbidden) >= FORBIDDEN_ITEMS and not others:
            text = f"{len(self._forbidden)} items in a row were forbidden (403): {message}"
            self.trip(Halt(JobState.STOPPED, FailureKind.AUTH.value, text))
        if self.halt is None:
            await _wait_in(self._forbidden_held)

    def answered(self) -> None:
        """Something other than a 403 came back."""
        self._forbidden.clear()
        _let_go(self._forbidden_held)

    def varied(self, step: str) -> None:
        """A result of a step that is not one more of the same refusal: its items may fail on their own account."""
        first = self._first.setdefault(step, FirstResults())
        first.varied = True
        _let_go(first.held)

    async def hold(self, step: str, status: int, message: str) -> None:
        """Wait until it is known whether this refusal is the item's or the whole job's.

        Returns once the item may fail, or once the breaker has tripped: look at `halt` afterwards.
        """
        first = self._first.setdefault(step, FirstResults())
        if first.varied or self.halt is not None or status not in REFUSAL_STATUSES:
            return
        if first.status not in {None, status}:
            self.varied(step)
            return
        first.status = status
        if len(first.held) + 1 >= SAME_REFUSALS:
            text = f"the first {SAME_REFUSALS} requests of {step} were all refused alike ({status}): {message}"
            self.trip(Halt(JobState.STOPPED, FailureKind.REFUSED.value, text))
            return
        await _wait_in(first.held)

    @property
    def held(self) -> int:
        """Refusals that wait for a verdict."""
        return len(self._forbidden_held) + sum(len(first.held) for first in self._first.values())

    def release(self) -> None:
        """Let the held refusals go on: nothing more will come that could tell."""
        _let_go(self._forbidden_held)
        for first in self._first.values():
            _let_go(first.held)


async def _wait_in(held: "list[asyncio.Future[None]]") -> None:
    verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    held.append(verdict)
    try:
        await verdict
    finally:
        if verdict in held:
            held.remove(verdict)


def _let_go(held: "list[asyncio.Future[None]]") -> None:
    waiting = list(held)
    held.clear()
    for verdict in waiting:
        if not verdict.done():
            verdict.set_result(None)
