"""A desk whose jobs stand still: frozen snapshots, a real checkpoint for items, a fixed clock, for pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from holytui.core.command import Command
from holytui.core.estimate import Estimate, OtherModel, StepEstimate
from holytui.core.failures import FailureKind
from holytui.core.learning import Latency, LearnedClock
from holytui.core.pricing import Money, MoneyKind, Price
from holytui.core.progress import (
    Counters,
    Eta,
    InFlight,
    JobState,
    LogLine,
    ModelCost,
    Owner,
    Snapshot,
    Spend,
)
from holytui.core.spread import Range
from holytui.core.workers import WorkerSeen
from holytui.resources import themes
from holytui.runs.desk import DeskError, Glance, JobSource, KeyCheck, KeyNote, Leaving, Preview, Sample, Shelf, Shelved
from holytui.runs.estimating import Told, nobody
from holytui.runs.handle import RunHandle
from holytui.store.catalog import JobEntry
from holytui.store.reader import Reader
from holytui.ui.app import HolytuiApp
from holytui.ui.settings import UiSettings
from holytui.ui.theme import load_themes

NOON = 1_800_000_000.0
"""2027-01-15 08:00 UTC; the tests draw in UTC."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
OWNER = Owner(48_213, "gpu-03", NOON - 2 * HOUR, NOON - 1, "you")


@dataclass
class FrozenHandle:
    """A run that shows one moment and remembers what it was told."""

    frozen: Snapshot
    flights: tuple[InFlight, ...] = ()
    told: list[Command] = field(default_factory=list)

    @property
    def job_id(self) -> str:
        return self.frozen.job

    @property
    def folder(self) -> Path:
        return Path("/srv/checkpoints") / self.frozen.job

    @property
    def owned_here(self) -> bool:
        return False

    def snapshot(self) -> Snapshot:
        return self.frozen

    def in_flight(self) -> Sequence[InFlight]:
        return self.flights

    def send(self, command: Command) -> None:
        self.told.append(command)


NO_GLANCE = Glance(())
GOOD_KEY = KeyCheck("HOLYSHEEP_API_KEY …3f9a accepted; both models found")


class FrozenShelf:
    """Nothing on it moves."""

    def rename(self, job_id: str, new_id: str) -> Shelved:
        raise DeskError(f"{job_id} stands still")

    def duplicate(self, job_id: str, new_id: str) -> Shelved:
        raise DeskError(f"{job_id} stands still")

    def delete(self, job_id: str) -> Shelved:
        raise DeskError(f"{job_id} stands still")

    def undo(self) -> Shelved:
        raise DeskError("nothing to undo")


