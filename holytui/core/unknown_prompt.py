"""Steps whose prompt nobody knows: their answers were imported, and no request can be made for them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holytui.core.job import Job

UNKNOWN_PROMPT = "{item.the prompt is not known}"
"""No item has this field: whatever tries to fill it in fails before anything is sent."""

UNKNOWN_MODEL = "unknown"


def without_prompt(job: "Job") -> "Job":
    """The same job, its one step without a prompt."""
    (step,) = job.steps
    return job.model_copy(update={"steps": (step.model_copy(update={"prompt": UNKNOWN_PROMPT}),)})
