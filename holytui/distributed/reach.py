"""The way to workers, for front ends; without Celery it says what is missing."""

from holytui.runs.elsewhere import Elsewhere, ElsewhereError

MISSING = "pip install 'holytui[celery]'"


def workers_at(url: str | None) -> Elsewhere:
    """Workers at this Redis; None: at the one on this machine.

    Raises:
        ElsewhereError: Celery is not installed, or it is no address of Redis.
    """
    try:
        from holytui.distributed.elsewhere import CeleryElsewhere
    except ImportError as error:
        raise ElsewhereError(f"Workers need Celery: {MISSING} ({error}).") from None
    return CeleryElsewhere(url)
