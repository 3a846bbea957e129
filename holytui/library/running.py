"""Runs a job from a program: from a script, a thread or a notebook, or on an event loop."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Unpack

from holytui.core.job import Job
from holytui.library.asking import Options
from holytui.library.figures import Result
from holytui.library.session import POLL_S, OnProgress, Session
from holytui.offload import offload

START_S = 10.0
"""So long a cancelled call waits for the start of its run: a job is made by then, a long input perhaps not read."""


def run(
    job: Job | Path | str, *, on_progress: OnProgress | None = None, resume: bool = True, **options: Unpack[Options]
) -> Result:
    """Create or resume a job and run it to its end; blocks.

    Items whose answers are in the checkpoint are not asked again, and failed ones are left as they are: see
    `SavedJob.retry`. Where nothing is left to do nothing is sent. It may be called from any thread, also from several
    at once, and where an event loop runs; no signal handler is touched. Runs of one process share a worker thread, and
    on one host and key also limits. While somebody pauses the job with `holytui pause` the call waits for `resume`.

    What ends a run by itself is no exception: a refused key, a used-up budget or a rate limit is in the result's
    `state`, `reason` and `message`.

    Args:
        job: made with `Job.from_prompt`, the path of a job file, or the id of a saved job.
        on_progress: called with a `Progress` in the calling thread, after the answers it counts are saved; at most
            four times a second, and once at the end. What it raises is told once, as a RuntimeWarning and in the job's
            log, and does not end the run.
        resume: False begins a new job beside one that is there already, under the next free id: `name-2`; the result
            says so in `began_beside`.
        **options: `checkpoints`, `limit`, `concurrency`, `budget_usd`, `base_url`, `api_key`, `drift`, `trust`,
            `executor`: see `Options`.

    Raises:
        TypeError, ValueError: an argument is none that can be used.
        JobFileError: the job file cannot be used.
        NoSuchJob, PrepareError: there is no such job, or it cannot be run as asked; the message has the way out.
        EndpointError: no key, an unknown provider, or a host that is not trusted.
        InputProblem: the input cannot be read.
        OwnedElsewhere: the job is being run already.
        CheckpointError: the checkpoint cannot be read or written; what was recorded is safe.
        ConfigError: config.toml cannot be used.
        KeyboardInterrupt: after ctrl+c. What is in flight has ten seconds to finish, a second ctrl+c breaks it off;
            the job is paused then, and the same call resumes it.
    """
    session = Session(job, options, resume=resume, on_progress=on_progress)
    try:
        session.start()
        while not session.wait(POLL_S):
            session.tell()
        return session.result()
    except BaseException:
        _end(session)
        raise


def _end(session: Session) -> None:
    """Wind down what still runs; interrupted once more, stop it."""
    if session.wait(0):
        return
    session.wind_down()
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            while not session.wait(POLL_S):
                pass
            return
        session.stop()


async def run_async(
    job: Job | Path | str, *, on_progress: OnProgress | None = None, resume: bool = True, **options: Unpack[Options]
) -> Result:
    """The same on an event loop, which is never blocked; `on_progress` is called on it.

    A cancelled call ends the run as ctrl+c does, up to ten seconds for what is in flight, and then raises; cancelled a
    second time it breaks that off.

    Args:
        job: as `run` takes it.
        on_progress: a plain function, as `run` takes it.
        resume: as for `run`.
        **options: those of `run`.

    Raises:
        CancelledError: it was cancelled; the job is paused, and the same call resumes it.
        Exception: as `run` does.
    """
    session = Session(job, options, resume=resume, on_progress=on_progress)
    try:
        await offload(session.start, "holytui-start")
        while not session.wait(0):
            session.tell()
            await asyncio.sleep(POLL_S)
        return session.result()
    except BaseException:
        session.abandon()
        await _end_async(session)
        raise


async def _end_async(session: Session) -> None:
    """Wind down what still runs, once the start of it is over; cancelled meanwhile, stop it.

    The start goes on in its thread whatever becomes of its caller, and the same call must not meet it.
    """
    until = time.monotonic() + START_S
    with contextlib.suppress(asyncio.CancelledError):
        while session.starts and time.monotonic() < until:  # noqa: ASYNC110  # told by a thread
            await asyncio.sleep(POLL_S / 5)
    session.wind_down()
    while not session.wait(0):
        try:
            await asyncio.sleep(POLL_S)
        except asyncio.CancelledError:
            session.stop()
