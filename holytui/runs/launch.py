"""Everything a session needs to know before it takes the lock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from holytui.core import workers
from holytui.core.job import Job
from holytui.core.pricing import Price, PriceBook
from holytui.provider.presets import Endpoint
from holytui.runs.endpoint import Target

if TYPE_CHECKING:
    from holytui.runs.elsewhere import Elsewhere
LOCAL = workers.LOCAL
"""The name of the executor in this process."""


def nowhere_else() -> "Elsewhere | None":
    """Without workers: everything runs here."""
    return None


@dataclass(frozen=True, slots=True)
class Launch:
    """One session to be.

    Attributes:
        folder: the job's folder; it exists.
        job: with the session's `--concurrency` and `--budget` in it.
        base_dir: what the input's paths are relative to.
        job_path: the job file the job was last run from, None when it is not known any more.
        sync: read the input again before running: the job file was given, or a sync was cut off.
        target: where requests go; endpoint: with the key, None for the embedded simulator.
        limit: end the session after this many results.
        keep_answers: answers of changed steps stay valid.
        factors: clock factor by model.
        stays: a pause for the provider is sat out in this session, for someone is there to see it or nobody waits
            for the exit code; else the session ends with its wake time.
        elsewhere: runs the items on other machines; None: here.
        was_elsewhere: ran them before, and may still have answers; None where there are none.
    """

    folder: Path
    job: Job
    base_dir: Path
    job_path: Path | None
    sync: bool
    target: Target
    endpoint: Endpoint | None
    prices: PriceBook
    factors: Mapping[str, float]
    limit: int | None = None
    keep_answers: bool = False
    stays: bool = False
    elsewhere: "Elsewhere | None" = None
    was_elsewhere: "Elsewhere | None" = None

    @property
    def job_id(self) -> str:
        return self.folder.name

    @property
    def executor(self) -> str:
        """The name of what runs the items."""
        return LOCAL if self.elsewhere is None else self.elsewhere.name


@dataclass(frozen=True, slots=True)
class Tables:
    """Data files and settings that jobs are priced and timed with; read once by the front end.

    Attributes:
        prices: our table, by model; user_prices: from config.toml, they win over it.
        factors: clock factor by model.
        trusted: (host, variable) pairs that the user confirmed.
        elsewhere: the way to other machines, made when it is asked for; None where there is none. It raises
            `ElsewhereError` when it is not installed, or when its address cannot be used.
    """

    prices: Mapping[str, Price]
    user_prices: Mapping[str, Price]
    factors: Mapping[str, float]
    trusted: frozenset[tuple[str, str]]
    elsewhere: "Callable[[], Elsewhere | None]" = nowhere_else

    def book(self, job: Job) -> PriceBook:
        """Prices as they hold for a job: its own win."""
        own = {
            model: Price(
                entry.input,
                entry.input if entry.cached_input is None else entry.cached_input,
                entry.output,
                "job file",
            )
            for model, entry in job.provider.prices.items()
        }
        return PriceBook(job=own, user=self.user_prices, table=self.prices, provider=job.provider.name)
