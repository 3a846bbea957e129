"""One attempt: requests through the door until one of them counts."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState
from holytui.core.timeouts import Clocks
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.door import Admission, TurnedAway
from holytui.engine.clocks import ClockExpired, Watch
from holytui.engine.flights import Flight
from holytui.engine.report import AttemptFailed, Heard, Origin, Report
from holytui.provider.client import ChatClient, ChatRequest
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event, Finish, KeepAlive, Opened, Reasoning, UsageSeen

BREAKERS = frozenset({FailureKind.AUTH, FailureKind.QUOTA, FailureKind.MODEL_NOT_FOUND})
REFUSALS = frozenset({FailureKind.BAD_REQUEST, FailureKind.CONTEXT_LENGTH})


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    text: str
    finish_reason: str
    model: str


class _Refused(Exception):
    """A refusal whose meaning is decided outside the door, so that it holds no slot meanwhile."""

    def __init__(self, error: ProviderError, report: Report) -> None:
        super().__init__(error.message)
        self.error = error
        self.report = report


@dataclass(slots=True)
class Sender:
    """Sends the requests of one step of one item, one attempt at a time."""

    client: ChatClient
    admission: Admission
    origin: Origin
    flight: Flight
    request_s: float = 0.0
    """Seconds the newest counted request took; waiting for a turn is not in it."""

    async def send(self, request: ChatRequest, clocks: Clocks, step_left: Callable[[], float], number: int) -> Answer:
        """One attempt, number `number` of its round; 429s inside it wait at the gate and use nothing.

        Raises:
            AttemptFailed: it counts, and has a kind.
            TurnedAway: the job pauses or stops; no attempt was used.
        """
        while True:
            bound = self.origin.bound(request)
            self.flight.waiting("waiting", 0.0, "a free slot")
            try:
                async with self.admission.enter(bound.usd or 0.0) as ticket:
                    watch = Watch(clocks, step_left(), self.origin.now)
                    report = Report(self.origin, request, watch, Heard(), ticket, bound, number)
                    answer = await self._request(report)
            except _Refused as refused:
                raise await self._decide(refused.error, refused.report) from None
            if answer is not None:
                return answer

    async def _request(self, report: Report) -> Answer | None:
        """One request; None when it was refused for its rate and does not count."""
        heard, watch = report.heard, report.watch
        self.flight.sending(watch)
        try:
            async with watch:
                await self._listen(report)
        except ClockExpired as expired:
            self.admission.concurrency.stalled()
            name = expired.kind.value.removeprefix("timeout.")
            message = f"the {name} clock of {expired.limit:g} s ran out"
            raise report.failed(expired.kind, message, clock_s=expired.limit) from None
        except ProviderError as error:
            self._refused(error, report)
            return None
        except BaseException:
            report.cancelled()
            raise
        finally:
            self.flight.watch = None
            self.request_s = self.origin.now() - watch.started
        self.admission.succeeded()
        self.admission.breaker.answered()
        failure = heard.verdict(wants_json=report.request.json_object)
        if failure is not None:
            raise report.failed(*failure)
        report.answered()
        self.admission.answered()
        return Answer(heard.text, heard.finish, heard.model)

    async def _listen(self, report: Report) -> None:
        stream = self.client.stream(report.request, on_connected=report.watch.connected)
        async with aclosing(stream) as events:
            async for event in events:
                self._hear(event, report.heard, report.watch)

    def _hear(self, event: Event, heard: Heard, watch: Watch) -> None:
        match event:
            case Content():
                heard.parts.append(event.text)
                watch.content()
                self.flight.heard(event.text)
            case Reasoning():
                heard.reasoning_chars += len(event.text)
                watch.content()
            case KeepAlive():
                watch.kept_alive()
            case UsageSeen():
                heard.usage = event.usage
            case Finish():
                heard.finish, heard.model = event.reason, event.model
            case Opened():
                heard.request_id, heard.status = event.request_id, event.status

    def _refused(self, error: ProviderError, report: Report) -> None:
        """The provider answered with an error, or the connection broke.

        Returns only for a 429, after it closed the gate.

        Raises:
            AttemptFailed, TurnedAway: see `send`.
            _Refused: the breaker has to be asked, outside the door.
        """
        if error.kind is FailureKind.RATE_LIMIT:
            report.uncounted(error, "429")
            self.admission.rate_limited(report.ticket, error.retry_after_s, error.message)
            return
        if error.kind in BREAKERS:
            report.uncounted(error, error.kind.value)
            self.admission.halt(Halt(JobState.STOPPED, error.kind.value, error.message))
            raise TurnedAway
        if error.kind in REFUSALS:
            report.ticket.cost_usd = 0.0
            raise _Refused(error, report)
        self.admission.concurrency.stalled()
        raise report.failed(error.kind, error.message, error=error)

    async def _decide(self, error: ProviderError, report: Report) -> AttemptFailed | TurnedAway:
        """Whether a refusal is the item's own fault or the whole job's; the exception to raise."""
        admission, breaker = self.admission, self.admission.breaker
        assert error.status is not None
        if error.status == 403:
            tripped = breaker.forbidden(self.origin.index, error.message)
        else:
            breaker.answered()
            self.flight.waiting("waiting", 0.0, "whether every request is refused")
            try:
                await breaker.hold(error.status, error.message)
            except asyncio.CancelledError:
                report.uncounted(error, "stopped")
                raise
            tripped = breaker.halt is not None and breaker.halt.reason == FailureKind.REFUSED.value
        if tripped:
            report.uncounted(error, "the breaker")
            if breaker.halt is not None:
                admission.halt(breaker.halt)
            return TurnedAway()
        return report.failed(error.kind, error.message, error=error)