@dataclass
class FrozenDesk:
    """Implements `runs.desk.Desk` for one moment; `checkpoint` is a real job for the item panels."""

    snapshots: Sequence[Snapshot] = ()
    flights: tuple[InFlight, ...] = ()
    sample_rows: Sequence[Sample] = ()
    shown_preview: Preview | None = None
    shown_key: KeyCheck = GOOD_KEY
    checkpoint: Path | None = None
    problems: Sequence[JobEntry] = ()
    shown_glance: Glance = NO_GLANCE
    shown_workers: Sequence[WorkerSeen] = ()

    @property
    def checkpoints(self) -> Path:
        return Path("/srv/checkpoints")

    @property
    def shelf(self) -> Shelf:
        return FrozenShelf()

    @property
    def trouble(self) -> str:
        return ""

    def jobs(self) -> Sequence[JobEntry]:
        return [
            *(JobEntry(snapshot.job, self.checkpoints / snapshot.job, snapshot, None) for snapshot in self.snapshots),
            *self.problems,
        ]

    def samples(self) -> Sequence[Sample]:
        return self.sample_rows

    def preview(self, source: JobSource, told: Told = nobody) -> Preview:
        if self.shown_preview is None:
            raise DeskError(f"{source}: no such job file")
        return self.shown_preview

    def wish(
        self,
        source: JobSource,
        preview: Preview,
        *,
        budget_usd: float | None = None,
        api_key: str | None = None,
        on_workers: bool | None = None,
    ) -> Preview:
        return preview

    def workers(self) -> Sequence[WorkerSeen]:
        return self.shown_workers

    def glance(self, text: str, path: Path, *, new: bool = True) -> Glance:
        return self.shown_glance

    def job_file(self, source: JobSource) -> Path | None:
        return None

    def check(self, source: JobSource) -> KeyCheck:
        return self.shown_key

    def start(
        self, source: JobSource, *, api_key: str | None = None, limit: int | None = None, drift: str | None = None
    ) -> RunHandle:
        raise DeskError(f"{source} stands still")

    def key_note(self, source: JobSource) -> KeyNote:
        return KeyNote("HOLYSHEEP_API_KEY …3f9a", ok=True)

    def retry(self, job_id: str, command: Command) -> RunHandle:
        raise DeskError(f"{job_id} stands still")

    def triage(self, job_id: str, command: Command) -> str:
        raise DeskError(f"{job_id} stands still")

    def view(self, job_id: str) -> RunHandle:
        return FrozenHandle(next(found for found in self.snapshots if found.job == job_id), self.flights)

    def running_here(self) -> Sequence[RunHandle]:
        return []

    def reader(self, job_id: str) -> Reader:
        if self.checkpoint is None:
            raise DeskError(f"{job_id} has no items")
        return Reader.open(self.checkpoint)

    def export(self, job_id: str, fmt: str) -> Path:
        raise DeskError(f"{job_id}.{fmt}: it stands still")

    def leave_running(self, job_id: str) -> str:
        raise DeskError(f"{job_id} stands still")

    def shutdown(self, why: Leaving = Leaving.QUIT) -> None:
        """Nothing runs."""


def frozen_app(
    desk: FrozenDesk,
    *,
    theme: str = "night",
    ascii: bool = False,  # noqa: A002  # the setting's name
    open_job: str | Path | None = None,
) -> HolytuiApp:
    """The real app over a desk that stands still; nothing in it moves by itself."""
    found, problems = load_themes(themes())
    assert problems == []
    settings = UiSettings(found, theme, ascii=ascii, fast_s=HOUR, slow_s=HOUR)
    return HolytuiApp(desk, settings, open_job=open_job, clock=lambda: NOON)


def counters(
    total: int,
    succeeded: int,
    failures: dict[FailureKind, int] | None = None,
    *,
    usd: float = 0.0,
    wasted: float = 0.0,
    estimated: float = 0.0,
    by_step: dict[str, float] | None = None,
) -> Counters:
    failed = {kind.value: number for kind, number in (failures or {}).items()}
    return Counters(
        total=total,
        succeeded=succeeded,
        failed=sum(failed.values()),
        failures=failed,
        attempts=succeeded + 3 * sum(failed.values()),
        requests=succeeded + 3 * sum(failed.values()) + 31,
        spend=Spend(computed=usd, estimated=estimated),
        wasted=Spend(computed=wasted),
        by_step={step: Spend(computed=amount) for step, amount in (by_step or {}).items()},
        sessions=2,
        active_s=111 * MINUTE,
    )


