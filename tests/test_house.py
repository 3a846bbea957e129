"""The rules of the house: who may import whom, what starts light, what nothing is called."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "holytui"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"core", "offload"}),
    frozenset({"provider", "store", "inputs"}),
    frozenset({"engine"}),
    frozenset({"runs"}),
    frozenset({"ui", "plain", "api", "distributed"}),
    frozenset({"library"}),
    frozenset({"cli"}),
)
"""From the ground up: a room may import any room on a lower floor, and none beside it."""

COMMAND_LINE = frozenset({"__init__", "__main__", "cli", "exits", "headless", "reports", "screen", "windows"})
"""Modules beside the rooms that make up the room `cli`."""

SETTINGS = frozenset({"config", "resources"})
"""Beside core, but read by the front ends only: engine and store get plain values."""

CONFINED = {
    "textual": {"ui"},
    "rich": {"ui", "plain"},
    "httpx": {"provider"},
    "aiohttp": {"provider", "api"},  # textual-serve's server is one of aiohttp's
    "httpx_aiohttp": {"provider"},
    "tenacity": {"engine"},
    "jsonschema": {"core"},
    "referencing": {"core"},
    "sqlite3": {"store"},
    "click": {"cli"},
    "celery": {"distributed"},
    "kombu": {"distributed"},
    "redis": {"distributed"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"api"},
    "textual_serve": {"api"},
    "aiohttp_jinja2": {"api"},
}
"""Libraries that only these rooms may import."""

IMPURE = {"asyncio", "concurrent", "os", "random", "socket", "subprocess", "tempfile", "threading", "time"}
"""What a room without I/O and without a clock of its own has no use for."""

HEAVY = (
    "textual",
    "rich",
    "httpx",
    "aiohttp",
    "fastapi",
    "pydantic",
    "genai_prices",
    "jsonschema",
    "sqlite3",
    "asyncio",
)


def room_of(module: Path) -> str:
    return room_named(module.relative_to(PACKAGE).parts[0].removesuffix(".py"))


def room_named(name: str) -> str:
    """The room of what stands directly under `holytui`."""
    return "cli" if name in COMMAND_LINE else name


def floor_of(room: str) -> int:
    if room in SETTINGS:
        return floor_of("inputs")
    floors = [number for number, rooms in enumerate(FLOORS) if room in rooms]
    assert floors, f"holytui/{room} belongs to no room: give it a floor here and in docs/architecture.md"
    return floors[0]


def imports(module: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all that a module imports, wherever in it."""
    here = ("holytui", *module.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: -node.level]) if node.level else ""
            start = ".".join(part for part in (base, node.module) if part)
            # `from holytui import config` names a module by what it imports.
            names = [f"{start}.{alias.name}" for alias in node.names] if start == "holytui" else [start]
            yield from ((node.lineno, name) for name in names)


def may_import(importer: str, imported: str) -> bool:
    if importer == imported or imported == "__version__":
        return True
    if imported in SETTINGS:
        return importer in SETTINGS or floor_of(importer) >= floor_of("ui")
    return floor_of(imported) < floor_of(importer)


def ids(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_imports_run_one_way(module: Path) -> None:
    room = room_of(module)
    wrong = []
    for line, name in imports(module):
        top, _, rest = name.partition(".")
        if top == "holytui" and rest and not may_import(room, room_named(rest.partition(".")[0])):
            wrong.append(f"line {line}: {room} may not import {name}")
        if top in CONFINED and room not in CONFINED[top]:
            wrong.append(f"line {line}: only {', '.join(sorted(CONFINED[top]))} may import {top}")
        if room == "core" and top in IMPURE:
            wrong.append(f"line {line}: core may not import {top}")
    assert wrong == []


def test_the_rule_itself_tells_right_from_wrong() -> None:
    allowed = [("ui", "runs"), ("runs", "core"), ("engine", "store"), ("cli", "config"), ("ui", "ui")]
    refused = [
        ("core", "engine"),
        ("provider", "store"),
        ("runs", "ui"),
        ("engine", "config"),
        ("ui", "plain"),
    ]
    assert all(may_import(*pair) for pair in allowed)
    assert not any(may_import(*pair) for pair in refused)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_command_line_starts_light(argument: str) -> None:
    script = (
        "import sys, contextlib\n"
        f"sys.argv = ['holytui', {argument!r}]\n"
        "from holytui.cli.group import main\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main()\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.strip() == "[]"
    assert run.stdout.strip()


@pytest.mark.parametrize("room", sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")))
def test_importing_a_room_imports_nothing(room: str) -> None:
    assert (PACKAGE / room / "__init__.py").read_text(encoding="utf-8").strip() == ""


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_names_say_what_a_thing_is(module: Path) -> None:
    assert module.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}
    tree = ast.parse(module.read_text(encoding="utf-8"))
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if name.endswith(("Manager", "Helper", "Utils"))] == []


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_a_module_has_one_reason_to_exist_and_nothing_left_open(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    assert [mark for mark in ("TODO", "FIXME", "XXX") if mark in text] == []
