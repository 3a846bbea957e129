"""Every screen from frozen state, small and wide, in the default theme and in sixteen colours; looked at by eye.

After a wanted change: look at each, then `pytest --snapshot-update`. Three of them stand in the README.
"""

from pathlib import Path

import pytest

from tests.ui.frozen import JOBS, PREVIEW, RUNNING, SAMPLES, FrozenDesk, frozen_app
from tests.ui.night import NIGHT_FLIGHTS, night
from tests.ui.pictures import MIDDLE, SMALL, WIDE, Compare, then

pytestmark = pytest.mark.usefixtures("in_utc")

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = Path(__file__).parent / "__snapshots__" / "test_screens"
RUN_KEYS = {
    "run": (),
    "item": ("2", "enter", "enter"),
    "retry": ("R",),
    "retry-with": ("2", "e"),
    "help": ("question_mark",),
    "palette": ("colon",),
    "themes": ("T",),
}
PANEL_KEYS = {
    "failures": ("2",),
    "items": ("3",),
    "filtered": ("slash", *"stall", "enter"),
    "map": ("4",),
    "log": ("5",),
}
IN_README = {
    "jobs.svg": "test_the_jobs[night-80x24].svg",
    "run.svg": "test_a_run[run-night-160x45].svg",
    "item.svg": "test_a_run[item-night-100x30].svg",
}

size = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
theme = pytest.mark.parametrize("theme", ["night", "terminal"])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return night(tmp_path_factory.mktemp("night") / RUNNING.job)


@pytest.fixture
def desk(checkpoint: Path) -> FrozenDesk:
    return FrozenDesk(JOBS, flights=NIGHT_FLIGHTS, sample_rows=SAMPLES, checkpoint=checkpoint, shown_preview=PREVIEW)


@size
@theme
def test_the_jobs(snap_compare: Compare, desk: FrozenDesk, size: tuple[int, int], theme: str) -> None:
    assert snap_compare(frozen_app(desk, theme=theme), terminal_size=size, run_before=then())


@size
@theme
def test_the_preflight(snap_compare: Compare, desk: FrozenDesk, size: tuple[int, int], theme: str) -> None:
    app = frozen_app(desk, theme=theme, open_job=Path("job.toml"))
    assert snap_compare(app, terminal_size=size, run_before=then())


CASES = [
    *((name, theme, size) for name in RUN_KEYS for theme in ("night", "terminal") for size in (SMALL, MIDDLE)),
    *((name, theme, SMALL) for name in PANEL_KEYS for theme in ("night", "terminal")),
    ("run", "night", WIDE),
    ("run", "paper", MIDDLE),
    ("item", "night", (100, 30)),
]


@pytest.mark.parametrize(
    ("name", "theme", "size"), CASES, ids=[f"{name}-{theme}-{size[0]}x{size[1]}" for name, theme, size in CASES]
)
def test_a_run(snap_compare: Compare, desk: FrozenDesk, name: str, theme: str, size: tuple[int, int]) -> None:
    app = frozen_app(desk, theme=theme, open_job=RUNNING.job)
    keys = {**RUN_KEYS, **PANEL_KEYS}[name]
    assert snap_compare(app, terminal_size=size, run_before=then(*keys))


@pytest.mark.parametrize("name", IN_README)
def test_the_pictures_of_the_readme_are_these(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == (PICTURES / IN_README[name]).read_text("utf-8")
