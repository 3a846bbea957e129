"""What workers need to know of a job's session; no key is in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holytui.core.job import Job
from holytui.core.learning import Learning, Observation
from holytui.core.pricing import Price
from holytui.distributed.wire import dumps
from holytui.runs.endpoint import Target

SEEN_OF_EACH = 200
"""Durations of a step, model and length class that a worker's clocks begin with."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A session as its workers see it.

    Attributes:
        session: of the owner, new with each.
        job: with the session's wishes in it.
        target: where requests go; each worker reads the key from its own environment.
        prices: by model, as they hold for the owner; they win over a worker's table.
        seen: what the owner's clocks have learned from.
    """

    session: str
    job: Job
    target: Target
    prices: Mapping[str, Price] = field(default_factory=dict)
    seen: Sequence[Observation] = ()

    def to_json(self) -> str:
        """For Redis; it holds prompts, as the checkpoint does."""
        target = self.target
        return dumps(
            {
                "session": self.session,
                "job": self.job.model_dump(mode="json"),
                "target": [target.name, target.base_url, target.variable, target.embedded, target.simulated],
                "prices": {
                    model: [price.input, price.cached_input, price.output, price.source]
                    for model, price in self.prices.items()
                },
                "seen": [[seen.step, seen.model, seen.tier, seen.seconds] for seen in self.seen],
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> "Spec":
        """What `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: another version wrote it.
        """
        data: dict[str, Any] = json.loads(text)
        return cls(
            session=data["session"],
            job=Job.model_validate(data["job"], strict=False),
            target=Target(*data["target"]),
            prices={model: Price(*price) for model, price in data["prices"].items()},
            seen=tuple(Observation(*seen) for seen in data["seen"]),
        )

    def learning(self) -> Learning:
        """Clocks that know what the owner's knew when the session began."""
        learning = Learning()
        for seen in self.seen:
            learning.observe(seen)
        return learning
