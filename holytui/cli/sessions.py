"""Commands that run a job, or tell whoever runs it what to do."""

import difflib
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from holytui.cli.options import Context, checkpoints_option, on_terminal, pass_context, run_options

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from holytui.runs.launch import Launch
    from holytui.runs.prepare import Wishes


@click.command()
@click.argument("source", metavar="JOBFILE|JOB_ID")
@click.option("--drift", type=click.Choice(["run", "keep"]), help="Changed steps: ask again, or keep answers.")
@click.option("--id", "job_id", help="Save under this id instead of the job's name.")
@run_options
@checkpoints_option
@pass_context
def run(context: Context, /, source: str, drift: str | None, job_id: str | None, **options: Any) -> None:
    """Create a job or resume it."""
    _run(context, source, options, drift=drift, job_id=job_id)


@click.command()
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


@click.command()
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

    for kind in kinds:
        _check_kind(kind)
    if items:
        _check_items(context.folder(), job_id, items)
    selection = Selection(kinds, items, everything)
    command = Command(Verb.RETRY, selection, Overrides(model=model))
    if send_to_owner(context.folder(), job_id, command):
        click.echo(f"{job_id}: told its owner to retry", err=True)
        return
    count = retry_at_rest(context.folder(), job_id, command)
    click.echo(f"{job_id}: {count:,} failed items go back to pending", err=True)
    _run(context, job_id, options)


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@checkpoints_option
@pass_context
def pause(context: Context, /, job_id: str) -> None:
    """Send nothing new; what is in flight finishes."""
    from holytui.core.command import Verb
    from holytui.runs.errands import rest

    click.echo(rest(context.folder(), job_id, Verb.PAUSE), err=True)


@click.command()
@click.argument("job_id", metavar="JOB_ID")
@checkpoints_option
@pass_context
def stop(context: Context, /, job_id: str) -> None:
    """End the session at once; what is in flight returns to pending."""
    from holytui.core.command import Verb
    from holytui.runs.errands import rest

    click.echo(rest(context.folder(), job_id, Verb.STOP), err=True)


def _check_kind(kind: str) -> None:
    from holytui.core.failures import FailureKind

    known = ["timeout", *(known.value for known in FailureKind)]
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
        raise click.BadParameter(f"{kind}: no such kind of failure. {hint}", param_hint="--kind")


def _check_items(checkpoints: "Path", job_id: str, items: "Iterable[str]") -> None:
    from holytui.runs.saved import find_saved
    from holytui.store.reader import Reader

    reader = Reader.open(find_saved(checkpoints, job_id))
    try:
        for item in items:
            if reader.find(item) is None:
                raise click.BadParameter(f"{item}: no item of {job_id} has this id", param_hint="--item")
    finally:
        reader.close()


def _run(
    context: Context,
    source: str,
    options: dict[str, Any],
    *,
    drift: str | None = None,
    job_id: str | None = None,
) -> None:
    """The one way to a session: terminal UI, background or headless."""
    wishes = _wishes(options, drift, job_id)
    headless = options["headless"] or options["as_json"] or not on_terminal()
    if options["detach"]:
        _detach(context, source, wishes, options)
        return
    if not headless:
        from holytui.cli.terminal import slow_down_frames

        slow_down_frames(os.environ)
        from holytui.cli.screen import open_screen

        folder, tables, settings = context.folder(), context.tables(), context.settings()
        sys.exit(open_screen(folder, tables, settings, source=source, wishes=wishes, ascii=context.ascii))
    from holytui.cli.headless import run_headless

    launch = _prepare(context, source, wishes)
    sys.exit(int(run_headless(launch, as_json=options["as_json"])))


def _wishes(options: dict[str, Any], drift: str | None, job_id: str | None) -> "Wishes":
    from holytui.runs.prepare import Wishes

    if job_id is not None and not re.fullmatch(r"[a-z0-9-]+", job_id):
        raise click.UsageError(f"--id {job_id}: an id is made of a-z, 0-9 and -")

    def confirm(host: str, variable: str) -> bool:
        if options["trust"]:
            return True
        if options["headless"] or options["as_json"] or not on_terminal():
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
        stays=options["stay"],
        executor=options["executor"],
    )


def _prepare(context: Context, /, source: str, wishes: "Wishes") -> "Launch":
    from holytui.cli.folders import remember
    from holytui.runs.prepare import prepare

    launch = prepare(context.folder(), source, wishes, context.tables())
    remember(context.folder(), os.environ)
    return launch


def _detach(context: Context, /, source: str, wishes: "Wishes", options: dict[str, Any]) -> None:
    from holytui.runs.background import run_in_background, told
    from holytui.runs.handover import arguments_of

    launch = _prepare(context, source, wishes)
    arguments = arguments_of(wishes)
    if options["trust"]:
        arguments.append("--trust")
    again = launch.job_path if launch.sync else None
    workers = launch.elsewhere or launch.was_elsewhere
    owner = run_in_background(
        context.folder(),
        launch.job_id,
        arguments,
        job_file=again,
        drift=wishes.drift,
        env={} if workers is None else workers.environment,  # not as an argument: it may hold a password
    )
    click.echo(told(launch.job_id, owner))
