"""What a job file would meet: its input, schemas, prices, its provider, key and models."""

import os
from collections.abc import Iterator

from holytui.cli.doctor import Finding
from holytui.cli.options import Context
from holytui.config import ConfigError
from holytui.core.display import dollars
from holytui.core.job import Job
from holytui.core.job_file import LoadedJob
from holytui.core.pricing import PriceBook
from holytui.inputs.source import InputProblem, read
from holytui.provider.presets import Endpoint
from holytui.runs.checking import KeyState, ProviderCheck, check_provider
from holytui.runs.endpoint import EndpointError, KeyMissing, Target, TrustNeeded, resolve_endpoint, resolve_target
from holytui.runs.launch import Tables
from holytui.runs.prepare import check_budget
from holytui.runs.saved import PrepareError


def job_findings(context: Context, loaded: LoadedJob) -> Iterator[Finding]:
    """Look at what a job file names, and ask its provider for the list of models."""
    job = loaded.job
    steps = ", ".join(f"{step.name} {step.model}" for step in job.step_order())
    yield Finding("job file", ok=True, message=f"{loaded.path}: {steps}")
    for step in job.steps:
        if step.answer_schema is not None:
            yield Finding("schema", ok=True, message=f"{step.answer_schema.path} checks the answers of {step.name}")
    yield _input(loaded)
    try:
        tables = context.tables()
    except ConfigError as error:
        yield Finding("prices", ok=False, message=f"not known without settings: {error}")
        tables = Tables({}, {}, {}, frozenset())
    else:
        yield _prices(job, tables.book(job))
    yield from _provider(job, tables)


def _input(loaded: LoadedJob) -> Finding:
    try:
        first = next(read(loaded.job.input, loaded.base_dir))
    except InputProblem as error:
        return Finding("input", ok=False, message=str(error))
    problem = first.record.problem
    words = f"its first item is {first.item_id}" + (f", which cannot be used: {problem}" if problem else "")
    return Finding("input", ok=problem is None, message=words)


def _prices(job: Job, book: PriceBook) -> Finding:
    try:
        check_budget(job, book.price)
    except PrepareError as error:
        return Finding("prices", ok=False, message=str(error))
    prices = {step.model: book.price(step.model) for step in job.steps}
    unknown = [model for model, price in prices.items() if price is None]
    if unknown:
        return Finding("prices", ok=None, message=f"none known for {', '.join(unknown)}: what is spent will be unknown")
    sources = ", ".join(dict.fromkeys(price.source for price in prices.values() if price is not None))
    budget = "" if job.run.budget_usd is None else f"; the budget of {dollars(job.run.budget_usd)} can be kept"
    return Finding("prices", ok=True, message=f"{sources}{budget}")


def _provider(job: Job, tables: Tables) -> Iterator[Finding]:
    try:
        target = resolve_target(job.provider)
    except EndpointError as error:
        yield Finding("provider", ok=False, message=str(error))
        return
    if target.embedded:
        yield Finding("provider", ok=True, message="simulated: no key, and nothing leaves this machine")
        return
    try:
        endpoint = resolve_endpoint(target, job.provider, env=os.environ, trusted=tables.trusted)
    except TrustNeeded as error:
        yield Finding("key", ok=False, message=f"not sent: {error}")
    except KeyMissing as error:
        yield Finding("key", ok=False, message=str(error))
        yield _reached(target, check_provider(Endpoint(target.name, target.base_url, ""), target.variable, ()))
    except EndpointError as error:
        yield Finding("key", ok=False, message=str(error))
    else:
        yield from _asked(job, target, endpoint)


def _asked(job: Job, target: Target, endpoint: Endpoint) -> Iterator[Finding]:
    check = check_provider(endpoint, target.variable, [step.model for step in job.steps])
    yield _reached(target, check)
    if not check.reached:
        return
    yield Finding("key", ok=_key_ok(check), message=check.key_words)
    yield Finding(
        "models",
        ok=None if not check.models else not check.missing,
        message=check.model_words or check.problem or "not looked up",
    )


def _reached(target: Target, check: ProviderCheck) -> Finding:
    words = f" answers in {check.seconds:.1f} s" if check.reached else f": {check.problem}"
    return Finding("provider", ok=check.reached, message=f"{target.base_url}{words}")


def _key_ok(check: ProviderCheck) -> bool | None:
    if check.key is KeyState.ACCEPTED:
        return not check.problem
    return None if check.key is not KeyState.REFUSED else False
