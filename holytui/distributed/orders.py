"""What the owner of a job wants of its workers; written anew when it changes, and once a second."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holytui.core.progress import JobState
from holytui.distributed.wire import dumps
from holytui.engine.admission.breaker import Halt


@dataclass(frozen=True, slots=True)
class Orders:
    """What holds now.

    Attributes:
        session: whose orders these are; a worker's items of another session follow the newest orders too.
        epoch: goes up when a halt was sat out: doors begin anew.
        number: goes up with each writing, so that seconds count from the first look at them.
        drain: send nothing new; what is in flight finishes, the rest returns.
        stop: what is in flight is cancelled too.
        gate_s: seconds for which nothing is sent, since some worker was refused for its rate; 0: the gate is open.
        episode: number of the gate's newest 429 episode: what a worker sends from now on, it sends after that.
        shares: by worker, requests that may be in flight at once.
        rates: by worker, requests and tokens a minute.
        verdicts: names of questions to the breaker that are decided; `halt` says how.
        halt: why the session ends before its work does.
        down: the provider does not answer: what failed so far is nobody's fault.
        good_news: goes up when the provider answers some worker while another finds it down: that one asks at once.
        release: nothing is in hand anywhere but items held in case of an outage: nothing more will tell.
    """

    session: str
    epoch: int = 0
    number: int = 0
    drain: bool = False
    stop: bool = False
    gate_s: float = 0.0
    episode: int = 0
    shares: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = ()
    halt: Halt | None = None
    release: bool = False
    down: bool = False
    good_news: int = 0

    def to_json(self) -> str:
        halt = self.halt
        return dumps(
            {
                "session": self.session,
                "epoch": self.epoch,
                "number": self.number,
                "drain": self.drain,
                "stop": self.stop,
                "gate_s": round(self.gate_s, 3),
                "episode": self.episode,
                "shares": dict(self.shares),
                "rates": {name: list(rates) for name, rates in self.rates.items()},
                "verdicts": list(self.verdicts),
                "halt": None if halt is None else halt_to_json(halt),
                "release": self.release,
                "down": self.down,
                "good_news": self.good_news,
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Orders":
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: another version wrote it.
        """
        data: dict[str, Any] = json.loads(text)
        return cls(
            data["session"],
            data["epoch"],
            data["number"],
            data["drain"],
            data["stop"],
            data["gate_s"],
            data["episode"],
            data["shares"],
            {name: (rpm, tpm) for name, (rpm, tpm) in data["rates"].items()},
            tuple(data["verdicts"]),
            None if data["halt"] is None else halt_from_json(data["halt"]),
            data["release"],
            data["down"],
            data["good_news"],
        )


def halt_to_json(halt: Halt) -> list[Any]:
    """For orders, and for a worker's word that it had to halt."""
    return [halt.state.value, halt.reason, halt.message, halt.wake_at]


def halt_from_json(data: list[Any]) -> Halt:
    """What `halt_to_json` wrote; raises ValueError or TypeError for anything else."""
    state, reason, message, wake_at = data
    return Halt(JobState(state), reason, message, wake_at)
