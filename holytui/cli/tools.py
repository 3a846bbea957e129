"""Commands beside any job: a new job file, what one would cost, its schema, the simulator."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from holytui.cli.options import Context, checkpoints_option, pass_context

FAULTS = (
    "auth, bad_request, connect, content_filter, context_length, cut, drip, empty, error_event, first_token, "
    "forbidden, html, invalid_json, keepalive, model, network, quota, rate_limit, reset, server_error, stall, truncated"
)
DIALECTS = "openai, deepseek, litellm, llamacpp, ollama, transformers, vllm"
"""As the simulator has them, which --help does not import; a test compares them."""


@click.command()
@click.argument("jobfile", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@checkpoints_option
@pass_context
def estimate(context: Context, /, jobfile: Path, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Items, tokens and money before anything is spent; nothing is sent."""
    from holytui import plain
    from holytui.core.job_file import load_job
    from holytui.runs.endpoint import resolve_target
    from holytui.runs.estimating import NO_PAST, answers_so_far, estimate_job
    from holytui.runs.origin import Origin
    from holytui.runs.prepare import folder_of
    from holytui.store.trouble import CheckpointError

    loaded = load_job(jobfile)
    simulated = resolve_target(loaded.job.provider).simulated
    book = context.tables().book(loaded.job)
    try:
        past = answers_so_far(folder_of(context.folder(), loaded.job.slug, Origin.of_file(loaded)), loaded)
    except CheckpointError as error:
        click.echo(f"holytui: estimated without what the job did so far: {error}", err=True)
        past = NO_PAST
    result = estimate_job(loaded.job, loaded.base_dir, book, simulated=simulated, past=past)
    if as_json:
        click.echo(json.dumps(result.to_json()))
    else:
        click.echo("\n".join(plain.estimate_lines(result)))


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@checkpoints_option
def new(path: Path | None) -> None:
    """Write a job file to begin with, over a folder or a file; without either one for the simulator."""
    from holytui.runs.drafting import draft_of, write_new

    folder = Path.cwd()
    draft = draft_of(path, folder)
    written = write_new(draft, folder)
    name = shlex.quote(written.name)
    click.echo(f"{written}: {draft.what}")
    click.echo(f"  holytui estimate {name}   items, tokens, money; nothing is sent")
    click.echo(f"  holytui run {name}        a look at it first, then the run")


@click.command()
@checkpoints_option
def schema() -> None:
    """The JSON Schema of a job file, for editors."""
    from holytui.core.job_file import job_schema

    click.echo(json.dumps(job_schema(), indent=2))


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--latency", default=None, metavar="S[:SIGMA]", help="Seconds an answer takes, and its spread.")
@click.option("--first-token", type=click.FloatRange(min=0), default=None, help="Seconds until the first word.")
@click.option("--tokens-per-s", type=click.FloatRange(min=0, min_open=True), default=None)
@click.option("--max-in-flight", type=click.IntRange(min=1), default=None, help="429 above this many.")
@click.option(
    "--fault", "faults", multiple=True, metavar="KIND=RATE", help=f"E.g. stall=0.01; repeatable. Kinds: {FAULTS}."
)
@click.option(
    "--dialect", default="openai", show_default=True, metavar="NAME", help=f"Whose way of answering: {DIALECTS}."
)
@click.option("--outage", default=None, metavar="START:SECONDS", help="503 and resets, from START s after the first.")
@click.option("--refuse", default=None, metavar="START:SECONDS[:RETRY_AFTER]", help="429 to all in that time.")
@click.option("--rpm", type=click.IntRange(min=1), default=None, help="Requests a minute; 429 above.")
@click.option("--tpm", type=click.IntRange(min=1), default=None, help="Tokens a minute; 429 above.")
@click.option("--auth-after", type=click.IntRange(min=0), default=None, help="The key dies after this many requests.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="A JSON line per request.")
@checkpoints_option
def simulate(port: int, **options: Any) -> None:
    """A provider that is none: an OpenAI-compatible simulator on this machine, for tests and trials."""
    from holytui.provider.simulator import parse_options, run_forever

    run_forever(parse_options(**options), port)
