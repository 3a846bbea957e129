"""The command `holytui`: its subcommands, and how their errors reach a person.

What runs is imported when a command runs: `--help` of any command imports neither textual, httpx, aiohttp nor
pydantic.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from holytui import __version__
from holytui.cli import importing, sessions, tools, views
from holytui.cli.doctor import doctor
from holytui.cli.leaving import leave
from holytui.cli.options import Context, ascii_option, checkpoints_option, on_terminal, redis_option
from holytui.cli.output import silence, tell
from holytui.cli.serve import serve
from holytui.cli.worker import worker


@contextmanager
def errors_for_people() -> Iterator[None]:
    """Turn errors that have a sentence into that sentence and their exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except (KeyboardInterrupt, click.Abort):
        tell("holytui: stopped before anything ran", err=True)
        sys.exit(130)
    except BrokenPipeError:
        silence(sys.stdout)  # whoever read our output has gone
        sys.exit(0)
    except Exception as error:  # noqa: BLE001  # whatever it is, a person gets a sentence
        from holytui.cli.defects import report
        from holytui.cli.exits import code_of
        from holytui.runs.exits import Exit

        code = code_of(error)
        tell(f"holytui: {report(error) if code is None else error}", err=True)
        sys.exit(int(Exit.DEFECT if code is None else code))


class Group(click.Group):
    """The command group, with errors told as sentences."""

    def invoke(self, ctx: click.Context) -> Any:
        with errors_for_people():
            return super().invoke(ctx)


@click.group(cls=Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="holytui")
@checkpoints_option
@ascii_option
@redis_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Long LLM batch jobs in a terminal: no recorded answer is lost, none is paid for twice.

    Without a command: the terminal UI over the checkpoint folder.
    """
    if context.invoked_subcommand is None:
        shared = context.ensure_object(Context)
        if on_terminal():
            from holytui.cli.terminal import slow_down_frames

            slow_down_frames(os.environ)
            from holytui.cli.screen import open_screen

            sys.exit(open_screen(shared.folder(), shared.tables(), shared.settings(), ascii=shared.ascii))
        context.invoke(views.jobs)
        click.echo("No terminal here, so no terminal UI: see holytui --help for commands.", err=True)


for command in (
    sessions.run,
    sessions.resume,
    sessions.pause,
    sessions.stop,
    sessions.retry,
    views.jobs,
    views.status,
    views.log,
    views.failures,
    views.export,
    importing.import_file,
    tools.new,
    tools.estimate,
    tools.schema,
    tools.simulate,
    doctor,
    worker,
    serve,
):
    cli.add_command(command)


def main() -> None:
    """The entry point; a defect of ours ends in a sentence too, with its traceback in a file."""
    from holytui.cli.windows import refuse_windows

    refuse_windows()
    try:
        cli.main(prog_name="holytui", standalone_mode=True)
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else int(end.code is not None))
