"""The worker thread that all runs of a program share, and with it gates, limits and connections."""

import atexit
import os
import threading

from holytui.core.progress import JobState
from holytui.engine.admission.breaker import Halt
from holytui.runs.thread import RunThread

_ENDED = Halt(JobState.INTERRUPTED, "terminated", "the program ended")
_lock = threading.Lock()
_threads: dict[int, RunThread] = {}
"""By process: a fork has none of its parent's threads."""


def shared_thread() -> RunThread:
    """The thread of this process; made at the first call, ended when the program ends."""
    with _lock:
        mine = _threads.get(os.getpid())
        if mine is None:
            _threads.clear()
            mine = _threads[os.getpid()] = RunThread()
        return mine


@atexit.register
def _end() -> None:
    """What still runs, in a thread that the program did not wait for, is wound up as safely as by a signal."""
    mine = _threads.get(os.getpid())
    if mine is not None:
        mine.shutdown(_ENDED)
