"""What doctor finds of Redis and its workers, where somebody has said where they are."""

from collections.abc import Iterator

from holytui.cli.doctor import Finding
from holytui.cli.options import Context
from holytui.config import ConfigError
from holytui.core.worker_words import there_words
from holytui.runs.elsewhere import ElsewhereError


def redis_findings(context: Context) -> Iterator[Finding]:
    """Ask who is there; nothing where no Redis is named, or no setting can be read."""
    try:
        if context.redis_url() is None:
            return
        elsewhere = context.tables().elsewhere()
    except ConfigError:
        return
    except ElsewhereError as error:
        yield Finding("Redis", ok=False, message=str(error))
        return
    if elsewhere is None:
        return
    try:
        workers = elsewhere.workers()
    except ElsewhereError as error:
        yield Finding("Redis", ok=False, message=str(error))
    else:
        yield Finding("Redis", ok=True, message=f"{elsewhere.place} answers; workers: {there_words(workers)}")
