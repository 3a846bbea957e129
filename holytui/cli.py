"""The command line: options and words here, work in the rooms below, imported when a command runs.

`--help` of any command imports neither textual, httpx, aiohttp nor pydantic.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from holytui import __version__

if TYPE_CHECKING:
    from holytui.config import Settings
    from holytui.core.command import Command
    from holytui.runs.launch import Launch, Tables
    from holytui.runs.prepare import Wishes

F = TypeVar("F", bound=Callable[..., Any])

DEFECT = 70
"""EX_SOFTWARE of sysexits(3): a defect of ours, never one of the codes that mean something for a job."""


@dataclass(slots=True)
class Context:
    """What every command shares; filled from the options before and after the subcommand."""

    checkpoints: Path | None = None

    def settings(self) -> "Settings":
        from holytui.config import load_settings

        return load_settings(os.environ)

    def folder(self) -> Path:
        """The checkpoint folder: flag, then variable, then config.toml, then ./checkpoints."""
        return self.checkpoints or self.settings().checkpoints

    def tables(self) -> "Tables":
        from holytui.resources import model_factors, price_table
        from holytui.runs.launch import Tables

        settings = self.settings()
        return Tables(price_table(), settings.prices, model_factors(), frozenset(settings.trusted))


pass_context = click.make_pass_decorator(Context, ensure=True)


def _set_checkpoints(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:  # noqa: ARG001  # click's signature
    if value is not None:
        context.ensure_object(Context).checkpoints = value


def checkpoints_option(command: F) -> F:
    """`--checkpoints DIR`, wherever it stands."""
    option = click.option(
        "--checkpoints",
        type=click.Path(file_okay=False, path_type=Path),
        expose_value=False,
        callback=_set_checkpoints,
        help="The folder where jobs are saved (default ./checkpoints, or HOLYTUI_CHECKPOINTS).",
    )
    return option(command)


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Turn errors that have a sentence into that sentence and their exit code."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        # Whoever read our output has gone; without this the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        from holytui.exits import code_of

        code = code_of(error)
        if code is None:
            raise
        click.echo(f"holytui: {error}", err=True)
        sys.exit(int(code))


class Group(click.Group):
    """The command group, with errors told as sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        with errors_for_people():
            return super().invoke(ctx)


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="holytui")
@checkpoints_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Long LLM batch jobs in a terminal: no recorded answer is lost, none is paid for twice.

    Without a command: the terminal UI over the checkpoint folder.
    """
    if context.invoked_subcommand is None:
        shared = context.ensure_object(Context)
        if _on_terminal():
            from holytui.screen import open_screen

            sys.exit(open_screen(shared.folder(), shared.tables(), shared.settings()))
        context.invoke(jobs)
        click.echo("No terminal here, so no terminal UI: see holytui --help for commands.", err=True)


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def run_options(command: F) -> F:
    """What `run` and `resume` share."""
    options = [
        click.option("--headless", is_flag=True, help="Plain lines instead of the terminal UI."),
        click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout; implies --headless."),
        click.option("--limit", type=click.IntRange(min=1), help="End the session after N results."),
        click.option("--concurrency", type=click.IntRange(min=1), help="Requests in flight at most."),
        click.option("--budget", type=click.FloatRange(min=0, min_open=True), help="USD, for the whole job."),
        click.option("--base-url", help="Send requests there instead."),
        click.option("--trust", is_flag=True, help="Send the key to a host that is not its preset's."),
        click.option("--detach", is_flag=True, help="Run in the background, apart from this terminal."),
        click.option("--executor", default="local", help="local (celery: not in this version)."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command()
@click.argument("source", metavar="JOBFILE|JOB_ID")
@click.option("--drift", type=click.Choice(["run", "keep"]), help="Changed steps: ask again, or keep answers.")
@click.option("--id", "job_id", help="Save under this id instead of the job's name.")
@run_options
@checkpoints_option
@pass_context
def run(context: Context, /, source: str, drift: str | None, job_id: str | None, **options: Any) -> None:
    """Create a job or resume it."""
    _run(context, source, options, drift=drift, job_id=job_id)


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@run_options
@checkpoints_option
@pass_context
def resume(context: Context, /, job_id: str, **options: Any) -> None:
    """Let a paused job go on; start it where nobody runs it."""
    from holytui.core.command import Verb
    from holytui.runs.errands import send_to_owner

    if send_to_owner(context.folder(), job_id, Verb.RESUME):
        click.echo(f"{job_id}: told its owner to go on", err=True)
        return
    _run(context, job_id, options)


def _run(
    context: Context,
    source: str,
    options: dict[str, Any],
    *,
    drift: str | None = None,
    job_id: str | None = None,
    first: "Command | None" = None,
) -> None:
    """The one way to a session: terminal UI, background or headless."""
    if options["executor"] != "local":
        raise click.UsageError(f"--executor {options['executor']}: not in this version; local is.")
    wishes = _wishes(options, drift, job_id)
    headless = options["headless"] or options["as_json"] or not _on_terminal()
    if options["detach"]:
        _detach(context, source, wishes, options)
        return
    if not headless:
        from holytui.screen import open_screen

        sys.exit(
            open_screen(
                context.folder(),
                context.tables(),
                context.settings(),
                source=source,
                wishes=wishes,
                first=first,
            )
        )
    from holytui.headless import run_headless

    launch = _prepare(context, source, wishes)
    sys.exit(int(run_headless(launch, as_json=options["as_json"], first=first)))


def _wishes(options: dict[str, Any], drift: str | None, job_id: str | None) -> "Wishes":
    import re

    from holytui.runs.prepare import Wishes

    if job_id is not None and not re.fullmatch(r"[a-z0-9-]+", job_id):
        raise click.UsageError(f"--id {job_id}: an id is made of a-z, 0-9 and -")

    def confirm(host: str, variable: str) -> bool:
        if options["trust"]:
            return True
        if options["headless"] or options["as_json"] or not _on_terminal():
            return False
        question = f"The key in {variable} would be sent to {host}. Send it there?"
        if not click.confirm(question, err=True):
            return False
        from holytui.config import remember_trust

        remember_trust(host, variable, os.environ)
        return True

    return Wishes(
        base_url=options["base_url"],
        concurrency=options["concurrency"],
        budget_usd=options["budget"],
        limit=options["limit"],
        drift=drift,
        job_id=job_id,
        confirm=confirm,
    )


def _prepare(context: Context, /, source: str, wishes: "Wishes") -> "Launch":
    from holytui.runs.prepare import prepare

    return prepare(context.folder(), source, wishes, context.tables())


def _detach(context: Context, /, source: str, wishes: "Wishes", options: dict[str, Any]) -> None:
    from holytui.runs.background import run_in_background, told

    launch = _prepare(context, source, wishes)
    arguments = [
        f"--{name.replace('_', '-')}={options[name]}"
        for name in ("limit", "concurrency", "budget", "base_url")
        if options[name] is not None
    ]
    if options["trust"]:
        arguments.append("--trust")
    again = launch.job_path if launch.sync else None
    owner = run_in_background(context.folder(), launch.job_id, arguments, job_file=again, drift=wishes.drift)
    click.echo(told(launch.job_id, owner))


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--kind", "kinds", multiple=True, help="Only this failure kind; timeout means all timeout.*.")
@click.option("--item", "items", multiple=True, help="Only this item, by id.")
@click.option("--all", "everything", is_flag=True, help="Also kinds that would fail the same way again.")
@click.option("--model", help="Ask this model instead.")
@run_options
@checkpoints_option
@pass_context
def retry(
    context: Context,
    /,
    job_id: str,
    kinds: tuple[str, ...],
    items: tuple[str, ...],
    everything: bool,  # noqa: FBT001  # click passes options by name
    model: str | None,
    **options: Any,
) -> None:
    """Return failed items to pending and run them."""
    from holytui.core.command import Command, Selection, Verb
    from holytui.core.work import Overrides
    from holytui.runs.errands import retry_at_rest, send_to_owner

    selection = Selection(kinds, items, everything)
    command = Command(Verb.RETRY, selection, Overrides(model=model))
    if send_to_owner(context.folder(), job_id, command):
        click.echo(f"{job_id}: told its owner to retry", err=True)
        return
    count = retry_at_rest(context.folder(), job_id, command)
    click.echo(f"{job_id}: {count:,} failed items go back to pending", err=True)
    _run(context, job_id, options)


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@checkpoints_option
@pass_context
def pause(context: Context, /, job_id: str) -> None:
    """Send nothing new; what is in flight finishes."""
    from holytui.core.command import Verb
    from holytui.runs.errands import rest

    click.echo(rest(context.folder(), job_id, Verb.PAUSE), err=True)


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@checkpoints_option
@pass_context
def stop(context: Context, /, job_id: str) -> None:
    """End the session at once; what is in flight returns to pending."""
    from holytui.core.command import Verb
    from holytui.runs.errands import rest

    click.echo(rest(context.folder(), job_id, Verb.STOP), err=True)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One array of the objects that status prints.")
@checkpoints_option
@pass_context
def jobs(context: Context, /, as_json: bool = False) -> None:  # noqa: FBT001, FBT002  # click passes options by name
    """List the checkpoint folder."""
    from holytui import plain
    from holytui.store.catalog import list_jobs

    folder = context.folder()
    entries = list_jobs(folder)
    if as_json:
        objects = [
            {"job": entry.job_id, "problem": entry.problem} if entry.snapshot is None else entry.snapshot.to_json()
            for entry in entries
        ]
        click.echo(json.dumps(objects))
    elif entries:
        _echo(plain.jobs_table(entries))
    else:
        click.echo(f"No jobs in {folder}. Start one: holytui run JOBFILE. Another folder: --checkpoints DIR.")


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--json", "as_json", is_flag=True, help="The snapshot as one JSON object.")
@checkpoints_option
@pass_context
def status(context: Context, /, job_id: str, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """One snapshot of a job."""
    from holytui import plain
    from holytui.runs.prepare import find_saved
    from holytui.store.catalog import snapshot_of

    snapshot = snapshot_of(find_saved(context.folder(), job_id))
    if as_json:
        click.echo(json.dumps(snapshot.to_json()))
    else:
        _echo(plain.status_lines(snapshot))


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--follow", is_flag=True, help="Go on until the job rests.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@checkpoints_option
@pass_context
def log(context: Context, /, job_id: str, follow: bool, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """What happened, coalesced."""
    from holytui.reports import follow_log
    from holytui.runs.prepare import find_saved

    follow_log(find_saved(context.folder(), job_id), follow=follow, as_json=as_json)


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--json", "as_json", is_flag=True, help="One array of groups.")
@checkpoints_option
@pass_context
def failures(context: Context, /, job_id: str, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Failed items grouped by kind, with advice."""
    from holytui.reports import print_failures
    from holytui.runs.prepare import find_saved

    print_failures(find_saved(context.folder(), job_id), as_json=as_json)


