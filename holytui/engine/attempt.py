"""One attempt: requests through the door until one of them counts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from holytui.core.failures import FailureKind
from holytui.core.progress import JobState
from holytui.core.timeouts import Clocks
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.door import Admission
from holytui.engine.admission.outage import UNANSWERED, Tried
from holytui.engine.admission.ticket import TurnedAway
from holytui.engine.clocks import ClockExpired, Watch
from holytui.engine.flights import Flight
from holytui.engine.report import AttemptFailed, Heard, Origin, Report
from holytui.engine.retry import backoff_s
from holytui.engine.structured import CHECK_S
from holytui.engine.suspend import Suspends
from holytui.provider.client import ChatClient, ChatRequest
from holytui.provider.errors import ProviderError
from holytui.provider.events import Content, Event, Finish, KeepAlive, Opened, Reasoning, UsageSeen
from holytui.provider.limits import read_left

BREAKERS = frozenset({FailureKind.AUTH, FailureKind.QUOTA, FailureKind.MODEL_NOT_FOUND})
REFUSALS = frozenset({FailureKind.BAD_REQUEST, FailureKind.CONTEXT_LENGTH})
FORBIDDEN = 403
EXCUSED_BACKOFF = 2
"""After a sleep the network may take a while: what failed waits as after its second attempt."""

_JUDGED = frozenset({FailureKind.AUTH.value, FailureKind.REFUSED.value})
"""What the breaker concludes from refusals of several items."""


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


class _Excused(Exception):
    """A request that failed because the machine slept: it is sent again."""


@dataclass(slots=True)
class Sender:
    """Sends the requests of one step of one item, one attempt at a time."""

    client: ChatClient
    admission: Admission
    suspends: Suspends
    origin: Origin
    flight: Flight
    request_s: float = 0.0
    """Seconds the newest counted request took; waiting for a turn is not in it."""
    tried: Tried | None = None
    """The newest request that nobody answered."""

    async def send(self, request: ChatRequest, clocks: Clocks, step_left: Callable[[], float], number: int) -> Answer:
        """One attempt, number `number` of its round; what does not count inside it is sent again.

        Raises:
            AttemptFailed: it counts, and has a kind.
            TurnedAway: the job pauses or stops, or the provider is down; no attempt was used.
        """
        while True:
            bound = self.origin.bound(request)
            self.flight.waiting("waiting", 0.0, lambda: self.admission.waits_for)
            try:
                async with self.admission.enter(bound.usd or 0.0, self.origin.tokens(request)) as ticket:
                    watch = Watch(clocks, step_left(), self.origin.now)
                    report = Report(self.origin, request, watch, Heard(), ticket, bound, number)
                    answer = await self._request(report)
            except _Refused as refused:
                raise await self._decide(refused.error, refused.report) from None
            except _Excused:
                await self.admission.pause(backoff_s(EXCUSED_BACKOFF))
                continue
            if answer is not None:
                return answer

    async def _request(self, report: Report) -> Answer | None:
        """One request; None when it was refused for its rate and does not count."""
        heard, watch = report.heard, report.watch
        self.flight.sending(watch)
        try:
            async with watch:
                await self.client.ask(report.request, partial(self._hear, report), on_connected=watch.connected)
        except ClockExpired as expired:
            name = expired.kind.value.removeprefix("timeout.")
            message = f"the {name} clock of {expired.limit:g} s ran out"
            raise self._unanswered(expired.kind, message, report, clock_s=expired.limit) from None
        except ProviderError as error:
            self._refused(error, report)
            return None
        except BaseException:
            report.cancelled()
            raise
        finally:
            self.flight.watch = None
            self.request_s = self.origin.now() - watch.started
        self.admission.succeeded(report.ticket)
        self.origin.observe(report.request, self.request_s)
        self.origin.check_model(report.request.model, heard.model)
        check = self.origin.plan.checks.get(self.origin.step)
        if check is not None and check.has_schema:
            self.flight.waiting("waiting", CHECK_S, "the check of the answer")
        try:
            failure = await heard.verdict(check)
        except asyncio.CancelledError:  # a stop while a long answer is checked
            report.cancelled()
            raise
        if failure is not None:
            raise report.failed(*failure)
        report.answered()
        self.admission.answered()
        return Answer(heard.text, heard.finish, heard.model)

    def _hear(self, report: Report, event: Event) -> None:
        heard, watch = report.heard, report.watch
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
                left = read_left(event.headers)
                if left:
                    self.admission.told(left, report.ticket)

    def _refused(self, error: ProviderError, report: Report) -> None:
        """The provider answered with an error, or the connection broke.

        Returns only for a 429, after it closed the gate.

        Raises:
            AttemptFailed, TurnedAway: see `send`.
            _Refused: the breaker has to be asked, outside the door.
            _Excused: it does not count.
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
            report.ticket.cost_usd, report.ticket.used_tokens = 0.0, 0
            if error.status == FORBIDDEN:
                self.admission.breaker.suspect(self.origin.index)
            raise _Refused(error, report)
        if error.kind in UNANSWERED:
            raise self._unanswered(error.kind, error.message, report, error=error)
        self.admission.heard(report.ticket)
        raise report.failed(error.kind, error.message, error=error)

    def _unanswered(
        self,
        kind: FailureKind,
        message: str,
        report: Report,
        *,
        clock_s: float | None = None,
        error: ProviderError | None = None,
    ) -> Exception:
        """The exception to raise when nobody answered: it counts, unless the machine slept or the provider is down."""
        if self.suspends.excuses(report.watch.started):
            self.admission.breaker.answered()
            report.failed(kind, message, clock_s=clock_s, error=error, excuse="the machine slept")
            return _Excused()
        origin = self.origin
        learned = partial(origin.observe, report.request, clock_s or 0.0, expired=True)
        sent = report.ticket.place.requests
        tried = Tried(origin.index, origin.step, origin.round, report.number, sent, origin.now(), kind, message)
        if kind is FailureKind.TIMEOUT_ATTEMPT:
            tried = replace(tried, learned=learned)
        self.tried = tried
        if self.admission.unanswered(tried, report.ticket):
            return report.failed(kind, message, clock_s=clock_s, error=error)
        report.failed(kind, message, clock_s=clock_s, error=error, excuse="the provider was down")
        return TurnedAway()

    async def _decide(self, error: ProviderError, report: Report) -> AttemptFailed | TurnedAway:
        """Whether a refusal is the item's own fault or the whole job's; the exception to raise."""
        admission, breaker = self.admission, self.admission.breaker
        assert error.status is not None
        self.flight.waiting("waiting", 0.0, "whether every request is refused")
        try:
            if error.status == FORBIDDEN:
                others = admission.inside > 0
                await breaker.forbidden(self.origin.index, error.message, others=others)
            else:
                admission.heard(report.ticket)
                await breaker.hold(self.origin.step, error.status, error.message)
        except asyncio.CancelledError:
            report.uncounted(error, "stopped")
            raise
        if breaker.halt is not None and breaker.halt.reason in _JUDGED:
            report.uncounted(error, "the breaker")
            admission.halt(breaker.halt)
            return TurnedAway()
        return report.failed(error.kind, error.message, error=error)
