"""The desk of this process: what the terminal UI asks for, answered by the runs and the checkpoint folder."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from holytui.core.command import Command, Verb
from holytui.core.job_problems import JobFileError
from holytui.core.progress import JobState, Snapshot
from holytui.core.workers import WorkerSeen
from holytui.engine.admission.breaker import Halt
from holytui.inputs.source import InputProblem
from holytui.runs.background import BackgroundFailed
from holytui.runs.desk import DeskError, Glance, JobSource, KeyCheck, KeyNote, Leaving, Preview, Sample, Shelf
from holytui.runs.elsewhere import Elsewhere, ElsewhereError
from holytui.runs.endpoint import EndpointError
from holytui.runs.errands import ACKNOWLEDGE_S, OwnerSilent, retry_at_rest, send_to_owner
from holytui.runs.estimating import Told, nobody
from holytui.runs.glancing import glance
from holytui.runs.handle import RunHandle
from holytui.runs.handover import hand_over
from holytui.runs.launch import LOCAL, Tables
from holytui.runs.prepare import Wishes, prepare
from holytui.runs.previewing import Asked, check_of, key_note, preview_of, revised
from holytui.runs.resting import RestingHandle
from holytui.runs.saved import PrepareError, find_saved
from holytui.runs.shelf import LocalShelf
from holytui.runs.sound import saved_meta
from holytui.runs.thread import RunThread
from holytui.runs.triage import decide_at_rest
from holytui.store.catalog import Catalog, JobEntry
from holytui.store.export import ExportError, export
from holytui.store.lock import OwnedElsewhere
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError

SENTENCES = (
    PrepareError,
    ElsewhereError,
    EndpointError,
    JobFileError,
    InputProblem,
    OwnedElsewhere,
    CheckpointError,
    BackgroundFailed,
)
LEAVE_S = 5.0
V = TypeVar("V")
_HALTS = {
    Leaving.QUIT: Halt(JobState.STOPPED, "user", ""),
    Leaving.HANGUP: Halt(JobState.INTERRUPTED, "hangup", "the connection was lost"),
    Leaving.TERMINATED: Halt(JobState.INTERRUPTED, "terminated", "the system ended holytui"),
    Leaving.CRASHED: Halt(JobState.INTERRUPTED, "crashed", "a defect in holytui's screens"),
}


class LocalDesk:
    """Implements `runs.desk.Desk` over the checkpoint folder and this process's worker thread."""

    def __init__(
        self,
        checkpoints: Path,
        tables: Tables,
        samples: Sequence[Sample] = (),
        *,
        wishes: Mapping[str, Wishes] | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> None:
        """Open the desk.

        Args:
            checkpoints: the folder; it need not exist yet.
            tables: prices and clock factors.
            samples: job files that come along.
            wishes: what the command line asked for, by the job file or job id that it named; they hold for no
                other job.
            files: the job file that the command line named, by the id of its job, which exists already: it
                is resumed with the file as it is now.
        """
        self._checkpoints = checkpoints
        self._tables = tables
        self._samples = samples
        self._wishes = dict(wishes or {})
        self._files = dict(files or {})
        self._catalog = Catalog(checkpoints)
        self._thread = RunThread()
        self._keys: dict[str, str] = {}
        self._shelf = LocalShelf(checkpoints, self._renamed)

    @property
    def checkpoints(self) -> Path:
        return self._checkpoints

    @property
    def tables(self) -> Tables:
        """What jobs are priced and timed with."""
        return self._tables

    @property
    def shelf(self) -> Shelf:
        """Renames, makes again, deletes."""
        return self._shelf

    @property
    def trouble(self) -> str:
        """Why the checkpoint folder cannot be listed; empty where it can, or is still to be made."""
        return next((entry.problem or "" for entry in self._catalog.jobs() if entry.folder == self._checkpoints), "")

    def jobs(self) -> Sequence[JobEntry]:
        """The saved jobs; those that run here with their newest snapshot."""
        return [self._freshest(entry) for entry in self._catalog.jobs() if entry.folder != self._checkpoints]

    def samples(self) -> Sequence[Sample]:
        """The job files that come along."""
        return self._samples

    def preview(self, source: JobSource, told: Told = nobody) -> Preview:
        """What starting this would do and cost; blocking, it reads the whole input.

        Raises:
            DeskError: it cannot be started at all.
        """
        try:
            return preview_of(self._asked(source), told)
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def wish(
        self,
        source: JobSource,
        preview: Preview,
        *,
        budget_usd: float | None = None,
        api_key: str | None = None,
        on_workers: bool | None = None,
    ) -> Preview:
        """Keep a budget, a key, or where it runs for this session of holytui; the preview with it.

        Raises:
            DeskError: the job is not there any more, or there is no way to workers.
        """
        try:
            if on_workers is not None:
                executor = self._elsewhere().name if on_workers else LOCAL
                self._wishes[str(source)] = replace(self._wishes_for(source), executor=executor)
            if api_key is not None:
                self._keys[str(source)] = api_key
            if budget_usd is not None:
                self._wishes[str(source)] = replace(self._wishes_for(source), budget_usd=budget_usd)
            return revised(self._asked(source), preview)
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def workers(self) -> Sequence[WorkerSeen]:
        """Who would take items now; blocks for some seconds at most.

        Raises:
            DeskError: they cannot be asked for.
        """
        try:
            return self._elsewhere().workers()
        except ElsewhereError as error:
            raise DeskError(str(error)) from error

    def key_note(self, source: JobSource) -> KeyNote:
        """What is to be said about the key that a job would be sent with; nobody is asked.

        Raises:
            DeskError: the job is not there any more.
        """
        try:
            return key_note(self._asked(source))
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def glance(self, text: str, path: Path, *, new: bool = True) -> Glance:
        """What is wrong with a job file's text; of a new job also the first prompts it makes."""
        return glance(text, path, self._tables, checkpoints=self._checkpoints if new else None)

    def job_file(self, source: JobSource) -> Path | None:
        """The job file of a job, where it is still there.

        Raises:
            DeskError: the job cannot be read.
        """
        file = self._files.get(str(source), source)
        try:
            path = file if isinstance(file, Path) else saved_meta(find_saved(self._checkpoints, file)).job_path
        except SENTENCES as error:
            raise DeskError(str(error)) from error
        return Path(path) if path is not None and Path(path).is_file() else None

    def check(self, source: JobSource) -> KeyCheck:
        """What the provider says about a job's key and models; blocks for some seconds, sends no prompt.

        Raises:
            DeskError: it cannot be asked, for a reason that the preview tells too.
        """
        try:
            return check_of(self._asked(source))
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def start(
        self, source: JobSource, *, api_key: str | None = None, limit: int | None = None, drift: str | None = None
    ) -> RunHandle:
        """Create or resume a job, and run it on this process's worker thread.

        Args:
            source: the job.
            api_key: for this session of holytui only.
            limit: end the session after this many results, whatever the command line asked for.
            drift: `run` or `keep` the answers of steps that have changed, whatever the command line asked for.

        Raises:
            DeskError: it cannot be started; the message says why and the way out.
        """
        key = api_key or self._keys.get(str(source))
        wishes = replace(self._wishes_for(source), api_key=key, stays=True)
        if limit is not None:
            wishes = replace(wishes, limit=limit)
        if drift is not None:
            wishes = replace(wishes, drift=drift)
        try:
            launch = prepare(self._checkpoints, self._files.get(str(source), source), wishes, self._tables)
            if key is not None:
                self._keys[str(source)] = self._keys[launch.job_id] = key
            if str(source) in self._wishes:
                self._wishes[launch.job_id] = replace(self._wishes[str(source)], drift=None)
            return self._thread.start(launch)
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def retry(self, job_id: str, command: Command) -> RunHandle:
        """Return failed items of a resting job to pending, and run it here.

        Raises:
            DeskError: it cannot be started.
        """
        try:
            retry_at_rest(self._checkpoints, job_id, command)
        except SENTENCES as error:
            raise DeskError(str(error)) from error
        return self.start(job_id)

    def triage(self, job_id: str, command: Command) -> str:
        """Accept, give up, undo, or change the budget; what came of it. Blocks.

        Raises:
            DeskError: it cannot be done.
        """
        mine = self._thread.handle(self._checkpoints / job_id)
        if command.verb is Verb.BUDGET:  # what is decided later wins over what was wished at the start
            self._wishes[job_id] = replace(self._wishes_for(job_id), budget_usd=None)
        try:
            if mine is not None and mine.owned_here:
                return mine.decide(command, ACKNOWLEDGE_S)
            if send_to_owner(self._checkpoints, job_id, command):
                return "told its owner; its log says what came of it"
            return decide_at_rest(self._checkpoints, job_id, command, self._tables)
        except (*SENTENCES, OwnerSilent) as error:
            raise DeskError(str(error)) from error
        except TimeoutError as error:
            raise DeskError(f"{job_id}: not within {ACKNOWLEDGE_S:.0f} s; its log says what comes of it") from error

    def view(self, job_id: str) -> RunHandle:
        """The run of a job, whoever has it, or the job at rest.

        Raises:
            DeskError: it cannot be read.
        """
        folder = self._checkpoints / job_id
        mine = self._thread.handle(folder)
        if mine is not None and mine.owned_here:
            return mine
        try:
            return RestingHandle(folder, self)
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def running_here(self) -> Sequence[RunHandle]:
        """Runs of this process that have not ended."""
        return self._thread.running()

    def reader(self, job_id: str) -> Reader:
        """The job's items, attempts and log.

        Raises:
            DeskError: it cannot be read.
        """
        try:
            return Reader.open(self._checkpoints / job_id)
        except SENTENCES as error:
            raise DeskError(str(error)) from error

    def export(self, job_id: str, fmt: str) -> Path:
        """Write the answers into the working folder; the file's path.

        Raises:
            DeskError: the checkpoint cannot be read, or the file not be written.
        """
        path = Path.cwd() / f"{job_id}.{fmt}"
        try:
            export(self._checkpoints / job_id, path, fmt=fmt)
        except (*SENTENCES, ExportError) as error:
            raise DeskError(f"not exported: {error}") from error
        return path

    def leave_running(self, job_id: str) -> str:
        """Hand a run of this process to one in the background; what is in flight there is asked again.

        Raises:
            DeskError: the background process did not take it up; the job rests, nothing is lost.
        """
        mine = self._thread.handle(self._checkpoints / job_id)
        if mine is not None and mine.owned_here:
            mine.stop(Halt(JobState.INTERRUPTED, "hangup", "handed to the background"))
            mine.wait(LEAVE_S)
        try:
            words = hand_over(self._asked(job_id), job_id)
        except SENTENCES as error:
            raise DeskError(str(error)) from error
        self._thread.forget(self._checkpoints / job_id)
        return words

    def shutdown(self, why: Leaving = Leaving.QUIT) -> None:
        """End all runs of this process at once; harmless when repeated."""
        self._thread.shutdown(_HALTS[why])

    def ended(self) -> list[Snapshot]:
        """The last snapshots of all runs of this process whose jobs are where they ran, for the summary."""
        return [handle.snapshot() for handle in self._thread.all() if handle.folder.is_dir()]

    def _renamed(self, job_id: str, new_id: str) -> None:
        """What was asked for or given for a job goes with it to its new name."""
        _move(self._wishes, job_id, new_id)
        _move(self._files, job_id, new_id)
        _move(self._keys, job_id, new_id)

    def _freshest(self, entry: JobEntry) -> JobEntry:
        mine = self._thread.handle(entry.folder)
        if mine is None or not mine.owned_here:
            return entry
        return replace(entry, snapshot=mine.snapshot(), problem=None)

    def _elsewhere(self) -> Elsewhere:
        found = self._tables.elsewhere()
        if found is None:
            raise ElsewhereError("No way to workers is known here: everything runs in this process.")
        return found

    def _asked(self, source: JobSource) -> Asked:
        wishes = self._wishes_for(source)
        wishes = replace(wishes, api_key=wishes.api_key or self._keys.get(str(source)))
        return Asked(self._checkpoints, self._files.get(str(source), source), wishes, self._tables)

    def _wishes_for(self, source: JobSource) -> Wishes:
        return self._wishes.get(str(source), Wishes())


def _move(known: dict[str, V], job_id: str, new_id: str) -> None:
    known.pop(new_id, None)
    if job_id in known:
        known[new_id] = known.pop(job_id)
