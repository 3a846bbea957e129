"""The end of the process: a thread that is left behind does not see the interpreter being torn down."""

import os
import sys
import threading
from contextlib import suppress


def leave(code: int) -> None:
    """End the process with this code, as `sys.exit` does.

    A daemon thread that wakes up in an interpreter that is being torn down may crash the process, and a crash has
    another exit code. It happens where a loop in C runs on: when a job cannot be begun, or a disk hangs. With such a
    thread the process ends at once, its output written.
    https://docs.python.org/3.11/c-api/init.html#c.PyEval_RestoreThread
    """
    if any(thread is not threading.main_thread() for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # whoever read it has gone
                stream.flush()
        os._exit(code)
    sys.exit(code)
