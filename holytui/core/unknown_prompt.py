"""Steps whose prompt nobody knows: their answers were imported, and no request can be made for them."""

from holytui.core.job import Job

UNKNOWN_PROMPT = "{item.the prompt is not known}"
"""No item has this field: whatever tries to fill it in fails before anything is sent."""

UNKNOWN_MODEL = "unknown"


def without_prompt(job: Job) -> Job:
    """The same job, its one step without a prompt."""
    (step,) = job.steps
    return job.model_copy(update={"steps": (step.model_copy(update={"prompt": UNKNOWN_PROMPT}),)})


def lacks_prompt(job: Job) -> bool:
    """Whether it can only be looked at and exported."""
    return any(step.prompt == UNKNOWN_PROMPT for step in job.steps)
