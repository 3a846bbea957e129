"""Files that come with holytui: themes, sample jobs, tables; from a wheel or from a checkout."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from holytui.config import config_dir
from holytui.core.pricing import Price

PRICES = "prices.toml"
MODEL_FACTORS = "model_factors.toml"
SAMPLE_ORDER = (
    "the-story",
    "your-python",
    "all-that-fails",
    "two-models",
    "breaker",
    "your-python-holysheep",
)


def data(name: str) -> Path:
    """A file of `holytui/data`.

    Raises:
        FileNotFoundError: no such file came with this installation.
    """
    path = _package() / "data" / name
    if not path.is_file():
        raise FileNotFoundError(f"holytui's own file {name} is missing at {path}: install holytui again.")
    return path


def sample_jobs() -> list[Path]:
    """The sample job files, in the order in which they teach."""
    order = {name: place for place, name in enumerate(SAMPLE_ORDER)}
    found = _shipped("sample_jobs").glob("*.toml")
    return sorted(found, key=lambda path: (order.get(path.stem, len(order)), path.stem))


def describe_sample(path: Path) -> str:
    """What a sample job shows, in a line: the comment at its top."""
    with path.open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()


def themes(user_dir: Path | None = None) -> dict[str, Path]:
    """Theme files by name; the user's own win over shipped ones of the same name.

    Args:
        user_dir: where the user's themes lie; None for `themes` beside config.toml.
    """
    own = config_dir() / "themes" if user_dir is None else user_dir
    found = {path.stem: path for path in sorted(_shipped("themes").glob("*.toml"))}
    if own.is_dir():
        found |= {path.stem: path for path in sorted(own.glob("*.toml"))}
    return found


@cache
def price_table() -> dict[str, Price]:
    """List prices by model, under every spelling of its name."""
    table = _toml(PRICES)
    source = f"{table['source']}, {table['date']}"
    prices = {}
    for model, entry in table["models"].items():
        price = Price(entry["input"], entry["cached_input"], entry["output"], source, model)
        for name in (model, *entry["aliases"]):
            prices[name] = price
    return prices


@cache
def model_factors() -> dict[str, float]:
    """Factors on the clocks by model name or pattern."""
    return {model: float(factor) for model, factor in _toml(MODEL_FACTORS).items()}


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(data(name).read_text(encoding="utf-8"))


def _package() -> Path:
    return Path(str(files("holytui")))


def _shipped(folder: str) -> Path:
    """A folder that a wheel holds beside the code and a checkout beside the package."""
    in_wheel = _package() / folder
    return in_wheel if in_wheel.is_dir() else _package().parent / folder
