"""The command that serves the checkpoint folder over HTTP."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holytui.cli.options import Context, checkpoints_option, pass_context, redis_option

if TYPE_CHECKING:
    from socket import socket

    from holytui.api.access import Access
    from holytui.engine.admission.breaker import Halt

PORT = 8765
LIBRARIES = ("fastapi", "textual_serve", "uvicorn")
NEEDS = "holytui serve needs: pip install 'holytui[api]'"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: any free one.")
@click.option("--allow-remote", is_flag=True, help="Listen on an address that other machines reach.")
@click.option(
    "--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Tasks may read files there."
)
@click.option("--max-items", type=click.IntRange(min=1), help="Items of one task, at most (default 100,000).")
@click.option("--max-body-mb", type=click.FloatRange(min=0, min_open=True), help="Of a request, at most (default 32).")
@click.option("--web", is_flag=True, help="The terminal UI in a browser, instead of the API.")
@redis_option
@checkpoints_option
@pass_context
def serve(
    context: Context,
    /,
    host: str,
    port: int,
    allow_remote: bool,  # noqa: FBT001  # click passes options by name
    root: Path | None,
    max_items: int | None,
    max_body_mb: float | None,
    web: bool,  # noqa: FBT001  # click passes options by name
) -> None:
    """Jobs over HTTP: start, watch, steer. Every request needs the token."""
    if any(find_spec(library) is None for library in LIBRARIES):
        raise click.UsageError(NEEDS)
    if web and (root or max_items or max_body_mb):
        raise click.UsageError("--root, --max-items and --max-body-mb are the API's; --web has none")
    from holytui.api.access import open_access
    from holytui.api.listening import bound

    with bound(host, port, allow_remote=allow_remote) as listening:
        access = open_access(os.environ)
        if web:
            code = _serve_web(context, listening, access)
        else:
            code = _serve_api(context, listening, access, root, max_items, max_body_mb)
    sys.exit(code)


def _serve_api(
    context: Context,
    listening: "socket",
    access: "Access",
    root: Path | None,
    max_items: int | None,
    max_body_mb: float | None,
) -> int:
    from holytui.api.app import MOST_BODY_MB, MOST_ITEMS, Limits, make_app
    from holytui.api.hosting import Hosting
    from holytui.api.listening import address_of
    from holytui.api.serving import serve
    from holytui.cli import interpreter
    from holytui.cli.folders import remember
    from holytui.cli.headless import Signals

    checkpoints = context.folder().resolve()
    hosting = Hosting(checkpoints, context.tables(), os.environ, used=lambda: remember(checkpoints, os.environ))
    signals = Signals(hosting)
    signals.install()
    app = make_app(hosting, access, Limits(max_items or MOST_ITEMS, max_body_mb or MOST_BODY_MB, root))
    interpreter.set_up()
    address = address_of(listening)
    click.echo(f"The jobs of {checkpoints}: {address}/api/tasks   What can be asked: {address}/docs", err=True)
    _tell_token(access)
    try:
        serve(app, listening, hosting, lambda: signals.code is not None)
    finally:
        hosting.close()
    return int(signals.code or 0)


def _serve_web(context: Context, listening: "socket", access: "Access") -> int:
    from holytui.api.listening import address_of
    from holytui.api.web import serve_web
    from holytui.cli.headless import Signals

    checkpoints = context.folder().resolve()
    signals = Signals(_Nothing())
    signals.install()
    click.echo(f"The terminal UI over {checkpoints}: {address_of(listening)}", err=True)
    _tell_token(access)
    serve_web(checkpoints, listening, access, lambda: signals.code is not None)
    return int(signals.code or 0)


class _Nothing:
    """Runs of this process, where each page has its own process for them."""

    def wind_down(self, halt: "Halt", seconds: float) -> None:
        """Nothing runs here."""

    def stop(self, halt: "Halt") -> None:
        """Nothing runs here."""


def _tell_token(access: "Access") -> None:
    """The token itself only when it was made just now: what scrolls by is read by others too."""
    if access.fresh is not None:
        click.echo(f"The token, shown this once and kept in {access.file}:\n{access.fresh}", err=True)
    else:
        click.echo(f"The token is in {access.file}.", err=True)
