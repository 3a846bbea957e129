"""Whether an answer is the JSON that was asked for, and if not, where and why."""

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from holytui.core.answer_schema import AnswerSchema, compile_schema
from holytui.core.schema_words import first_told

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

SCHEMA_CHARS = 2_000_000
"""Longer answers are not checked against a schema: no model writes that much, and it would take a minute."""

NEAR_CHARS = 20
_TOLD = 20
"""Violated rules that the one to tell is chosen from: a long answer may violate a hundred thousand."""

_FENCE = re.compile(r"\s*```[A-Za-z]*[ \t]*\r?\n(?P<inside>.*?)\r?\n[ \t]*```\s*", re.DOTALL)


class AnswerCheck:
    """Checks the answers of one step.

    An answer is taken as it is, or, since many models write it so, as a Markdown code fence with nothing before
    or behind it. It is stored as it came in both cases.
    """

    def __init__(self, schema: AnswerSchema | None = None) -> None:
        """Prepare; without a schema any JSON will do.

        Raises:
            SchemaProblem: no answer could be checked with this schema.
        """
        self._validator = None if schema is None else compile_schema(schema)

    @property
    def has_schema(self) -> bool:
        """Whether a check may take long."""
        return self._validator is not None

    def problem(self, text: str) -> str | None:
        """Why an answer is not what was asked for, as a sentence; None when it is.

        Blocks for about a second in a million characters where there is a schema. Never raises: what cannot be
        checked is not what was asked for.
        """
        fence = _FENCE.fullmatch(text)
        start, end = fence.span("inside") if fence is not None else (0, len(text))
        try:
            value = json.loads(text[start:end], parse_constant=_refuse)
        except json.JSONDecodeError as error:
            return _broken(text, start + error.pos, error.msg)
        except RecursionError:
            return "it cannot be checked: its values are nested too deeply"
        except _NoNumber as error:
            return f"not JSON: {error} is no number in JSON"
        except ValueError:  # Python's own bound on digits
            return "it cannot be checked: a number in it has thousands of digits"
        return None if self._validator is None else _violation(self._validator, value, end - start)


class _NoNumber(ValueError):
    """NaN or an infinity, which Python reads and JSON does not know."""


def _refuse(name: str) -> Any:
    raise _NoNumber(name)


def _broken(text: str, at: int, message: str) -> str:
    """Where JSON breaks off, by line and column of the whole answer."""
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    before, behind = (" ".join(part.split()) for part in (text[max(0, at - NEAR_CHARS) : at], text[at:][:NEAR_CHARS]))
    where = f"{before} → {behind or '(its end)'}" if before else behind or "(nothing)"
    return f"not JSON: line {line}, column {column}: {message[:1].lower()}{message[1:]}: {where}"


def _violation(validator: "Validator", value: Any, chars: int) -> str | None:
    if chars > SCHEMA_CHARS:
        return f"it cannot be checked: {chars:,} characters are more than the {SCHEMA_CHARS:,} that are looked at"
    try:
        violated = first_told(islice(validator.iter_errors(value), _TOLD))
        return None if violated is None else f"not what the schema asks for: {violated}"
    except RecursionError:
        return "it cannot be checked: its values are nested too deeply"
    except Exception as error:  # noqa: BLE001  # numbers that break the library's arithmetic must not end a run
        return f"it cannot be checked: {type(error).__name__}: {error}"
