"""What a session writes into its checkpoint, and reads back of it: state, log, how it began and ended."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from holytui.core.progress import Counters, JobState, LogLine, Owner
from holytui.core.work import Notice
from holytui.runs.launch import Launch
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.store.writer import Writer

T = TypeVar("T")
EVENTS_SHOWN = 8


class SessionRecord:
    """The checkpoint of a session that has begun; on the loop's thread, and told there what was committed."""

    def __init__(self, writer: Writer, reader: Reader, log_reader: Reader) -> None:
        self.writer = writer
        self.reader = reader
        # One of its own: a reader takes one call at a time, and the loop must not wait for a page of items.
        self._log_reader = log_reader

    @classmethod
    async def begin(
        cls,
        launch: Launch,
        owner: Owner,
        *,
        on_settled: Callable[[Sequence[int]], None],
        on_saved: Callable[[int], None],
        on_failure: Callable[[CheckpointError], None],
    ) -> "SessionRecord":
        """Open the checkpoint and record that a session begins.

        Args:
            launch: of the session, whose lock is held.
            owner: this process.
            on_settled: told which items' closing outcomes are committed.
            on_saved: told how many answers a commit made safe.
            on_failure: told once when nothing more can be recorded.

        Raises:
            CheckpointError: it cannot be opened or written.
        """
        loop = asyncio.get_running_loop()

        def on_loop(call: Callable[[T], None]) -> Callable[[T], None]:
            def tell(value: T) -> None:
                with contextlib.suppress(RuntimeError):  # the loop may be closing
                    loop.call_soon_threadsafe(call, value)

            return tell

        writer = Writer.open(
            launch.folder,
            barrier_every=launch.job.run.checkpoint_every,
            on_settled=on_loop(on_settled),
            on_saved=on_loop(on_saved),
            on_failure=on_loop(on_failure),
        )
        try:
            record = cls(writer, Reader.open(launch.folder), Reader.open(launch.folder))
            before_usd = writer.counters.wasted.known_usd
            await recorded(writer.begin_session(owner.pid, owner.host, launch.executor))
        except BaseException:
            writer.close()
            raise
        lost_usd = writer.counters.wasted.known_usd - before_usd
        if lost_usd > 0:
            record.note(f"up to ${lost_usd:.4f} was in flight when it was killed: counted as spent")
        return record

    @property
    def counters(self) -> Counters:
        """As of the last commit."""
        return self.writer.counters

    def note(self, text: str) -> None:
        """A line of the log."""
        self.writer.notice(Notice("session", text, time.time()))

    def events(self) -> tuple[LogLine, ...]:
        """The newest lines of the log, newest first.

        Raises:
            CheckpointError: they cannot be read.
        """
        return tuple(self._log_reader.events(EVENTS_SHOWN))

    async def state(
        self, state: JobState, *, reason: str = "", wake_at: float | None = None, message: str = ""
    ) -> None:
        """What the job is now.

        Raises:
            CheckpointError: it cannot be written.
        """
        await recorded(self.writer.set_state(state, reason=reason, wake_at=wake_at, message=message))

    async def flush(self) -> None:
        """Wait until all that was told is committed.

        Raises:
            CheckpointError: it cannot be written.
        """
        await recorded(self.writer.flush())

    async def end(self, state: JobState, *, reason: str, wake_at: float | None, message: str, active_s: float) -> None:
        """How the session ended, after so many seconds at work, and what the job is now.

        Raises:
            CheckpointError: it cannot be written.
        """
        self.note(message or state.value.replace("_", " "))
        await recorded(self.writer.end_session(reason or state.value, active_s))
        await self.state(state, reason=reason, wake_at=wake_at, message=message)

    def close(self) -> None:
        """Commit what is left and let go of the files; harmless when repeated.

        Raises:
            CheckpointError: it cannot be written.
        """
        try:
            self.writer.close()
        finally:
            self.reader.close()
            self._log_reader.close()


async def recorded(future: "Future[T]") -> T:
    """Wait for the writer."""
    return await asyncio.wrap_future(future)