def snapshot(job: str, state: JobState, told: Counters, **more: object) -> Snapshot:
    base = Snapshot(
        job=job,
        name=job,
        state=state,
        counters=told,
        elapsed_s=111 * MINUTE,
        started_at=NOON - 2 * HOUR,
        models=("deepseek-v3.2",),
        provider="holysheep",
        ceiling=32,
        host="gpu-03",
        concurrency_why="429 at 32 in flight; not back there for 12 s",
        clocks=(
            LearnedClock("summary", "deepseek-v3.2", 2, 118.0, 2914, 44.0, 78.7),
            LearnedClock("title", "gpt-4.1", 1, 30.0, 2877, 6.0, 18.2),
            LearnedClock("summary", "deepseek-v3.2", 3, None, 12, 60.0, 70.0),
        ),
        taken_at=NOON,
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields by name


RUNNING = snapshot(
    "pdf-summaries",
    JobState.RUNNING,
    replace(
        counters(
            10_000,
            3_421,
            {
                FailureKind.TIMEOUT_STALL: 21,
                FailureKind.TRUNCATED: 7,
                FailureKind.CONTEXT_LENGTH: 5,
                FailureKind.INPUT_ERROR: 3,
                FailureKind.CONTENT_FILTER: 1,
            },
            usd=4.48,
            wasted=0.09,
            by_step={"summary": 2.56, "title": 1.83},
        ),
        attempts=6_944,
        requests=7_211,
    ),
    models=("deepseek-v3.2", "gpt-4.1"),
    step_models=(("summary", "deepseek-v3.2"), ("title", "gpt-4.1")),
    projected_band=(12.9, 13.3),
    other_models=(
        ModelCost("deepseek-v3.2", 8.14),
        ModelCost("gemini-2.5-flash", 12.66),
        ModelCost("gpt-4.1", 67.76),
    ),
    throughput=(*(38.0 + at % 5 for at in range(29)), 2.0, 3.0, 22.0, 28.0, *(35.0 + at % 3 for at in range(15)), 31.0),
    slowed=(*("" for _ in range(29)), "429", "429", *("" for _ in range(18))),
    latency=Latency(
        (20.0, 40.0, 60.0, 80.0),
        (521, 1713, 514, 147, 19),
        LearnedClock("summary", "deepseek-v3.2", 2, 118.0, 2914, 44.0, 78.7),
    ),
    running=24,
    requests_in_flight=24,
    concurrency=24,
    budget_usd=15.0,
    projected=Money(13.1, MoneyKind.ESTIMATED),
    eta=Eta(11_400.0, 13_000.0, 14_700.0, "slowed by rate limit: 24/32"),
    rate_per_s=0.52,
    tokens_per_s=(1360.0, 100.0),
    owner=OWNER,
    saved_at=NOON - 0.2,
    last_events=(
        LogLine("rate_limit", NOON - 8, NOON - 8, 1, "429, Retry-After 12 s: all wait; in flight 32 to 24"),
        LogLine("rate_limit", NOON - 530, NOON - 170, 14, "429, no attempts used"),
        LogLine("session", NOON - 4_000, NOON - 4_000, 1, "resumed by you"),
    ),
)

WORKERS = (
    WorkerSeen("gpu-01-4711-1", "gpu-01.example", 4711, True, 16, 32, 16, 0.34, NOON - 0.4),
    WorkerSeen("gpu-02-4711-1", "gpu-02.example", 4711, True, 8, 16, 8, 0.18, NOON - 0.3),
    WorkerSeen("gpu-03-4711-1", "gpu-03.example", 4711, False, 0, 32, 0, 0.0, NOON - 100),
)
ON_WORKERS = replace(RUNNING, executor="celery", workers=WORKERS)
MANY_WORKERS = tuple(
    WorkerSeen(f"node-{at:02}-9-1", f"node-{at:02}", 9, at not in {7, 31}, 31, 32, 32, 6.4, NOON - 60)
    for at in range(50)
)
"""Of which two are gone."""

FLIGHTS = (
    InFlight(0, "2019/annual-report.pdf", "summary", "streaming", 96, 118, 96, "in the second half, cash flow was"),
    InFlight(1, "2021/board-minutes-0412.pdf", "summary", "silent", 18, 30, 80, "stall clock; last: notes that"),
    InFlight(2, "2020/tender-0117.pdf", "summary", "streaming", 61, 118, 61, "three lots were awarded to the"),
    InFlight(3, "2022/site-survey-b.pdf", "summary", "queued", 58, 118, 58, "keep-alives, no answer"),
    InFlight(4, "2018/lease-annex-3.pdf", "summary", "retry 2/3", 4, 30, 50, "waits 4 s; was stall 30"),
    InFlight(5, "2024/lease-annex-9.pdf", "title", "waiting", 6, 30, 44, "first token"),
    InFlight(6, "2022/audit-letter.pdf", "summary", "streaming", 44, 64, 44, "The letter confirms that no"),
    *(InFlight(7 + n, f"2023/minutes-{n:04}.pdf", "title", "connecting", 1, 10, 9 - n / 10, "") for n in range(17)),
)

JOBS = (
    snapshot(
        "nightly-labels",
        JobState.STOPPED,
        counters(50_000, 31_204, {FailureKind.TIMEOUT_STALL: 31, FailureKind.TRUNCATED: 9}, usd=11.82),
        reason="quota",
        message="Stopped at 07:52: the balance is used up (402). 18,756 pending, nothing is lost. Top up, then p.",
        budget_usd=25.0,
        ended_at=NOON - 8 * MINUTE,
    ),
    RUNNING,
    snapshot(
        "eval-gpt41-mini",
        JobState.PAUSED,
        counters(2_000, 412, usd=0.39),
        reason="user",
        message="Paused at 07:31 by you. 1,588 pending, nothing is lost. p resumes it.",
        ended_at=NOON - 29 * MINUTE,
    ),
    snapshot(
        "tickets-june",
        JobState.INTERRUPTED,
        counters(10_000, 3_421, {FailureKind.NETWORK: 2}, estimated=1.27),
        reason="hangup",
        message="Interrupted at 23:58 (the connection was lost). 6,577 pending, nothing is lost. p resumes it.",
        ended_at=NOON - 8 * HOUR,
    ),
    snapshot(
        "contracts-ocr",
        JobState.COMPLETED_WITH_FAILURES,
        counters(800, 797, {FailureKind.INPUT_ERROR: 3}, usd=0.74),
        ended_at=NOON - 3 * DAY,
    ),
    replace(
        snapshot("glossary", JobState.COMPLETED, counters(1_200, 1_200), ended_at=NOON - 190 * DAY), simulated=True
    ),
)

SAMPLES = (
    Sample("the-story", Path("the-story.toml"), "10,000 documents: kill it, resume it, lose nothing", simulated=True),
    Sample("your-python-holysheep", Path("y.toml"), "The same with your key: at most $0.10", simulated=False),
)

PRICE = Price(0.28, 0.028, 0.42, "list price, 2026-11")
DEAR = Price(2.0, 0.5, 8.0, "list price, 2026-11")
ESTIMATE = Estimate(
    name="pdf-summaries",
    items=800,
    readable=797,
    pending=800,
    problems=(("2023/scan-0007.pdf", "no text in it"), ("2023/scan-0008.pdf", "no text in it")),
    steps=(
        StepEstimate("summary", "deepseek-v3.2", 797, Range(1.6e6, 1.9e6, 2.2e6), Range(1e5, 1.2e5, 1.4e5), PRICE),
        StepEstimate("title", "gpt-4.1", 797, Range(1.6e5, 2e5, 2.4e5), Range(2e4, 3e4, 4e4), DEAR),
    ),
    seconds=Range(1_020.0, 1_300.0, 1_560.0),
    concurrency=32,
    budget_usd=2.0,
    prompts=(("2019/annual-report.pdf", "summary", "Read the document and give topic and keywords."),),
    simulated=False,
    other_models=(
        OtherModel("gemini-2.5-flash", Range(0.79, 1.0, 1.2)),
        OtherModel("claude-sonnet-4.5", Range(7.1, 8.6, 10.0)),
    ),
)
PREVIEW = Preview(
    job_id="pdf-summaries",
    name="pdf-summaries",
    source="/srv/job.toml",
    estimate=ESTIMATE,
    key_note="HOLYSHEEP_API_KEY …3f9a",
    key_ok=True,
    saved_in=Path("/srv/checkpoints/pdf-summaries"),
    existing=False,
    blockers=(),
    variable="HOLYSHEEP_API_KEY",
)
