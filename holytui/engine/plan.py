"""A job as the engine runs it: its steps with parsed templates, clocks and prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from holytui.core.answer_check import AnswerCheck
from holytui.core.job import Job, Step
from holytui.core.learning import Learning
from holytui.core.pricing import Price, PriceBook
from holytui.core.template import Template
from holytui.core.timeouts import Clocks, clocks, model_factor, tier
from holytui.core.tokens import Calibration
from holytui.core.work import Overrides, Record
from holytui.provider.client import ChatRequest, Message


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step, ready to render and send.

    Attributes:
        needs: names of the steps whose answers its templates use.
    """

    step: Step
    prompt: Template
    system: Template | None
    needs: frozenset[str]

    @property
    def name(self) -> str:
        return self.step.name

    def request(self, record: Record, answers: Mapping[str, str], overrides: Overrides) -> ChatRequest:
        """The request for an item.

        Raises:
            TemplateError: the record has no such field.
        """
        messages = []
        if self.system is not None:
            messages.append(Message("system", self.system.render(record, answers)))
        messages.append(Message("user", self.prompt.render(record, answers) + overrides.prompt_suffix))
        return ChatRequest(
            model=overrides.model or self.step.model,
            messages=tuple(messages),
            temperature=self.step.temperature,
            max_tokens=overrides.max_tokens or self.step.max_tokens,
            json_object=self.step.response_format == "json",
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the engine needs to know of a job.

    Attributes:
        steps: in an order in which every step stands after those it needs.
        factors: clock factor by model.
        checks: by step name, for steps whose answers are JSON.
        learning: clocks that answers have taught.
        answered_by: pairs of models, asked for and answering, that have been looked at.
        calibration: tokens that a model makes of a text, by the usage that came back in this session.
    """

    steps: tuple[PlannedStep, ...]
    max_attempts: int
    prices: PriceBook
    factors: Mapping[str, float]
    checks: Mapping[str, AnswerCheck]
    learning: Learning = field(default_factory=Learning)
    calibration: Calibration = field(default_factory=Calibration)
    answered_by: set[tuple[str, str]] = field(default_factory=set)

    def clocks(self, step: Step, request: ChatRequest, widened: int, overrides: Overrides) -> Clocks:
        """The limits for an attempt of a step that has timed out `widened` times before."""
        chars = len(request.messages[-1].content)
        limits = clocks(
            chars,
            model_factor(request.model, self.factors),
            step.timeouts,
            step.deadline,
            self.max_attempts,
            widened,
            self.learning.attempt_s(step.name, request.model, tier(chars)),
        )
        factor = overrides.clock_factor
        if factor == 1.0:
            return limits
        return replace(
            limits,
            connect=limits.connect * factor,
            first_token=limits.first_token * factor,
            stall=limits.stall * factor,
            attempt=limits.attempt * factor,
            step=limits.step * factor,
        )

    def price(self, model: str) -> Price | None:
        return self.prices.price(model)


def plan_job(job: Job, prices: PriceBook, factors: Mapping[str, float], learning: Learning | None = None) -> Plan:
    """Parse a job's templates, order its steps, prepare what checks their answers."""
    planned = [plan_step(step) for step in job.step_order()]
    checks = {step.name: AnswerCheck(step.answer_schema) for step in job.steps if step.response_format == "json"}
    return Plan(tuple(planned), job.run.max_attempts, prices, factors, checks, learning or Learning())


def plan_step(step: Step) -> PlannedStep:
    """Parse the templates of a step."""
    prompt = Template.parse(step.prompt)
    system = Template.parse(step.system) if step.system else None
    needs = frozenset(prompt.steps) | frozenset(system.steps if system is not None else ())
    return PlannedStep(step, prompt, system, needs)
