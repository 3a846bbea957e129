"""Money on the screens: ranges where there is one, comparisons where there is room."""

from dataclasses import replace

import pytest

from holytui.resources import themes
from holytui.ui.draw.head import head
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.preflight import sheet
from holytui.ui.theme import load_themes, palette
from tests.ui.frozen import ESTIMATE, NOON, PREVIEW, RUNNING


@pytest.fixture(scope="module")
def pen() -> Pen:
    found, _ = load_themes(themes())
    return Pen(palette(found["night"]), 80)


def test_a_projection_is_drawn_as_far_as_it_may_be_off(pen: Pen) -> None:
    banded = head(pen, replace(RUNNING, projected_band=(12.9, 13.3)), NOON)[4].plain
    assert " ".join(banded.split()) == "Cost $4.48 spent $12.90–13.30 at the end $15.00 budget $0.09 wasted"
    assert "~$13.10 at the end" in head(pen, replace(RUNNING, projected_band=None), NOON)[4].plain


def test_other_models_are_shown_where_there_is_room_cheapest_first_three_at_most(pen: Pen) -> None:
    other = ESTIMATE.other_models[0]
    many = replace(PREVIEW, estimate=replace(ESTIMATE, other_models=(*ESTIMATE.other_models, other, other)))
    full = [line.plain for line in sheet(pen, many, 100)]
    without = [line.plain for line in sheet(pen, many, len(full) - 1)]
    assert full[: len(without)] == without
    models = [line.split() for line in full[len(without) + 2 :]]
    assert [words[0] for words in models] == ["gemini-2.5-flash", "claude-sonnet-4.5", "gemini-2.5-flash"]
    assert [words[-1] for words in models[:2]] == ["-18%", "x7.0"]


def test_a_missing_price_is_named_and_nothing_is_shown_as_a_sum(pen: Pen) -> None:
    steps = (replace(ESTIMATE.steps[0], model="my-model", price=None), ESTIMATE.steps[1])
    unknown = replace(PREVIEW, estimate=replace(ESTIMATE, steps=steps))
    words = " ".join(" ".join(line.plain for line in sheet(pen, unknown, 24)).split())
    assert "unknown: no price for my-model" in words
    assert '[prices."my-model"] in config.toml' in words
    assert "$0.97" not in words