@cli.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--format", "fmt", type=click.Choice(["jsonl", "csv", "json"]), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, not stdout.")
@click.option("--with-input", is_flag=True, help="CSV: the input in a column of its own.")
@checkpoints_option
@pass_context
def export(context: Context, /, job_id: str, fmt: str, output: Path | None, with_input: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Every item once, in input order."""
    from holytui.runs.prepare import find_saved
    from holytui.store.export import export as export_job

    folder = find_saved(context.folder(), job_id)
    out = sys.stdout.buffer if output is None else output
    count = export_job(folder, out, fmt=fmt, with_input=with_input)
    click.echo(f"{count:,} items" + (f" in {output}" if output is not None else ""), err=True)


@cli.command()
@click.argument("jobfile", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@checkpoints_option
@pass_context
def estimate(context: Context, /, jobfile: Path, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Items, tokens and money before anything is spent; nothing is sent."""
    from holytui import plain
    from holytui.core.job import load_job
    from holytui.runs.endpoint import resolve_target
    from holytui.runs.estimating import estimate_job

    loaded = load_job(jobfile)
    simulated = resolve_target(loaded.job.provider).simulated
    book = context.tables().book(loaded.job)
    result = estimate_job(loaded.job, loaded.base_dir, book, simulated=simulated)
    if as_json:
        click.echo(json.dumps(result.to_json()))
    else:
        _echo(plain.estimate_lines(result))


@cli.command()
def schema() -> None:
    """The JSON Schema of a job file, for editors."""
    from holytui.core.job import job_schema

    click.echo(json.dumps(job_schema(), indent=2))


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--latency", default=None, metavar="S[:SIGMA]", help="Seconds an answer takes, and its spread.")
@click.option("--first-token", type=click.FloatRange(min=0), default=None, help="Seconds until the first word.")
@click.option("--tokens-per-s", type=click.FloatRange(min=0, min_open=True), default=None)
@click.option("--max-in-flight", type=click.IntRange(min=1), default=None, help="429 above this many.")
@click.option("--fault", "faults", multiple=True, metavar="KIND=RATE", help="E.g. stall=0.01; repeatable.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="A JSON line per request.")
def simulate(port: int, **options: Any) -> None:
    """A provider that is none: an OpenAI-compatible simulator on this machine, for tests and trials."""
    from holytui.provider.simulator import parse_options, run_forever

    run_forever(parse_options(**options), port)


def _echo(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)


def main() -> None:
    """The entry point; a defect of ours ends in a sentence too, with its traceback in a file."""
    from holytui.windows import refuse_windows

    refuse_windows()
    cli.main(prog_name="holytui", standalone_mode=True)
