"""What one request brought and cost, told to the sink once, however it ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from holytui.core.answer_check import AnswerCheck
from holytui.core.failures import FailureKind
from holytui.core.learning import Observation
from holytui.core.models import same_model
from holytui.core.pricing import NOTHING, UNKNOWN, Money, MoneyKind, Usage
from holytui.core.timeouts import tier
from holytui.core.work import AttemptEvent, Notice, Sink
from holytui.engine.admission.ticket import Ticket
from holytui.engine.clocks import Watch
from holytui.engine.plan import Plan
from holytui.engine.structured import problem_of
from holytui.provider.client import ChatRequest
from holytui.provider.errors import ProviderError

USUAL_ANSWER_TOKENS = 400
"""Of a step without `max_tokens`, for limits that count tokens."""


class AttemptFailed(Exception):
    """An attempt that used one of `max_attempts` and brought no answer.

    Attributes:
        partial: the text that came before it failed.
        retry_after_s: seconds to wait, as the provider asks.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        status: int | None = None,
        partial: str = "",
        model: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.partial = partial
        self.model = model
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Heard:
    """What one request brought so far."""

    parts: list[str] = field(default_factory=list)
    reasoning_chars: int = 0
    usage: Usage | None = None
    finish: str = ""
    model: str = ""
    request_id: str = ""
    status: int | None = None

    @property
    def text(self) -> str:
        return "".join(self.parts)

    async def verdict(self, check: AnswerCheck | None) -> tuple[FailureKind, str] | None:
        """Why a stream that finished is no answer, as a kind and a sentence; None when it is one."""
        if self.finish == "length":
            return FailureKind.TRUNCATED, "the answer was cut at max_tokens; the partial text is kept"
        if self.finish == "content_filter":
            return FailureKind.CONTENT_FILTER, "the provider withheld the answer"
        if not self.text.strip():
            return FailureKind.EMPTY_ANSWER, f"finish reason {self.finish!r}, but no content"
        problem = None if check is None else await problem_of(check, self.text)
        return None if problem is None else (FailureKind.INVALID_OUTPUT, problem)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose request it is, and where it is told."""

    index: int
    step: str
    round: int
    plan: Plan
    sink: Sink
    now: Callable[[], float]

    def bound(self, request: ChatRequest) -> Money:
        """The most a request can cost: its bytes as tokens, and all of `max_tokens`."""
        price = self.plan.price(request.model)
        if price is None:
            return UNKNOWN
        size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)
        return Money(price.bound(size, request.max_tokens or 0), MoneyKind.ESTIMATED)

    def tokens(self, request: ChatRequest) -> float:
        """About what a request takes in tokens, answer included: what providers count it with beforehand."""
        return self.made_of(request.model, _chars(request)) + (request.max_tokens or USUAL_ANSWER_TOKENS)

    def made_of(self, model: str, chars: int) -> float:
        """Tokens that a text of so many characters comes to, as far as the answers so far tell."""
        return chars * self.plan.calibration.tokens_per_char(model)

    def check_model(self, asked: str, answered: str) -> None:
        """Tell once of an answer by another model than the one that was asked for: names get retired, relays swap."""
        pair = (asked, answered)
        if pair in self.plan.answered_by:
            return
        self.plan.answered_by.add(pair)
        if answered and not same_model(asked, answered):
            text = f"{self.step} asked for {asked} and was answered by {answered}: compare answers and prices"
            self.sink.notice(Notice("model", text, time.time()))

    def observe(self, request: ChatRequest, seconds: float, *, expired: bool = False) -> None:
        """Let the clocks learn how long a request took, or that a clock of so many seconds ended it."""
        length = tier(len(request.messages[-1].content))
        self.plan.learning.observe(Observation(self.step, request.model, length, seconds, expired))


@dataclass(slots=True)
class Report:
    """Tells the sink how one request ended, and its ticket what it cost."""

    origin: Origin
    request: ChatRequest
    watch: Watch
    heard: Heard
    ticket: Ticket
    bound: Money
    number: int

    def answered(self) -> None:
        usage, cost = self._cost()
        self._tell(counted=True, usage=usage, cost=cost)

    def failed(
        self,
        kind: FailureKind,
        message: str,
        *,
        clock_s: float | None = None,
        error: ProviderError | None = None,
        excuse: str = "",
    ) -> AttemptFailed:
        """The exception to raise for a request that brought no answer; with an excuse it uses no attempt."""
        usage, cost = self._cost(error)
        text = self.heard.text
        self._tell(
            counted=not excuse,
            usage=usage,
            cost=cost,
            kind=kind,
            message=f"not counted ({excuse}): {message}" if excuse else message,
            text=text,
            wasted=True,
            clock_s=clock_s,
            error=error,
        )
        status = error.status if error is not None else self.heard.status
        asked = None if error is None else error.retry_after_s
        return AttemptFailed(kind, message, status, text, self.heard.model, asked)

    def uncounted(self, error: ProviderError, why: str) -> None:
        """A refusal that uses no attempt: nothing was charged."""
        self.ticket.cost_usd, self.ticket.used_tokens = 0.0, 0
        message = f"not counted ({why}): {error.message}"
        self._tell(counted=False, usage=Usage(), cost=NOTHING, kind=error.kind, message=message, error=error)

    def cancelled(self) -> None:
        """We ended it: a stop or a quit. What was sent may have been charged."""
        usage, cost = self._cost()
        self._tell(counted=False, usage=usage, cost=cost, message="cancelled: the job was stopped", wasted=True)

    def _cost(self, error: ProviderError | None = None) -> tuple[Usage, Money]:
        """Usage and cost: as reported; nothing for a refusal or an unmade connection; else the bound."""
        heard, plan = self.heard, self.origin.plan
        if heard.usage is not None:
            self.ticket.used_tokens = heard.usage.input + heard.usage.output
            plan.calibration.learn(self.request.model, _chars(self.request), heard.usage.input)
            cost = plan.prices.cost(self.request.model, heard.usage)
            self.ticket.cost_usd = cost.usd or 0.0
            return heard.usage, cost
        refused = error is not None and error.status is not None and heard.status is None
        if refused or self.watch.connected_at is None:
            self.ticket.cost_usd, self.ticket.used_tokens = 0.0, 0
            return Usage(), NOTHING
        model, out = self.request.model, len(heard.text) + heard.reasoning_chars
        tokens_in = self.origin.made_of(model, _chars(self.request))
        usage = Usage(int(tokens_in) + 1, int(self.origin.made_of(model, out)), exact=False)
        price = plan.price(self.request.model)
        if price is None or self.bound.usd is None:
            return usage, UNKNOWN
        cost_usd = self.bound.usd if self.request.max_tokens else price.cost(usage)
        self.ticket.cost_usd = cost_usd
        return usage, Money(cost_usd, MoneyKind.ESTIMATED)

    def _tell(
        self,
        *,
        counted: bool,
        usage: Usage,
        cost: Money,
        kind: FailureKind | None = None,
        message: str = "",
        text: str = "",
        wasted: bool = False,
        clock_s: float | None = None,
        error: ProviderError | None = None,
    ) -> None:
        origin, watch, heard = self.origin, self.watch, self.heard
        ended_s = origin.now() - watch.started
        event = AttemptEvent(
            index=origin.index,
            step=origin.step,
            round=origin.round,
            number=self.number,
            counted=counted,
            started_at=time.time() - ended_s,
            ended_s=ended_s,
            connected_s=watch.since(watch.connected_at),
            first_s=watch.since(watch.first_at),
            last_s=watch.since(watch.last_at),
            clock_s=clock_s,
            kind=kind,
            message=message,
            http_status=error.status if error is not None else heard.status,
            request_id=error.request_id if error is not None else heard.request_id,
            model=heard.model,
            usage=usage,
            cost=cost,
            text=text,
            wasted=wasted,
            asked=self.request.model,
            tier=tier(len(self.request.messages[-1].content)),
            prompt_chars=_chars(self.request),
        )
        origin.sink.attempt(event)


def _chars(request: ChatRequest) -> int:
    return sum(len(message.content) for message in request.messages)
