"""Stops the job, its queue intact, when the account or the job itself is the problem."""

import asyncio
from dataclasses import dataclass

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


class Breaker:
    """Watches results for the patterns that no retry mends."""

    def __init__(self) -> None:
        self.halt: Halt | None = None
        self._forbidden: set[int] = set()
        self._held: list[asyncio.Future[None]] = []
        self._held_status: int | None = None
        self._varied = False

    def trip(self, halt: Halt) -> None:
        """Stop the job; the first reason stands."""
        if self.halt is None:
            self.halt = halt
        self.release()

    def forbidden(self, index: int, message: str) -> bool:
        """A 403 without an auth-like text: the prompt's fault, until several items in a row get one."""
        self._forbidden.add(index)
        if len(self._forbidden) < FORBIDDEN_ITEMS:
            return False
        text = f"{FORBIDDEN_ITEMS} items in a row were forbidden (403): {message}"
        self.trip(Halt(JobState.STOPPED, FailureKind.AUTH.value, text))
        return True

    def answered(self) -> None:
        """Something other than a 403 came back."""
        self._forbidden.clear()

    def varied(self) -> None:
        """A result that is not one more of the same refusal: items may fail on their own account."""
        self._varied = True
        self.release()

    async def hold(self, status: int, message: str) -> None:
        """Wait until it is known whether this refusal is the item's or the whole job's.

        Returns once the item may fail, or once the breaker has tripped: look at `halt` afterwards.
        """
        if self._varied or self.halt is not None or status not in REFUSAL_STATUSES:
            return
        if self._held_status not in {None, status}:
            self.varied()
            return
        self._held_status = status
        if len(self._held) + 1 >= SAME_REFUSALS:
            text = f"the first {SAME_REFUSALS} requests were all refused alike ({status}): {message}"
            self.trip(Halt(JobState.STOPPED, FailureKind.REFUSED.value, text))
            return
        verdict = asyncio.get_running_loop().create_future()
        self._held.append(verdict)
        await verdict

    @property
    def held(self) -> int:
        """Refusals that wait for a verdict."""
        return len(self._held)

    def release(self) -> None:
        """Let the held refusals go on: nothing more will come that could tell."""
        held, self._held = self._held, []
        for verdict in held:
            if not verdict.done():
                verdict.set_result(None)
