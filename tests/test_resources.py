"""What comes with holytui: tables that hold, themes of the user, samples that load."""

from pathlib import Path

import pytest

from holytui.core.job_file import load_job
from holytui.resources import (
    SAMPLE_ORDER,
    data,
    describe_sample,
    model_factors,
    price_table,
    sample_jobs,
    themes,
)


def test_list_prices_under_both_spellings() -> None:
    prices = price_table()
    assert (prices["deepseek-v3.2"].input, prices["deepseek-v3.2"].output) == (0.28, 0.42)
    assert prices["claude-sonnet-4-5"] == prices["claude-sonnet-4.5"]
    assert prices["gpt-4.1"].source == "list price, 2026-11"
    assert all(price.cached_input <= price.input <= price.output for price in prices.values())


def test_every_priced_model_of_the_design_has_its_factor() -> None:
    assert {"deepseek-v3.2": 1.0, "gpt-4.1": 1.2, "gemini-2.5-flash": 0.8}.items() <= model_factors().items()


def test_a_file_that_is_not_there_says_so() -> None:
    with pytest.raises(FileNotFoundError, match="install holytui again"):
        data("none.toml")


def test_a_theme_of_the_user_wins(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text("")
    assert themes(tmp_path)["mine"] == own
    assert themes(tmp_path / "none").keys() == themes(tmp_path).keys() - {"mine"}


def test_the_samples_are_there_and_those_that_cost_come_last() -> None:
    names = [path.stem for path in sample_jobs()]
    assert names == list(SAMPLE_ORDER)
    assert [load_job(path).job.provider.name for path in sample_jobs()] == ["simulator"] * 5 + ["holysheep"]


@pytest.mark.parametrize("path", sample_jobs(), ids=lambda path: path.stem)
def test_a_sample_loads_and_says_what_it_shows(path: Path) -> None:
    job = load_job(path).job
    assert 10 < len(describe_sample(path)) <= 55
    assert job.slug == path.stem
