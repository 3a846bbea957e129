"""What an item can cost at most before its owner hears of it again: what is set aside when it is sent to a worker."""

from collections.abc import Mapping

from holytui.core.template import TemplateError
from holytui.core.work import Work
from holytui.engine.plan import Plan

CHARS_OF_TOKEN = 4
USUAL_TOKENS = 1_000


def bound_usd(plan: Plan, work: Work) -> float:
    """USD for one request of each step that has no answer yet.

    Where a prompt needs an answer that is still to come, one of its longest usual length stands in for it: what is
    set aside is a guess then, and the worker's own door is what keeps to it.
    """
    answers: dict[str, str] = {}
    sum_usd = 0.0
    for step in plan.steps:
        past = work.history.get(step.name)
        if past is not None and past.answer is not None:
            answers[step.name] = past.answer
            continue
        sum_usd += _request_usd(plan, work, step.name, answers)
        tokens = work.overrides.max_tokens or step.step.max_tokens or USUAL_TOKENS
        answers[step.name] = "x" * (CHARS_OF_TOKEN * tokens)
    return sum_usd


def _request_usd(plan: Plan, work: Work, name: str, answers: Mapping[str, str]) -> float:
    step = next(step for step in plan.steps if step.name == name)
    try:
        request = step.request(work.record, answers, work.overrides)
    except TemplateError:
        return 0.0
    price = plan.price(request.model)
    if price is None:
        return 0.0
    size = sum(len(message.content.encode("utf-8", "surrogatepass")) for message in request.messages)
    return price.bound(size, request.max_tokens or 0)
