"""Options that several commands share, and what they mean."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from holytui.core.bounds import MOST, MOST_AT_ONCE, MOST_USD

if TYPE_CHECKING:
    from holytui.config import Settings
    from holytui.runs.elsewhere import Elsewhere
    from holytui.runs.launch import Tables

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Context:
    """What every command shares; filled from the options before and after the subcommand."""

    checkpoints: Path | None = None
    ascii: bool = False
    redis: str | None = None
    _settings: "Settings | None" = None

    def settings(self) -> "Settings":
        """The user's settings; what means nothing in them is told once."""
        if self._settings is None:
            from holytui.config import load_settings

            self._settings = load_settings(os.environ)
            for note in self._settings.notes:
                click.echo(f"holytui: {note}", err=True)
        return self._settings

    def folder(self) -> Path:
        """The checkpoint folder: flag, then variable, then config.toml, then ./checkpoints."""
        return self.checkpoints or self.settings().checkpoints

    def tables(self) -> "Tables":
        from holytui.resources import model_factors, price_table
        from holytui.runs.launch import Tables

        settings = self.settings()
        return Tables(
            price_table(), settings.prices, model_factors(), frozenset(settings.trusted), elsewhere=self._elsewhere
        )

    def redis_url(self) -> str | None:
        """The address of Redis: flag, then variable, then config.toml; None: nobody has said."""
        return self.redis or self.settings().redis

    def _elsewhere(self) -> "Elsewhere":
        from holytui.distributed.reach import workers_at

        return workers_at(self.redis_url())


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


def _set_ascii(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: ARG001, FBT001  # click's signature
    if value:
        context.ensure_object(Context).ascii = True


def ascii_option(command: F) -> F:
    """`--ascii`, before and after the subcommand that opens the terminal UI."""
    option = click.option(
        "--ascii",
        is_flag=True,
        expose_value=False,
        callback=_set_ascii,
        help="Only ASCII on the screen (also HOLYTUI_ASCII=1, or ascii = true in config.toml).",
    )
    return option(command)


def _set_redis(context: click.Context, parameter: click.Parameter, value: str | None) -> None:  # noqa: ARG001  # click's signature
    if value is not None:
        context.ensure_object(Context).redis = value


def redis_option(command: F) -> F:
    """`--redis URL`, for owners and workers."""
    option = click.option(
        "--redis",
        metavar="URL",
        expose_value=False,
        callback=_set_redis,
        help="Where workers are reached: redis://HOST:PORT/N, or rediss:// for TLS (default this machine). "
        "HOLYTUI_REDIS says the same, and shows no password to others.",
    )
    return option(command)


def in_browser() -> bool:
    """Whether `holytui serve --web` started this process, for a page of a browser."""
    return os.environ.get("TEXTUAL_DRIVER", "").startswith("textual.drivers.web_driver:")


def on_terminal() -> bool:
    if in_browser():
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def run_options(command: F) -> F:
    """What `run` and `resume` share."""
    options = [
        click.option("--headless", is_flag=True, help="Plain lines instead of the terminal UI."),
        click.option("--json", "as_json", is_flag=True, help="JSON lines on stdout; implies --headless."),
        click.option("--limit", type=click.IntRange(1, MOST), help="End the session after N results."),
        click.option("--concurrency", type=click.IntRange(1, MOST_AT_ONCE), help="Requests in flight at most."),
        click.option("--budget", type=click.FloatRange(0, MOST_USD, min_open=True), help="USD, for the whole job."),
        click.option("--base-url", help="Send requests there instead."),
        click.option("--trust", is_flag=True, help="Send the key to a host that is not its preset's."),
        click.option("--detach", is_flag=True, help="Run in the background, apart from this terminal."),
        click.option("--stay", is_flag=True, hidden=True, help="Sit a long wait for the provider out."),
        click.option(
            "--executor",
            type=click.Choice(["local", "celery"]),
            help="Where items run: here, or on workers (default: where they ran last, here at first).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return redis_option(ascii_option(command))
