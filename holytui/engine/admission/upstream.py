"""What all jobs share that ask one provider with one key: gate, level of concurrency, rates, allowances."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from holytui.engine.admission.concurrency import Concurrency
from holytui.engine.admission.gate import Gate
from holytui.engine.admission.rate import Allowance, Bucket, Left

NEWS_S = 1.0
"""A shorter wait is pacing, nothing to tell anybody."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request stands in the order of sending: what was sent before it, it included."""

    requests: int
    tokens: float


class Member(Protocol):
    """A job's door."""

    @property
    def occupied(self) -> bool:
        """Somebody of the job's is inside, at the door, or will come to it."""

    def pump(self) -> None:
        """Something changed: admit whom it lets in."""


class Upstream:
    """One provider with one key, for the jobs of this process that ask it; all on one loop's thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Nothing is known yet.

        Args:
            now: the loop's clock, seconds.
        """
        self.gate = Gate(now)
        self.concurrency = Concurrency(0, now)
        self._now = now
        self._requests_left = Allowance(now)
        self._tokens_left = Allowance(now)
        self._sent = Place(0, 0.0)
        self._members: dict[Member, tuple[int | None, int | None]] = {}
        self._rpm: Bucket | None = None
        self._tpm: Bucket | None = None

    def join(self, member: Member, ceiling: int, rpm: int | None, tpm: int | None) -> None:
        """A job begins to ask: its ceiling comes on top, the narrowest of all jobs' rates holds for all."""
        self._members[member] = (rpm, tpm)
        self.concurrency.change_ceiling(ceiling)
        self._set_rates()

    def leave(self, member: Member, ceiling: int) -> None:
        """It asks no more."""
        if self._members.pop(member, None) is not None:
            self.concurrency.change_ceiling(-ceiling)
            self._set_rates()

    def begin_anew(self) -> None:
        """A session begins. What is known of refusals is of sessions that are over, unless somebody is at a door.

        Where several processes share a provider, a new session begins with an open gate too, at its ceiling.
        """
        if not any(member.occupied for member in self._members):
            self.gate.reopen()
            self.concurrency.forget()

    def change_rates(self, member: Member, rpm: int | None, tpm: int | None) -> None:
        """A job's rates are others from now on."""
        if self._members.get(member, (rpm, tpm)) != (rpm, tpm):
            self._members[member] = (rpm, tpm)
            self._set_rates()

    def pump(self) -> None:
        """What is shared has changed: every job looks, each time another one first."""
        members = list(self._members.items())
        if len(members) > 1:
            first = members.pop(0)
            self._members = dict([*members, first])
        for member in list(self._members):
            member.pump()

    def delay(self, tokens: float) -> float:
        """Seconds until a request of so many tokens may be sent; 0: now."""
        roomy = float(self.concurrency.current)
        waits = [self.gate.opens_in or 0.0, self._requests_left.delay(1.0, roomy)]
        waits.append(self._tokens_left.delay(tokens, roomy * tokens))
        if self._rpm is not None:
            waits.append(self._rpm.delay(1.0))
        if self._tpm is not None:
            waits.append(self._tpm.delay(tokens))
        return max(waits)

    @property
    def waits_for(self) -> str:
        """What sending waits for beside slots, for a person; empty when for nothing worth a word."""
        if self.gate.opens_in is not None:
            return "rate limit"
        if max(self._requests_left.delay(1.0, 0.0), self._tokens_left.delay(1.0, 0.0)) > NEWS_S:
            return "the provider's allowance"
        if self._rpm is not None and self._rpm.delay(1.0) > 0:
            return "rpm of the job file"
        return "tpm of the job file" if self._tpm is not None and self._tpm.delay(1.0) > 0 else ""

    @property
    def room(self) -> int:
        """Requests that may be sent now by the level of concurrency; just after a wait only a part of it."""
        concurrency, share = self.concurrency, self.gate.share
        if share >= 1.0:
            return concurrency.free
        ramped = max(1, int(concurrency.current * share))
        return max(0, min(concurrency.free, ramped - concurrency.in_use - concurrency.unsaved))

    def sent(self, tokens: float) -> Place:
        """A request goes out, counted with so many tokens; its place in the order."""
        self._sent = Place(self._sent.requests + 1, self._sent.tokens + tokens)
        self._requests_left.use(1.0)
        self._tokens_left.use(tokens)
        if self._rpm is not None:
            self._rpm.use(1.0)
        if self._tpm is not None:
            self._tpm.use(tokens)
        return self._sent

    def settle(self, tokens: float, used: float) -> None:
        """A request took another number of tokens than it was counted with."""
        if self._tpm is not None:
            self._tpm.use(used - tokens)

    def told(self, left: Mapping[str, tuple[float, float]], place: Place) -> None:
        """What the provider said is left, with the answer to the request at this place.

        Args:
            left: (units, seconds until the reset) for `requests` and `tokens`, as far as it said.
            place: of that request.
        """
        if "requests" in left:
            since = self._sent.requests - place.requests
            self._requests_left.told(Left(*left["requests"]), place.requests, since)
        if "tokens" in left:
            self._tokens_left.told(Left(*left["tokens"]), place.requests, self._sent.tokens - place.tokens)

    def _set_rates(self) -> None:
        rpms = [rpm for rpm, _ in self._members.values() if rpm is not None]
        tpms = [tpm for _, tpm in self._members.values() if tpm is not None]
        self._rpm = Bucket(min(rpms), self._now) if rpms else None
        self._tpm = Bucket(min(tpms), self._now) if tpms else None


class Upstreams:
    """The upstreams of a process, by where requests go and with which key."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._upstreams: dict[tuple[str, str], Upstream] = {}

    def of(self, base_url: str, api_key: str) -> Upstream:
        """The upstream that all jobs with this address and key share."""
        return self._upstreams.setdefault((base_url, api_key), Upstream(self._now))
