"""Tells a provider that is down from requests that fail: then no item fails, and one probe at a time asks."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from holytui.core.failures import TIMEOUTS, FailureKind

LEAST = 20
"""Attempts in a row without an answer, over as many items, before anything is concluded (design, section 6)."""

PROBE_FIRST_S = 5.0
PROBE_LONGEST_S = 60.0
GIVE_UP_S = 3600.0
"""An outage that has lasted this long pauses the job."""

UNANSWERED = TIMEOUTS | {FailureKind.NETWORK, FailureKind.SERVER_ERROR}
"""Kinds that say nothing of the item: the provider did not answer."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that brought no answer, by what names it in the checkpoint.

    Attributes:
        sent: its request's place in the order of sending.
        at: when it ended, on the loop's clock.
        learned: what the clocks learn from it once it is known to count; nothing where the connection failed.
    """

    index: int
    step: str
    round: int
    number: int
    sent: int
    at: float
    kind: FailureKind
    message: str
    learned: Callable[[], None] = lambda: None


class Outage:
    """Counts attempts in a row that nobody answered; open while the provider is taken to be down.

    In a row is meant by the order of sending: what comes back on a request that was sent before says nothing of
    the moment in which a later one failed.
    """

    def __init__(self, now: Callable[[], float], ceiling: Callable[[], int]) -> None:
        """Watch.

        Args:
            now: the loop's clock, seconds.
            ceiling: requests in flight at most: so many fail together when a provider goes away.
        """
        self._now = now
        self._ceiling = ceiling
        self._row: list[Tried] = []
        self._held: list[tuple[Tried, asyncio.Future[bool]]] = []
        self._newest = 0
        self._wait = PROBE_FIRST_S
        self._probe_at = 0.0
        self.began_at: float | None = None
        """On the loop's clock; None while the provider is there."""

    @property
    def open(self) -> bool:
        """The provider is taken to be down."""
        return self.began_at is not None

    @property
    def suspected(self) -> bool:
        """Too many failures in a row to send at full width; too few to be sure."""
        return not self.open and len(self._row) >= LEAST

    @property
    def in_row(self) -> int:
        """Attempts in a row that nobody answered."""
        return len(self._row)

    @property
    def held(self) -> int:
        """Items that would fail for good, and wait to learn whether it was their fault."""
        return len(self._held)

    @property
    def lasts_s(self) -> float:
        """Seconds since it began, 0 when there is none."""
        return 0.0 if self.began_at is None else self._now() - self.began_at

    @property
    def probe_in(self) -> float:
        """Seconds until the next probe is due, 0 when it is."""
        return max(0.0, self._probe_at - self._now())

    @property
    def hopeless(self) -> bool:
        """Probing has gone on for long enough."""
        return self.lasts_s > GIVE_UP_S

    @property
    def threshold(self) -> int:
        """Attempts in a row, over as many items, that make an outage."""
        return max(LEAST, self._ceiling())

    def failed(self, tried: Tried, *, probe: bool = False) -> list[Tried] | None:
        """One more attempt without an answer.

        Args:
            tried: the attempt.
            probe: it was sent alone, to see; what else was still in flight says nothing new of an outage.

        Returns:
            None: it counts, for all that is known now. Else the provider is down, this attempt does not count,
            and neither do those returned.
        """
        self._newest = max(self._newest, tried.sent)
        if self.open:
            if probe:
                self._probe_at = self._now() + self._wait
                self._wait = min(2 * self._wait, PROBE_LONGEST_S)
            return []
        self._row.append(tried)
        if len(self._row) < self.threshold or len({one.index for one in self._row}) < self.threshold:
            return None
        pardoned = self._row[:-1]
        self.begin()
        return pardoned

    def give_back(self) -> list[Tried]:
        """The session ends before it is known whether there is an outage: the attempts in a row do not count."""
        given, self._row = self._row, []
        self._decide(down=True)
        return given

    def begin(self) -> None:
        """From now on one probe at a time, the first after a short wait; what is held goes back to pending."""
        self.began_at = self._now()
        self._wait = 2 * PROBE_FIRST_S
        self._probe_at = self.began_at + PROBE_FIRST_S
        self._row.clear()
        self._decide(down=True)

    def probe_now(self) -> None:
        """Ask with one request before anything else is sent: after a long wait nobody knows what it will meet."""
        self.begin()
        self._probe_at = self._now()

    def ask_soon(self) -> None:
        """Somebody else is answered: in an outage the next probe goes at once, and those after it as at its begin."""
        if self.open:
            self._wait = 2 * PROBE_FIRST_S
            self._probe_at = self._now()

    def answered(self, sent: int, at: float) -> bool:
        """The provider answered a request, whatever it said; whether that ended an outage.

        Args:
            sent: the request's place in the order of sending.
            at: when it was sent, on the loop's clock.
        """
        if self.open:
            if sent <= self._newest:
                return False
            self.began_at = None
            return True
        if self._row:
            for tried in self._row:
                if tried.sent < sent:
                    tried.learned()
            self._row = [tried for tried in self._row if tried.sent >= sent]
        self._decide(down=False, before=at)
        return False

    async def hold(self, tried: Tried) -> bool:
        """Wait until it is known whether an attempt was an outage's; True when it was.

        Only the answer to a request that was sent after the attempt had ended says that the provider was there:
        when one goes away, answers to earlier requests still come in.
        """
        if self.open:
            return True
        verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        held = (tried, verdict)
        self._held.append(held)
        try:
            return await verdict
        finally:
            if held in self._held:
                self._held.remove(held)

    def release(self) -> None:
        """Let held items fail: nothing more will come that could tell."""
        self._decide(down=False)

    def _decide(self, *, down: bool, before: float | None = None) -> None:
        """Tell those held what it was; with a time, only those whose attempt had ended by then."""
        if not self._held:
            return
        decided = [held for held in self._held if before is None or held[0].at <= before]
        self._held = [held for held in self._held if held not in decided]
        for _, verdict in decided:
            if not verdict.done():
                verdict.set_result(down)
