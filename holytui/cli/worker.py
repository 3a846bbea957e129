"""`holytui worker`: runs items of other machines' jobs."""

import os

import click

from holytui.cli.options import Context, checkpoints_option, pass_context, redis_option
from holytui.cli.output import tell


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 4096), default=32, show_default=True, help="Requests at once.")
@click.option("--trust", is_flag=True, help="Send a key to whatever host a job names, not only to its preset's.")
@redis_option
@checkpoints_option
@pass_context
def worker(context: Context, /, concurrency: int, trust: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Run items of jobs that others started with --executor celery.

    Keys are read from this process's environment; ctrl+c lets requests in flight finish.
    """
    from holytui.distributed.reach import MISSING

    try:
        from holytui.distributed.worker import run_worker
    except ImportError as error:
        raise click.UsageError(f"holytui worker needs Celery: {MISSING} ({error})") from None
    from holytui.cli import interpreter
    from holytui.distributed.opening import Settings
    from holytui.distributed.redis_url import DEFAULT_URL, RedisUrlError, checked

    try:
        url = checked(context.redis_url() or DEFAULT_URL)
    except RedisUrlError as error:
        raise click.UsageError(f"{error}.") from None
    interpreter.set_up()
    settings = Settings(url, concurrency, context.tables(), os.environ, trust)
    run_worker(settings, lambda sentence: tell(sentence, err=True))
