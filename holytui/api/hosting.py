"""The runs of the server's process: begun, told, ended; a job that another process has is told through its owner."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from holytui.api.item_feed import ItemFeed
from holytui.api.refusals import Ending, Refused
from holytui.core.command import Command, Verb
from holytui.core.progress import Snapshot
from holytui.engine.admission.breaker import Halt
from holytui.runs.errands import ACKNOWLEDGE_S, rest, retry_at_rest, send_to_owner
from holytui.runs.idle import is_idle
from holytui.runs.launch import Launch, Tables
from holytui.runs.local import LocalHandle
from holytui.runs.prepare import Wishes, prepare
from holytui.runs.saved import find_saved
from holytui.runs.thread import RunThread
from holytui.store.catalog import snapshot_of
from holytui.store.checkpoint import FILE
from holytui.store.reader import Reader


class Hosting:
    """Every call that is not said to be quick blocks: it waits for locks, owners and the disk."""

    def __init__(
        self, checkpoints: Path, tables: Tables, env: Mapping[str, str], used: Callable[[], None] = lambda: None
    ) -> None:
        """Open for jobs.

        Args:
            checkpoints: the checkpoint folder; it need not exist yet.
            tables: prices, clock factors, trusted hosts.
            env: where keys are read from.
            used: told when a job was begun.
        """
        self.checkpoints = checkpoints
        self.tables = tables
        self.env = env
        self._used = used
        self._thread = RunThread()
        self._feeds: dict[str, ItemFeed] = {}
        self._one_at_a_time = threading.Lock()
        self._halt: Halt | None = None

    @property
    def ending(self) -> bool:
        """Whether the server is being stopped; quick."""
        return self._halt is not None

    def folder(self, job_id: str) -> Path:
        """Of a saved job; quick.

        Raises:
            Refused: there is none (404).
        """
        folder = self.checkpoints / job_id
        if not (folder / FILE).is_file():
            raise Refused(404, f"There is no task {job_id}. GET /api/tasks lists those there are.")
        return folder

    def here(self, job_id: str) -> Snapshot | None:
        """The newest picture of a run of this process, None where it has none of this job; quick."""
        handle = self._handle(job_id)
        return None if handle is None else handle.snapshot()

    def feed(self, job_id: str) -> ItemFeed:
        """Where items of a job are told as they get their results here; quick."""
        return self._feeds.setdefault(job_id, ItemFeed())

    def resume(self, job_id: str) -> str:
        """Let a job go on, whoever has it; one at rest is run here. What came of it.

        Raises:
            Ending, PrepareError, EndpointError, InputProblem, OwnedElsewhere, OwnerSilent, CheckpointError.
        """
        folder = self.folder(job_id)
        if self._handle(job_id) is None and send_to_owner(self.checkpoints, job_id, Verb.RESUME):
            return f"{job_id}: told its owner to go on"
        with self._one_at_a_time:
            handle = self._handle(job_id)
            if handle is not None:
                handle.send(Command(Verb.RESUME))
                return f"{job_id}: told to go on"
            launch = prepare(self.checkpoints, job_id, Wishes(stays=True), self.tables, self.env)
            if is_idle(launch, snapshot_of(folder)):
                return f"{job_id}: nothing to do, every item has its result"
            self._start(launch)
            return f"{job_id}: runs"

    def rest(self, job_id: str, verb: Verb) -> str:
        """Pause or stop a job, whoever has it; what came of it.

        Raises:
            OwnedElsewhere, OwnerSilent, CheckpointError.
        """
        self.folder(job_id)
        handle = self._handle(job_id)
        if handle is None:
            return rest(self.checkpoints, job_id, verb)
        handle.send(Command(verb))
        return f"{job_id}: told to {verb.value}"

    def retry(self, job_id: str, command: Command) -> str:
        """Return failed items to pending and run them; what came of it.

        Raises:
            Ending, PrepareError, EndpointError, OwnedElsewhere, OwnerSilent, CheckpointError.
        """
        self._check_items(job_id, command)
        handle = self._handle(job_id)
        if handle is not None:
            try:
                return f"{job_id}: {handle.decide(command, ACKNOWLEDGE_S)}"
            except TimeoutError:
                return f"{job_id}: told to retry; its log says what came of it"
        if send_to_owner(self.checkpoints, job_id, command):
            return f"{job_id}: told its owner to retry"
        if self.ending:
            raise Ending
        count = retry_at_rest(self.checkpoints, job_id, command)
        if not count:
            return f"{job_id}: no failed item to retry"
        self.resume(job_id)
        return f"{job_id}: {count:,} failed items are retried"

    def begin(self, make: Callable[[], Launch]) -> str:
        """Run a new job; its id.

        Args:
            make: checks and saves it; one at a time.

        Raises:
            Ending, OwnedElsewhere, CheckpointError, and whatever `make` does.
        """
        with self._one_at_a_time:
            if self.ending:
                raise Ending
            launch = make()
            self._start(launch)
        self._used()
        return launch.job_id

    def wind_down(self, halt: Halt, seconds: float) -> None:
        """End all runs within this time, letting what is in flight finish first, and begin none; quick."""
        self._halt = halt
        for handle in self._thread.running():
            handle.wind_down(halt, seconds)

    def stop(self, halt: Halt) -> None:
        """End all runs at once, and begin none; quick."""
        self._halt = halt
        for handle in self._thread.running():
            handle.stop(halt)

    def is_idle(self) -> bool:
        """Whether nothing runs here; quick."""
        return not self._thread.running()

    def close(self) -> None:
        """End the thread, and what still runs on it."""
        self._thread.shutdown()

    def _start(self, launch: Launch) -> None:
        if self.ending:
            raise Ending
        handle = self._thread.start(launch, self.feed(launch.job_id).tell)
        if self._halt is not None:  # a signal came in between, and did not see this run
            handle.stop(self._halt)

    def _handle(self, job_id: str) -> LocalHandle | None:
        handle = self._thread.handle(self.checkpoints / job_id)
        return handle if handle is not None and handle.owned_here else None

    def _check_items(self, job_id: str, command: Command) -> None:
        reader = Reader.open(find_saved(self.checkpoints, self.folder(job_id).name))
        try:
            unknown = [item for item in command.selection.items if reader.find(item) is None]
        finally:
            reader.close()
        if unknown:
            raise Refused(400, f"No item of {job_id} has the id {unknown[0]}.")
