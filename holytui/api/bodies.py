"""What a client sends: tasks to start, failures to retry, what it wants to see.

Fields that a job file has too are the job file's own.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from holytui.core.failures import FailureKind
from holytui.core.job import AtLeastOne, ClockFactor, Job, Provider, RunOptions, Temperature, Text

TASK_ID = r"^[a-z0-9][a-z0-9-]{0,99}$"
PROMPT, JOB = "prompt_task", "job_task"

TaskId = Annotated[str, Field(pattern=TASK_ID)]
KINDS = ("timeout", *(kind.value for kind in FailureKind))


def _kind(value: object) -> object:
    if value not in KINDS:
        raise PydanticCustomError("kind", "expected one of {known}", {"known": ", ".join(KINDS)})
    return value


Kind = Annotated[str, BeforeValidator(_kind), WithJsonSchema({"type": "string", "enum": list(KINDS)})]


class JobTable:
    """A job file's content as JSON: of that shape for clients, checked later as a job file is."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(Job.__pydantic_core_schema__)


class Body(BaseModel):
    """Nothing is guessed, nothing passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class Task(Body):
    """What may be said of any task."""

    executor: Literal["local", "celery"] | None = Field(
        None, description="Where items run: local, in the server's process, or celery, on workers."
    )


class PromptTask(Task):
    """One prompt over items that are sent along."""

    items: Annotated[
        list[Any],
        Field(min_length=1, description="Texts, or objects whose fields the prompt may use."),
        WithJsonSchema({"type": "array", "minItems": 1, "items": {"type": ["string", "object"]}}),
    ]
    prompt_template: Text = Field(description="Template with {item} and {item.field}.")
    model: Text
    id: TaskId | None = Field(None, description="Of the task; else one is made, from the name where there is one.")
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")] | None = None
    id_field: Text | None = Field(None, description="The field that identifies an item; else its content does.")
    system: str | None = Field(None, description="The system prompt; a template too.")
    temperature: Temperature | None = None
    max_tokens: AtLeastOne | None = Field(None, description="The longest answer, in tokens.")
    response_format: Literal["text", "json"] | None = Field(None, description="json with a schema, else text.")
    answer_schema: dict[str, Any] | None = Field(
        None, alias="schema", description="A JSON Schema that answers have to meet."
    )
    provider: Provider | None = None
    run: RunOptions | None = None


class JobTask(Task):
    """A job file's content as JSON; files are read below the server's root only, a schema may stand in it as it is."""

    job: Annotated[dict[str, Any], JobTable]
    id: TaskId | None = Field(None, description="Of the task; else it follows from the job's name.")


def _which(body: Any) -> str:
    is_job = isinstance(body, JobTask) or (isinstance(body, dict) and "job" in body)
    return JOB if is_job else PROMPT


StartTask = Annotated[Annotated[PromptTask, Tag(PROMPT)] | Annotated[JobTask, Tag(JOB)], Discriminator(_which)]


class RetryTask(Body):
    """Which failed items to ask again; without anything those of every kind that may go better this time."""

    kinds: list[Kind] = Field(default_factory=list, description="Only these; timeout means all timeout.*.")
    items: list[str] = Field(default_factory=list, description="Only these, by id.")
    all: bool = Field(default=False, description="Also kinds that would fail the same way again.")
    model: Text | None = Field(None, description="Ask this model instead.")
    clock_factor: ClockFactor = Field(1.0, description="Times every clock.")
    max_tokens: AtLeastOne | None = None


class Page(BaseModel):
    """Which items."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["jsonl", "json"] = Field("jsonl", description="An item a line, or one array.")
    after: Annotated[int, Field(ge=-1, lt=2**53)] = Field(-1, description="Index of the item before the first.")
    limit: Annotated[int, Field(ge=1, lt=2**53)] | None = Field(None, description="Items at most.")


class Wanted(BaseModel):
    """Which events."""

    model_config = ConfigDict(extra="forbid")

    items: bool = Field(default=False, description="Each item that gets its result, too.")


ROOTS: dict[str, type[BaseModel]] = {PROMPT: PromptTask, JOB: JobTask}
"""By the tag that a problem's place begins with."""

QUERIES: dict[str, type[BaseModel]] = {"results": Page, "events": Wanted}
"""By the last part of their paths."""
