"""Pictures of jobs on workers, from frozen state: who is there, who is gone, and what a run waits for.

After a wanted change: look at each, then `pytest --snapshot-update`.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.progress import Eta
from tests.ui.frozen import MANY_WORKERS, ON_WORKERS, PREVIEW, WORKERS, FrozenDesk, frozen_app
from tests.ui.night import NIGHT_FLIGHTS, night
from tests.ui.pictures import MIDDLE, SMALL, WIDE, Compare, then

pytestmark = pytest.mark.usefixtures("in_utc")

THERE = replace(
    PREVIEW,
    key_note="each worker reads HOLYSHEEP_API_KEY from its own environment",
    on_workers=True,
    place="redis://10.0.0.5:6379/0",
)
REDIS_AWAY = "Redis at redis://10.0.0.5:6379/0 does not answer since 07:41: the job waits; what workers finish is kept"
NOBODY = "no worker is there yet: holytui worker, with redis://10.0.0.5:6379/0"
MANY = replace(ON_WORKERS, workers=MANY_WORKERS)
WAITING = replace(ON_WORKERS, running=0, requests_in_flight=0, eta=Eta(reason="after 10 answers"), activity=REDIS_AWAY)
ALONE = replace(WAITING, workers=(), activity=NOBODY)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return night(tmp_path_factory.mktemp("night") / ON_WORKERS.job)


SHOWN = {"few": ON_WORKERS, "many": MANY, "away": WAITING, "alone": ALONE}
CASES = [
    *((name, "night", SMALL, False) for name in SHOWN),
    *((name, "night", WIDE, False) for name in SHOWN),
    ("few", "night", MIDDLE, False),
    ("many", "night", (110, 32), False),
    ("few", "terminal", SMALL, True),
]


@pytest.mark.parametrize(
    ("name", "theme", "size", "ascii"),
    CASES,
    ids=[f"{name}-{theme}-{size[0]}x{size[1]}" for name, theme, size, _ in CASES],
)
def test_a_run_on_workers(
    snap_compare: Compare,
    checkpoint: Path,
    name: str,
    theme: str,
    size: tuple[int, int],
    ascii: bool,  # noqa: A002
) -> None:
    flights = NIGHT_FLIGHTS if SHOWN[name].running else ()
    desk = FrozenDesk([SHOWN[name]], flights=flights, checkpoint=checkpoint)
    app = frozen_app(desk, theme=theme, ascii=ascii, open_job=ON_WORKERS.job)
    assert snap_compare(app, terminal_size=size, run_before=then())


def test_preflight_with_workers(snap_compare: Compare) -> None:
    desk = FrozenDesk(shown_preview=THERE, shown_workers=WORKERS)
    assert snap_compare(frozen_app(desk, open_job=Path("job.toml")), terminal_size=SMALL, run_before=then())


def test_the_jobs_with_one_on_workers(snap_compare: Compare) -> None:
    desk = FrozenDesk([ON_WORKERS])
    assert snap_compare(frozen_app(desk), terminal_size=SMALL, run_before=then())
