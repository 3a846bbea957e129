"""Commands that look at the checkpoint folder; they run nothing and change nothing."""

import json
import sys
from pathlib import Path

import click

from holytui.cli.options import Context, checkpoints_option, pass_context


@click.command()
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
        from holytui.runs.comparing import comparison

        tables = context.tables()
        objects = [
            {"job": entry.job_id, "problem": entry.problem}
            if entry.snapshot is None
            else comparison(entry.folder, tables)(entry.snapshot).to_json()
            for entry in entries
        ]
        click.echo(json.dumps(objects))
    elif entries:
        _echo(plain.jobs_table(entries))
    else:
        click.echo(f"No jobs in {folder}. Start one: holytui run JOBFILE. Another folder: --checkpoints DIR.")


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--json", "as_json", is_flag=True, help="The snapshot as one JSON object.")
@checkpoints_option
@pass_context
def status(context: Context, /, job_id: str, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """One snapshot of a job."""
    from holytui import plain
    from holytui.runs.saved import find_saved
    from holytui.store.catalog import snapshot_of

    folder = find_saved(context.folder(), job_id)
    snapshot = snapshot_of(folder)
    if as_json:
        from holytui.runs.comparing import comparison

        click.echo(json.dumps(comparison(folder, context.tables())(snapshot).to_json()))
    else:
        _echo(plain.status_lines(snapshot))


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--follow", is_flag=True, help="Go on until the job rests.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@checkpoints_option
@pass_context
def log(context: Context, /, job_id: str, follow: bool, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """What happened, coalesced."""
    from holytui.cli.reports import follow_log
    from holytui.runs.saved import find_saved

    follow_log(find_saved(context.folder(), job_id), follow=follow, as_json=as_json)


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--json", "as_json", is_flag=True, help="One array of groups.")
@checkpoints_option
@pass_context
def failures(context: Context, /, job_id: str, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Failed items grouped by kind, with advice."""
    from holytui.cli.reports import print_failures
    from holytui.runs.saved import find_saved

    print_failures(find_saved(context.folder(), job_id), as_json=as_json)


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@click.option("--format", "fmt", type=click.Choice(["jsonl", "csv", "json"]), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file, not stdout.")
@click.option("--with-input", is_flag=True, help="CSV: the input in a column of its own.")
@checkpoints_option
@pass_context
def export(context: Context, /, job_id: str, fmt: str, output: Path | None, with_input: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Every item once, in input order."""
    from holytui.runs.saved import find_saved
    from holytui.store.export import export as export_job

    folder = find_saved(context.folder(), job_id)
    out = sys.stdout.buffer if output is None else output
    count = export_job(folder, out, fmt=fmt, with_input=with_input)
    click.echo(f"{count:,} items" + (f" in {output}" if output is not None else ""), err=True)


def _echo(lines: list[str]) -> None:
    for line in lines:
        click.echo(line)
