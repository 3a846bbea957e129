"""A new task from a client's body: checked as a job file is, named, saved, run."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from holytui.api.bodies import JobTask, PromptTask
from holytui.api.hosting import Hosting
from holytui.api.refusals import OBJECT_EXPECTED, Refused, refused_fields
from holytui.api.root import Root
from holytui.core.identity import job_id_of
from holytui.core.job import Job
from holytui.core.job_file import job_of
from holytui.core.job_problems import TABLE_EXPECTED, JobRefused, Problem
from holytui.runs.launch import Launch
from holytui.runs.prepare import Wishes, prepare
from holytui.store.shelf import renamed

FIELDS = {"prompt": "prompt_template", "id": "id_field"}
"""Names of the library's arguments as they are over HTTP."""


class Starting:
    """Every call blocks: it checks, reads and writes."""

    def __init__(self, hosting: Hosting, root: Root, most_items: int) -> None:
        """Start tasks.

        Args:
            hosting: runs them.
            root: below which they may read files.
            most_items: of a task that brings its items, or counts them.
        """
        self._hosting = hosting
        self._root = root
        self._most_items = most_items

    def start(self, body: PromptTask | JobTask) -> str:
        """Save a task and run it; its id.

        Raises:
            Refused: its body cannot be used (400), its id is taken (409), it has too many items (413).
            PrepareError, EndpointError, ElsewhereError, InputProblem, CheckpointError: it cannot be begun as asked.
        """
        try:
            make = self._of_prompt(body) if isinstance(body, PromptTask) else self._of_job(body)
        except RecursionError:
            raise Refused(400, "This cannot be used: its values are nested too deeply.") from None
        return self._hosting.begin(make)

    def _of_prompt(self, body: PromptTask) -> Callable[[], Launch]:
        self._check_number(len(body.items))
        named = None if body.name is None else job_id_of(body.name)
        task_id = body.id or named or f"task-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
        try:
            job = Job.from_prompt(
                items=body.items,
                prompt=body.prompt_template,
                model=body.model,
                name=body.name or task_id,
                id=body.id_field,
                system=body.system,
                temperature=body.temperature,
                max_tokens=body.max_tokens,
                response_format=body.response_format or "text",
                schema=body.answer_schema,
                provider=body.provider,
                run=body.run,
            )
        except JobRefused as refused:
            raise refused_fields(map(_as_sent, refused.problems)) from None
        return partial(self._new, job, task_id, body.executor)

    def _of_job(self, body: JobTask) -> Callable[[], Launch]:
        data: dict[str, Any] = dict(body.job)
        table, outside = data.get("input"), list[Problem]()
        if isinstance(table, dict):
            data["input"], outside = self._root.source(table)
        job, problems = job_of(data, self._root.schema)
        problems = (*outside, *problems)
        if job is None or problems:
            raise refused_fields(map(_as_json, problems))
        if job.input.count is not None:
            self._check_number(min(job.input.count, job.input.limit or job.input.count))
        return partial(self._new, job, body.id or job.slug, body.executor)

    def _new(self, job: Job, task_id: str, executor: str | None) -> Launch:
        """Save it, unless its id is or was another's."""
        checkpoints = self._hosting.checkpoints
        if (checkpoints / task_id).exists():
            raise Refused(409, f"There is a task {task_id} already. Resume it, or give this one another id.")
        if others := renamed(checkpoints, task_id):
            raise Refused(409, f"{task_id} was renamed, it is called {others[0].name} now. Give this one another id.")
        wishes = Wishes(job_id=task_id, stays=True, executor=executor, fresh=True)
        return prepare(checkpoints, job, wishes, self._hosting.tables, self._hosting.env)

    def _check_number(self, items: int) -> None:
        if items > self._most_items:
            raise Refused(
                413, f"{items:,} items are more than {self._most_items:,}. The server's limit is set with --max-items."
            )


def _as_sent(problem: Problem) -> Problem:
    return replace(problem, key=FIELDS.get(problem.key, problem.key))


def _as_json(problem: Problem) -> Problem:
    """What a job file's problem is in a body."""
    key = f"job.{problem.key}" if problem.key else "job"
    return Problem(key, OBJECT_EXPECTED if problem.message.startswith(TABLE_EXPECTED) else problem.message)
