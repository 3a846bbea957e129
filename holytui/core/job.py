"""A job as its file describes it: the models of its tables."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from holytui.core.address import EXPECTED_ADDRESS, is_address
from holytui.core.answer_schema import AnswerSchema, SchemaProblem, compile_schema
from holytui.core.bounds import LONGEST_S, MOST, MOST_AT_ONCE, MOST_USD, WIDEST_FACTOR
from holytui.core.given import GivenItem
from holytui.core.identity import job_id_of
from holytui.core.job_checks import SOURCES, meaning
from holytui.core.job_problems import SEMANTICS
from holytui.core.pricing import Price
from holytui.core.template import Template
from holytui.core.timeouts import CONNECT_S

STEP_NAME = r"^[A-Za-z0-9_-]{1,64}$"
VARIABLE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[dhms])+")


def _seconds(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == "auto" or (number and 0 < value <= LONGEST_S):  # type: ignore[operator]  # a number
        return value
    if number and value > LONGEST_S:  # type: ignore[operator]  # a number
        raise PydanticCustomError("seconds", f'expected at most {LONGEST_S:,} seconds (a year), or "auto"')
    raise PydanticCustomError("seconds", 'expected a number of seconds above 0, or "auto"')


def _within_floats(value: object) -> object:
    """A whole number that no float can hold is too large, and not "no number"."""
    return 2 * MOST_USD if type(value) is int and value > MOST_USD else value


def duration_s(text: str) -> float:
    """Seconds of a duration such as `6h`, `30m` or `1h30m`."""
    return sum(float(number) * _UNITS_S[unit] for number, unit in _DURATION_PART.findall(text))


def _duration(value: object) -> object:
    if isinstance(value, str) and _DURATION.fullmatch(value) and (seconds := duration_s(value)) > 0:
        if seconds > LONGEST_S:
            raise PydanticCustomError("duration", f"expected a duration of at most {LONGEST_S // 86_400}d")
        return value
    raise PydanticCustomError("duration", 'expected a duration such as "6h", "30m" or "1h30m"')


def _saved_schema(value: object) -> object:
    """A schema out of a job's own dump; a job file's are read before the model sees them."""
    if isinstance(value, Mapping) and value.keys() == {"path", "content"}:
        return AnswerSchema(str(value["path"]), str(value["content"]))
    return value


Duration = Annotated[str, BeforeValidator(_duration)]
PositiveSeconds = Annotated[float, Field(gt=0, le=LONGEST_S)]
Seconds = Annotated[PositiveSeconds | Literal["auto"], BeforeValidator(_seconds)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
AtLeastOne = Annotated[int, Field(ge=1, le=MOST)]
AtOnce = Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]
Usd = Annotated[float, Field(gt=0, le=MOST_USD), BeforeValidator(_within_floats)]
Schema = Annotated[AnswerSchema, BeforeValidator(_saved_schema), WithJsonSchema({"type": "string"})]
Temperature = Annotated[float, Field(ge=0, le=2)]
ClockFactor = Annotated[float, Field(gt=0, le=WIDEST_FACTOR)]
UsdPerMillion = Annotated[float, Field(ge=0, le=MOST_USD), BeforeValidator(_within_floats)]


class _Part(BaseModel):
    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        serialize_by_alias=True,
    )


class Input(_Part):
    """Where the items come from: exactly one source."""

    glob: Text | None = Field(None, description="Text files, an item each: a pattern such as docs/**/*.txt.")
    jsonl: Text | None = Field(None, description="A file with one JSON object or string a line.")
    csv: Text | None = Field(None, description="A table whose first row names the fields.")
    lines: Text | None = Field(None, description="A text file, an item a line; blank lines are skipped.")
    count: AtLeastOne | None = Field(None, description="This many items, doc_0.pdf and so on.")
    id: Text | None = Field(None, description="The field that identifies an item.")
    limit: AtLeastOne | None = Field(None, description="Only the first so many items of the input.")
    max_chars: AtLeastOne | None = Field(None, description="Characters that are kept of a file's text.")

    @property
    def source(self) -> str:
        """Which of the sources is given."""
        return next(name for name in SOURCES if getattr(self, name) is not None)


class PriceEntry(_Part):
    """USD per million tokens."""

    input: UsdPerMillion
    cached_input: UsdPerMillion | None = Field(None, description="Of cached input; else the price of input.")
    output: UsdPerMillion

    def price(self, source: str) -> Price:
        """The price with where it comes from."""
        cached = self.input if self.cached_input is None else self.cached_input
        return Price(self.input, cached, self.output, source)


class Provider(_Part):
    """Where requests go."""

    name: Text = Field("holysheep", description="A known provider, or any name together with base_url.")
    base_url: Text | None = Field(None, description="The address of an OpenAI-compatible API.")
    api_key_env: Annotated[str, Field(pattern=VARIABLE_NAME)] | None = Field(
        None, description="The environment variable that holds the key; never the key itself."
    )
    prices: dict[str, PriceEntry] = Field(
        default_factory=dict, description="USD per million tokens by model; wins over every table."
    )

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is None or url.startswith("simulator:") or is_address(url):
            return url
        raise PydanticCustomError("address", EXPECTED_ADDRESS)


class RunOptions(_Part):
    """How the job is run; never part of what identifies an answer."""

    concurrency: AtOnce = Field(32, description="Requests at once, at most.")
    checkpoint_every: AtLeastOne = Field(50, description="Results that a power cut may cost, at most.")
    max_attempts: Annotated[int, Field(ge=1, le=100)] = Field(3, description="Per item and step.")
    budget_usd: Usd | None = Field(None, description="The job stops before it spends more than this.")
    rpm: AtLeastOne | None = Field(None, description="Requests a minute, at most.")
    tpm: AtLeastOne | None = Field(None, description="Tokens a minute, at most.")

    wait_for_balance: Duration | None = Field(
        None, description="How long to wait for an empty balance to be filled, e.g. 6h; one item is tried now and then."
    )

    @property
    def wait_for_balance_s(self) -> float | None:
        """Seconds, or None where an empty balance stops the job."""
        return None if self.wait_for_balance is None else duration_s(self.wait_for_balance)


class Timeouts(_Part):
    """Clocks of one request, in seconds; auto follows prompt length and model."""

    connect: Seconds = CONNECT_S
    first_token: Seconds = "auto"  # noqa: S105  # a clock, not a secret
    stall: Seconds = "auto"
    attempt: Seconds = "auto"


class Step(_Part):
    """One prompt, sent for every item."""

    name: Annotated[str, Field(pattern=STEP_NAME)] = Field(
        description="Letters, digits, - and _; later prompts use its answer as {steps.name}."
    )
    model: Text
    system: str | None = Field(None, description="The system prompt; a template too.")
    prompt: Text = Field(description="Template with {item}, {item.field} and {steps.name}.")
    temperature: Temperature | None = None
    max_tokens: AtLeastOne | None = Field(None, description="The longest answer, in tokens.")
    deadline: Seconds = Field("auto", description="Seconds for all attempts together.")
    timeouts: Timeouts = Field(default_factory=Timeouts)
    response_format: Literal["text", "json"] = Field("text", description="json: an answer that is none is a failure.")
    answer_schema: Schema | None = Field(
        None, alias="schema", description="A file with a JSON Schema that answers have to meet; they are JSON then."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_schema_is_json(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("schema") is not None:
            return {"response_format": "json", **data}
        return data

    @field_validator("answer_schema")
    @classmethod
    def _can_check(cls, schema: AnswerSchema | None, info: ValidationInfo) -> AnswerSchema | None:
        if schema is not None and not (info.context or {}).get("checked"):
            try:
                compile_schema(schema)
            except (SchemaProblem, ValueError) as error:
                raise PydanticCustomError("schema", "{problem}", {"problem": str(error)}) from error
        return schema

    @cached_property
    def uses(self) -> frozenset[str]:
        """Names of the steps whose answers this one needs."""
        return Template.parse(self.prompt).steps | Template.parse(self.system or "").steps


class Job(_Part):
    """What a job file says. One that exists is sound: its steps can be ordered, its templates filled.

    One that a program made with `from_prompt` carries its items with it; they are in no dump of it.
    """

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    input: Input
    provider: Provider = Field(default_factory=Provider)
    run: RunOptions = Field(default_factory=RunOptions)
    steps: Annotated[tuple[Step, ...], Field(min_length=1, strict=False)]
    _given_items: tuple[GivenItem, ...] | None = PrivateAttr(default=None)

    @classmethod
    def from_prompt(
        cls,
        *,
        items: Iterable[str | Mapping[str, Any]],
        prompt: str,
        model: str,
        name: str | None = None,
        id: str | None = None,  # noqa: A002  # the key of a job file's input
        system: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        response_format: Literal["text", "json"] = "text",
        schema: Mapping[str, Any] | None = None,
        provider: Provider | None = None,
        run: RunOptions | None = None,
    ) -> "Job":
        """A job of one prompt over items that are given here, without a job file.

        The items are read once, at this call. An item that cannot be used, such as an empty text, fails alone when
        its turn comes.

        Args:
            items: texts, or mappings of names to JSON values.
            prompt: a template with `{item}` and `{item.field}`; every other brace is just a brace.
            model: as the provider calls it.
            name: of the job, which also gives its id; None: one that follows from prompt, model and the other
                settings of the answer, so that the same script finds its job again.
            id: the field that identifies an item; None: its content does.
            system: the system prompt; a template too.
            temperature: 0 to 2; None: the provider's own.
            max_tokens: the longest answer, in tokens; a budget needs it.
            response_format: `json` makes an answer that is no JSON a failure.
            schema: a JSON Schema that answers have to meet; they are JSON then.
            provider: where requests go; None: HolySheep, with the key in HOLYSHEEP_API_KEY.
            run: concurrency, budget, attempts; None: the defaults.

        Raises:
            JobRefused: a ValueError that names all that is wrong: no items, `items[3]` that is neither text nor
                mapping, a template that cannot be filled.
        """
        from holytui.core.prompt_job import job_from_prompt

        step = {
            "model": model,
            "system": system,
            "prompt": prompt,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "response_format": response_format,
        }
        return job_from_prompt(items, step, name=name, id_field=id, schema=schema, provider=provider, run=run)

    @property
    def given_items(self) -> tuple[GivenItem, ...] | None:
        """The items that came with the job; None where its input has to be read."""
        return self._given_items

    def with_items(self, items: tuple[GivenItem, ...] | None) -> "Job":
        """The same job over these items, which are taken as they are: `core.given` checks them."""
        copy = self.model_copy()
        copy._given_items = items  # noqa: SLF001  # of its own class
        return copy

    @model_validator(mode="before")
    @classmethod
    def _is_sound(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, Mapping) and not (info.context or {}).get("checked"):
            problems = meaning(data)
            if problems:
                raise PydanticCustomError(SEMANTICS, "{problems}", {"problems": "; ".join(map(str, problems))})
        return data

    @property
    def slug(self) -> str:
        """The job's id when nothing else is asked for: `[a-z0-9-]+`, from the name."""
        return job_id_of(self.name)

    def step_order(self) -> tuple[Step, ...]:
        """The steps, each behind those it uses, else as the file has them."""
        ordered: list[Step] = []
        waiting = list(self.steps)
        while waiting:
            known = {step.name for step in ordered}
            ready = next(step for step in waiting if step.uses <= known)
            ordered.append(ready)
            waiting.remove(ready)
        return tuple(ordered)
