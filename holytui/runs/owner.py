"""One session of a job by this process: take the lock, prepare, run, heed commands, let go."""

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence

from holytui.core.command import Command, Verb
from holytui.core.display import span
from holytui.core.progress import Counters, InFlight, JobState, Owner, Snapshot
from holytui.core.work import Outcome
from holytui.engine.admission.breaker import Halt
from holytui.engine.admission.upstream import Upstreams
from holytui.engine.work_clock import WorkClock
from holytui.inputs.source import InputProblem
from holytui.runs import sync, triage
from holytui.runs.elsewhere import ElsewhereError
from holytui.runs.engine import Engine, open_engine
from holytui.runs.launch import Launch
from holytui.runs.picture import Picture
from holytui.runs.record import SessionRecord
from holytui.runs.saved import PrepareError
from holytui.runs.sentences import rest_message
from holytui.runs.sleep import Patience, Sleep
from holytui.store import commands, live
from holytui.store.lock import OwnerLock
from holytui.store.trouble import CheckpointError

TICK_S = 0.25
PUBLISH_S = 0.5
PICTURE_SHARE = 0.02
"""Of the loop's time at most, for telling what happens: hundreds in flight are told of less often."""
HEARTBEAT_S = 5.0
CLOSE_S = 1.0


class OwnedRun:
    """A session. Built with the lock held; `main` runs on the worker thread's loop and never raises."""

    def __init__(
        self,
        launch: Launch,
        lock: OwnerLock,
        clock: WorkClock,
        upstreams: Upstreams,
        on_item: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        """Prepare a session whose lock is held.

        Args:
            launch: what to run.
            lock: held; `main` releases it.
            clock: of all runs in this process.
            upstreams: what jobs of this process share that ask the same provider.
            on_item: told each closing outcome after it is in the checkpoint, on the loop's thread.
        """
        self.launch = launch
        self.problem: CheckpointError | None = None
        self.input_problem: InputProblem | ElsewhereError | None = None
        self.done = threading.Event()
        since = time.time()
        owner = Owner(os.getpid(), socket.gethostname(), since, since)
        self._lock = lock
        self._upstreams = upstreams
        self._on_item = on_item
        self._clock = clock
        self._picture = Picture(launch, owner, clock.now)
        self._engine: Engine | None = None
        self._record: SessionRecord | None = None
        self._counters = Counters()
        self._early: list[Command] = []
        self._halt_before_start: Halt | None = None
        self._side_tasks: list[asyncio.Task[None]] = []
        self._sleep = Sleep()
        self._patience = Patience(stays=launch.stays, wait_for_balance_s=launch.job.run.wait_for_balance_s)
        self.latest: Snapshot = self._picture.draw(self._counters)
        self.started: Snapshot | None = None
        """As it was when the input was read and the first request about to go out."""
        self.in_flight: Sequence[InFlight] = ()
        """What `latest` counts as running, oldest first."""

    async def main(self) -> None:
        """The whole session. Whatever goes wrong ends in the snapshot and, if it can, in the checkpoint."""
        halt: Halt | None = None
        try:
            await self._open()
            if self.launch.sync:
                await self._prepare()
            halt = await self._run()
        except CheckpointError as error:
            self.problem = self.problem or error
        except (InputProblem, ElsewhereError) as error:
            self.input_problem = error
            halt = Halt(JobState.READY, "", str(error))
        except asyncio.CancelledError:
            halt = Halt(JobState.INTERRUPTED, "terminated", "the process was told to end")
        except Exception as error:  # noqa: BLE001  # the thread hosts other runs; this one is told as crashed
            halt = Halt(JobState.INTERRUPTED, "crashed", f"a defect in holytui: {error!r}")
        finally:
            await self._close(halt)
            self.done.set()

    def command(self, command: Command) -> None:
        """Do what a person asked for; on the loop's thread."""
        if self._engine is None:
            self._early.append(command)
            return
        match command.verb:
            case Verb.PAUSE if self._picture.state is JobState.RUNNING:
                self._engine.runner.pause()
                self._note("paused by you")
            case Verb.RESUME if self._sleep.asleep:
                self._sleep.wake()
                self._note("woken by you")
            case Verb.RESUME if self._picture.state in {JobState.PAUSED, JobState.PAUSING}:
                self._engine.runner.resume()
                self._note("resumed by you")
            case Verb.CEILING if command.ceiling is not None:
                self._engine.admission.change_ceiling(command.ceiling)
                self._note(f"at most {command.ceiling} in flight, set by you")
            case Verb.STOP:
                self.stop(Halt(JobState.STOPPED, "user", ""))
            case Verb.RETRY | Verb.ACCEPT | Verb.GIVE_UP | Verb.UNDO | Verb.BUDGET:
                task = asyncio.get_running_loop().create_task(self._decide(command))
                self._side_tasks.append(task)
        self._publish()

    def note(self, text: str) -> None:
        """A line of the job's log, of whoever watches this session; on the loop's thread."""
        self._note(text)

    def stop(self, halt: Halt) -> None:
        """End at once: what is in flight is cancelled and returns to pending; on the loop's thread."""
        if self._engine is None:
            self._halt_before_start = halt
        else:
            self._engine.runner.stop(halt)
            self._sleep.end()

    def wind_down(self, halt: Halt, seconds: float) -> None:
        """End within this time: as a pause first, then as a stop; on the loop's thread."""

        async def wait() -> None:
            if self._engine is not None:
                self._engine.runner.pause()
                until = time.monotonic() + seconds
                # Polled: a stop by another hand may empty it meanwhile.
                while self._engine.runner.in_hand and time.monotonic() < until:  # noqa: ASYNC110  # bounded by the clock
                    await asyncio.sleep(0.02)
            self.stop(halt)

        self._side_tasks.append(asyncio.get_running_loop().create_task(wait()))

    async def _open(self) -> None:
        self._record = await SessionRecord.begin(
            self.launch,
            self._picture.owner,
            on_settled=self._settled,
            on_saved=self._saved,
            on_failure=self._writer_failed,
        )
        self._side_tasks.append(asyncio.create_task(self._tick()))
        await self._set_state(JobState.PREPARING)

    async def _prepare(self) -> None:
        assert self._record is not None

        def progress(count: int) -> None:
            self._picture.activity = f"Reading input {count:,}"

        report = await sync.sync_input(
            self.launch, self._record.writer, progress, lambda: self._halt_before_start is not None
        )
        self._picture.activity = ""
        if report is not None:
            self._note(sync.describe(report))

    async def _run(self) -> Halt | None:
        assert self._record is not None
        if self._halt_before_start is not None:
            return self._halt_before_start
        self._publish()
        self._engine = await open_engine(
            self.launch,
            self._record.reader,
            self._record.writer,
            self._picture,
            self._upstreams,
            self._clock,
            on_change=self._runner_changed,
        )
        self._note(f"started: {self._counters.pending:,} to go")
        await self._set_state(JobState.RUNNING)
        self.started = self.latest
        early, self._early = self._early, []
        for command in early:
            self.command(command)
        if self._halt_before_start is not None:
            self._engine.runner.stop(self._halt_before_start)
        while True:
            halt = self._patience.judge(await self._engine.runner.run(), self._counters.attempts)
            if halt is None or halt.wake_at is None or not self._patience.sits_out(halt):
                return halt
            await self._sit_out(halt, halt.wake_at)

    async def _sit_out(self, halt: Halt, wake_at: float) -> None:
        """Rest until the wake time, or until a person says so; then ask with one request first."""
        assert self._record is not None
        assert self._engine is not None
        self._sleep.lie_down()
        await self._record.flush()
        self._counters = self._record.counters
        message = rest_message(halt, self._counters, time.time(), self.launch.target.variable)
        self._picture.wake_at = wake_at
        self._picture.set_state(halt.state, halt.reason, message)
        self._note(message)
        await self._record.state(halt.state, reason=halt.reason, wake_at=wake_at, message=message)
        self._publish()
        await self._sleep.until(wake_at)
        self._picture.wake_at = None
        self._engine.admission.wake()
        await self._set_state(JobState.RUNNING)
        self._runner_changed()  # a pause that was asked for just before the rest began

    async def _close(self, halt: Halt | None) -> None:
        for task in self._side_tasks:
            task.cancel()
        if self._engine is not None:
            with contextlib.suppress(Exception):  # a connection that will not close must not hold the lock
                await asyncio.wait_for(self._engine.aclose(), CLOSE_S)
        self._picture.end()
        try:
            if self._record is not None:
                await self._record_end(self._record, halt)
        except CheckpointError as error:
            self.problem = self.problem or error
        finally:
            if self.problem is not None:
                self._picture.set_state(JobState.INTERRUPTED, "checkpoint", str(self.problem))
            self._publish()
            self._lock.release()

    async def _record_end(self, record: SessionRecord, halt: Halt | None) -> None:
        """Write how the session ended, and what the job is now."""
        try:
            if self.problem is None:
                await record.flush()
                self._counters = record.counters
                state, reason, wake_at = self._rest_state(halt)
                message = ""
                if halt is not None and state not in {JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES}:
                    message = rest_message(halt, self._counters, time.time(), self.launch.target.variable)
                self._picture.wake_at = wake_at
                self._picture.set_state(state, reason, message)
                active_s = self._picture.active_s()
                await record.end(state, reason=reason, wake_at=wake_at, message=message, active_s=active_s)
                self._picture.events = record.events()
        finally:
            record.close()
            self._counters = record.counters
            self._picture.saved_at = record.writer.saved_at

    def _rest_state(self, halt: Halt | None) -> tuple[JobState, str, float | None]:
        counters = self._counters
        finished = counters.pending == 0 and (halt is None or halt.reason in {"limit", "user"})
        if finished or (halt is None and self.problem is None):
            state = JobState.COMPLETED_WITH_FAILURES if counters.failed else JobState.COMPLETED
            return state, "", None
        assert halt is not None
        return halt.state, halt.reason, halt.wake_at

    async def decide(self, command: Command) -> str:
        """Do what a person decided about failures or money; the sentence that says what came of it.

        Raises:
            CheckpointError, PrepareError: it cannot be done.
        """
        if self._engine is None or self._record is None:
            self._early.append(command)
            return "as soon as the input is read"
        sentence = await triage.decide(command, self.launch, self._record, self._engine)
        if command.verb is Verb.BUDGET:
            self._picture.budget_usd = command.budget_usd
        self._note(sentence.partition("   ")[0])
        self._publish()
        return sentence

    async def _decide(self, command: Command) -> None:
        """For a command that nobody waits for: the log tells what came of it."""
        try:
            await self.decide(command)
        except PrepareError as error:
            self._note(str(error))
        except CheckpointError as error:
            self._writer_failed(error)

    async def _tick(self) -> None:
        """Heed commands from other processes, publish, keep the heartbeat."""
        beat = next_picture = 0.0
        while True:
            self._look_for_sleep()
            for name, command in commands.take(self.launch.folder):
                self.command(command)
                commands.acknowledge(self.launch.folder, name)
            if time.monotonic() - beat > HEARTBEAT_S:
                beat = time.monotonic()
                self._lock.heartbeat()
            if (began := time.monotonic()) >= next_picture:
                if self._record is not None:
                    with contextlib.suppress(CheckpointError):  # the writer tells of it
                        self._picture.events = self._record.events()
                self._publish()
                with contextlib.suppress(OSError):  # a full or lost folder is told by the writer
                    live.write_live(self.launch.folder, self.latest, self.in_flight)
                took = time.monotonic() - began
                next_picture = began + max(PUBLISH_S, took / PICTURE_SHARE)
            await asyncio.sleep(TICK_S)

    def _look_for_sleep(self) -> None:
        """It may have slept or been stopped: what was in flight is kept, and this says why it took so long."""
        slept = None if self._engine is None else self._engine.suspends.look()
        if slept is not None:
            self._note(f"asleep or stopped for {span(slept)}; requests in flight are kept")

    def _publish(self) -> None:
        if self._record is not None:
            self._counters = self._record.counters
            self._picture.saved_at = self._record.writer.saved_at
        self.in_flight = self._engine.executor.in_flight() if self._engine is not None else ()
        self.latest = self._picture.draw(self._counters, self.in_flight)

    def _runner_changed(self) -> None:
        """Pausing becomes paused when the last item is put down, and running again on resume."""
        assert self._engine is not None
        runner, state = self._engine.runner, self._picture.state
        if runner.user_paused:
            wanted = JobState.PAUSING if runner.in_hand else JobState.PAUSED
        elif self._engine.admission.breaker.halt is not None and runner.in_hand:
            wanted = JobState.PAUSING
        else:
            wanted = JobState.RUNNING
        if wanted is not state and state in {JobState.RUNNING, JobState.PAUSING, JobState.PAUSED}:
            reason = "user" if wanted is not JobState.RUNNING and runner.user_paused else ""
            self._picture.set_state(wanted, reason)
            if self._record is not None and wanted is not JobState.PAUSING:
                self._record.writer.set_state(wanted, reason=reason)
            self._publish()

    async def _set_state(self, state: JobState) -> None:
        assert self._record is not None
        self._picture.set_state(state)
        await self._record.state(state)
        self._publish()

    def _settled(self, indices: Sequence[int]) -> None:
        if self._engine is None:
            return
        self._engine.runner.settled(indices)
        for outcome in self._engine.sink.committed(indices):
            self._on_item(outcome)

    def _saved(self, answers: int) -> None:
        if self._engine is not None:
            self._engine.admission.saved(answers)

    def _writer_failed(self, error: CheckpointError) -> None:
        self.problem = self.problem or error
        self.stop(Halt(JobState.INTERRUPTED, "checkpoint", str(error)))

    def _note(self, text: str) -> None:
        if self._record is not None:
            self._record.note(text)
