"""The wheel holds what the program looks for at run time, and finds it there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = out.glob("holytui-*.whl")
    return wheel


def in_repository(folder: str, pattern: str = "*") -> set[str]:
    return {path.name for path in (ROOT / folder).glob(pattern) if path.is_file()}


def in_wheel(wheel: Path, folder: str) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name.removeprefix(folder) for name in archive.namelist() if name.startswith(folder)]
    return {name for name in names if name and "/" not in name}


def test_themes_samples_and_data_are_in_the_wheel(wheel: Path) -> None:
    for inside, outside in [("themes", "themes"), ("sample_jobs", "sample_jobs"), ("data", "holytui/data")]:
        assert in_wheel(wheel, f"holytui/{inside}/") == in_repository(outside)
        assert in_repository(outside)


def test_every_module_style_sheet_and_the_marker_of_types_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for path in (ROOT / "holytui").rglob("*"):
        if path.suffix in {".py", ".tcss", ".typed"} or path.name == "py.typed":
            assert path.relative_to(ROOT).as_posix() in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]


def test_an_unpacked_wheel_finds_its_files(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "import holytui.resources as r, pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "found = [*r.sample_jobs(), *r.themes(here / 'none').values(), r.data('prices.toml')]\n"
        "assert all(path.is_relative_to(here) for path in found), found\n"
        "print(len(r.sample_jobs()), len(r.themes(here / 'none')))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        str(len(in_repository("sample_jobs", "*.toml"))),
        str(len(in_repository("themes", "*.toml"))),
    ]
