"""An item in full: what was recorded of it, what was or will be asked, where it stands, what a retry takes."""

import json
from dataclasses import dataclass

from holytui.core.pricing import UNKNOWN, Money, MoneyKind
from holytui.core.template import TemplateError
from holytui.core.timeouts import WIDENING, WIDEST_S
from holytui.core.work import ItemState
from holytui.engine.plan import PlannedStep, plan_step
from holytui.runs.sound import job_of_meta
from holytui.store.reader import Reader
from holytui.store.rows import ItemDetail


@dataclass(frozen=True, slots=True)
class AskedStep:
    """One step of an item.

    Attributes:
        model: that is asked, a retry's own one included.
        deadline_s: the step clock where the job file gives one, else None.
        prompt, system: as they are sent; empty where they cannot be made yet.
        body: the request's JSON, indented, without the stream's options.
        problem: why it cannot be made, empty when it can.
    """

    name: str
    model: str
    deadline_s: float | None
    prompt: str
    system: str
    body: str
    problem: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the item screen shows.

    Attributes:
        steps: of the job, in the order of its file.
        total, failed: items of the job; place: which of the failures this is, from 1, None if it is none.
        max_attempts: of a step and round.
        retry: what a retry of one item costs on average; simulated: nothing is charged.
        next_clock_s: what the clock that fired last will be next time, None if none fired.
    """

    detail: ItemDetail
    steps: tuple[AskedStep, ...]
    total: int
    failed: int
    place: int | None
    max_attempts: int
    retry: Money
    simulated: bool
    next_clock_s: float | None


class Inspector:
    """Looks items of one job up."""

    def __init__(self, reader: Reader) -> None:
        """Over a reader, which the caller closes.

        Raises:
            CheckpointError: the job cannot be read.
        """
        self._reader = reader
        self._job = job_of_meta(reader.folder, reader.meta())
        self._steps = [plan_step(step) for step in self._job.steps]

    def look(self, index: int) -> Inspection:
        """The item at an index.

        Raises:
            CheckpointError: there is none, or it cannot be read.
        """
        reader = self._reader
        detail, counters = reader.item(index), reader.counters()
        failed = detail.row.state is ItemState.FAILED
        mean = reader.mean_usd()
        return Inspection(
            detail=detail,
            steps=tuple(_asked(step, detail) for step in self._steps),
            total=counters.total,
            failed=counters.failed,
            place=reader.failure_place(index) if failed else None,
            max_attempts=self._job.run.max_attempts,
            retry=UNKNOWN if mean is None else Money(mean, MoneyKind.COMPUTED),
            simulated=self._job.provider.name == "simulator",
            next_clock_s=_next_clock(detail),
        )


def _asked(step: PlannedStep, detail: ItemDetail) -> AskedStep:
    overrides = detail.overrides
    model = overrides.model or step.step.model
    deadline = None if step.step.deadline == "auto" else float(step.step.deadline)
    missing = sorted(step.needs - set(detail.answers))
    problem = detail.record.problem or (f"waits for the answer of {', '.join(missing)}" if missing else "")
    if problem:
        return AskedStep(step.name, model, deadline, "", "", "", problem)
    try:
        request = step.request(detail.record, detail.answers, overrides)
    except TemplateError as error:
        return AskedStep(step.name, model, deadline, "", "", "", str(error))
    system = "\n".join(message.content for message in request.messages if message.role == "system")
    body = json.dumps(json.loads(request.body(with_usage=False)), indent=2)
    return AskedStep(step.name, model, deadline, request.messages[-1].content, system, body, "")


def _next_clock(detail: ItemDetail) -> float | None:
    fired = [tried.clock_s for tried in detail.attempts if tried.clock_s is not None and tried.step == detail.row.step]
    if not fired or detail.row.kind == "timeout.step":
        return None
    return max(fired[-1], min(WIDEST_S, fired[-1] * WIDENING))
