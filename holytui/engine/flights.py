"""What is in hand now, for the live panel: written by the loop's thread, read from any."""

from collections.abc import Callable

from holytui.core.progress import InFlight
from holytui.engine.clocks import Phase, Watch

TAIL_CHARS = 240


class Flight:
    """One step of one item in hand; its watch is set while a request is under way."""

    def __init__(self, index: int, item_id: str, step: str, now: Callable[[], float]) -> None:
        self.index = index
        self.item_id = item_id
        self.step = step
        self.watch: Watch | None = None
        self.waits_for: str | Callable[[], str] = ""
        self.wait_phase = ""
        self.wait_began = now()
        self.wait_s = 0.0
        self.taken_at = now()
        self.staged = True
        """Ready, but its first request waits for a slot: not in flight to anyone outside."""
        self._now = now
        self._tail: list[str] = []
        self._tail_chars = 0

    def waiting(self, phase: str, seconds: float, text: str | Callable[[], str]) -> None:
        """No request now: in backoff, or waiting for a turn.

        Args:
            phase: a word for it.
            seconds: that it takes, 0 where nobody knows.
            text: what for; asked whenever somebody looks where that may change, from any thread.
        """
        self.watch = None
        self.wait_phase, self.wait_s, self.waits_for = phase, seconds, text
        self.wait_began = self._now()

    def sending(self, watch: Watch) -> None:
        """A request begins."""
        if self.staged:
            self.staged = False
            self.taken_at = self._now()
        self.watch = watch
        self._tail.clear()
        self._tail_chars = 0

    def heard(self, text: str) -> None:
        """More of the answer; only the last words are kept here."""
        self._tail.append(text[-TAIL_CHARS:])
        self._tail_chars += len(self._tail[-1])
        if self._tail_chars > 4 * TAIL_CHARS:
            kept = "".join(self._tail)[-TAIL_CHARS:]
            self._tail = [kept]
            self._tail_chars = len(kept)

    def view(self) -> InFlight:
        """A frozen picture."""
        now = self._now()
        watch = self.watch
        if watch is None:
            tail = self.waits_for if isinstance(self.waits_for, str) else self.waits_for()
            seconds, limit, phase = now - self.wait_began, self.wait_s, self.wait_phase
        else:
            when, clock, limit = watch.due()
            seconds, phase = limit - (when - now), watch.phase().value
            tail = _explain(watch.phase(), clock, "".join(list(self._tail))[-TAIL_CHARS:])
        return InFlight(self.index, self.item_id, self.step, phase, max(0.0, seconds), limit, now - self.taken_at, tail)


def _explain(phase: Phase, clock: str, tail: str) -> str:
    if phase is Phase.SILENT:
        return f"{clock} clock; last: {tail[-60:]}"
    if phase is Phase.QUEUED:
        return "keep-alives, no answer"
    if phase is Phase.WAITING:
        return "first token"
    return tail


class Flights:
    """All of them, by item and step."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._flights: dict[tuple[int, str], Flight] = {}

    def take(self, index: int, item_id: str, step: str) -> Flight:
        """A step is taken up."""
        flight = Flight(index, item_id, step, self._now)
        self._flights[index, step] = flight
        return flight

    def land(self, flight: Flight) -> None:
        """It ended."""
        self._flights.pop((flight.index, flight.step), None)

    def view(self) -> tuple[InFlight, ...]:
        """Oldest first; safe to call from another thread."""
        views = [flight.view() for flight in list(self._flights.values()) if not flight.staged]
        return tuple(sorted(views, key=lambda view: -view.age))

    def ages(self) -> list[float]:
        """Seconds for which each has been in hand."""
        now = self._now()
        return [now - flight.taken_at for flight in list(self._flights.values()) if not flight.staged]

    def __len__(self) -> int:
        return len(self._flights)
