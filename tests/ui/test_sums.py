"""Numbers on the screen add up: a mistrustful reader will check."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.core.display import cell_width
from holytui.core.progress import Counters, Snapshot, Spend
from holytui.core.sums import adding_up
from holytui.resources import themes
from holytui.ui.draw.figures import figures, latency, money, throughput
from holytui.ui.draw.head import head
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.workers import workers
from holytui.ui.theme import load_theme, palette
from tests.ui.frozen import JOBS, MANY_WORKERS, NOON, ON_WORKERS, RUNNING

AMOUNT = re.compile(r"\$([\d,.]+)")


@pytest.fixture(scope="module")
def pen() -> Pen:
    return Pen(palette(load_theme(themes()["night"])), 160)


def numbers(line: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", line)]


@pytest.mark.parametrize("snapshot", [*JOBS, RUNNING], ids=lambda snapshot: str(snapshot.job))
@pytest.mark.parametrize("width", [80, 120, 160])
def test_states_add_up_to_the_total_at_every_width(snapshot: Snapshot, width: int, pen: Pen) -> None:
    line = head(replace(pen, width=width), snapshot, NOON)[2].plain
    done, failed, flying, pending, total = numbers(line)[:5]
    assert done + failed + flying + pending == total == snapshot.counters.total


def cents(lines: list[str], name: str) -> list[int]:
    found = [AMOUNT.search(line) for line in lines if line.strip().startswith(name)]
    return [round(float(match[1].replace(",", "")) * 10_000) for match in found if match is not None]


def test_steps_and_waste_add_up_to_what_is_spent(pen: Pen) -> None:
    lines = [line.plain for line in money(pen, RUNNING)]
    assert cents(lines, "spent") == [44_800]
    parts = cents(lines, "summary") + cents(lines, "title") + cents(lines, "wasted")
    assert parts == [25_600, 18_300, 900]


def test_steps_that_do_not_fit_are_told_together(pen: Pen) -> None:
    steps = [f"step{number}" for number in range(7)]
    spends = {step: Spend(computed=0.111111 * number) for number, step in enumerate(steps, 1)}
    counters = Counters(total=1, succeeded=1, by_step=spends, spend=Spend(computed=28 * 0.111111))
    snapshot = replace(RUNNING, counters=counters, step_models=tuple((step, "m") for step in steps))
    lines = [line.plain for line in money(pen, snapshot)]
    parts = [amount for name in ("step", "4 other steps", "wasted") for amount in cents(lines, name)]
    assert len(parts) == 5
    assert sum(parts) == cents(lines, "spent")[0]


def test_an_unknown_part_makes_the_sum_unknown(pen: Pen) -> None:
    counters = replace(RUNNING.counters, by_step={"summary": Spend(computed=1.0, unknown=1)}, spend=Spend(unknown=1))
    lines = [line.plain for line in money(pen, replace(RUNNING, counters=counters))]
    assert [line.split()[:2] for line in lines[1:3]] == [["spent", "—"], ["summary", "—"]]


@given(st.lists(st.floats(0, 1_000), max_size=8))
def test_written_parts_add_up_whatever_they_are(parts: list[float]) -> None:
    total, written = adding_up(sum(parts), parts)

    def amount(text: str) -> float:
        return float(text.removeprefix("$").replace(",", ""))

    assert sum(map(amount, written)) == pytest.approx(amount(total), abs=1e-6)
    assert all(abs(amount(text) - part) <= 0.0100001 for text, part in zip(written, parts, strict=True))


@pytest.mark.parametrize("room", range(4, 40, 3))
def test_figures_take_no_more_than_their_room(pen: Pen, room: int) -> None:
    narrow = replace(pen, width=42)
    lines = figures(narrow, RUNNING, room)
    assert len(lines) <= room
    assert all(line.cell_len <= 42 for line in lines)
    assert any("MONEY" in line.plain for line in lines) is (room >= 8)


@pytest.mark.parametrize("width", [42, 53, 54, 64])
def test_workers_take_few_lines_and_all_are_counted(pen: Pen, width: int) -> None:
    for number in range(1, len(MANY_WORKERS) + 1):
        shown = replace(ON_WORKERS, workers=MANY_WORKERS[:number])
        title, *rows = [line.plain for line in workers(replace(pen, width=width), shown)]
        assert len(rows) <= 3
        assert max(map(cell_width, (title, *rows))) <= width
        there, gone = re.search(r"(\d+) there", title), re.search(r"(\d+) gone", title)
        assert int(there[1] if there else 0) + int(gone[1] if gone else 0) == number
        more = re.findall(r"\d+", rows[-1].partition("+ ")[2])
        assert sum(row.count("node-") for row in rows) + sum(map(int, more)) == number
        assert ("✗ node-" in "".join(rows)) is (gone is not None)
    assert workers(pen, replace(ON_WORKERS, owner=None)) == workers(pen, RUNNING) == []


@given(st.floats(0.0003, 3), st.floats(0, 0.01), st.floats(0, 0.01))
def test_the_line_on_top_and_the_panel_write_the_same_digits(one: float, two: float, wasted: float) -> None:
    pen = Pen(palette(load_theme(themes()["night"])), 160)
    counters = replace(
        RUNNING.counters,
        by_step={"summary": Spend(computed=one), "title": Spend(estimated=two)},
        wasted=Spend(estimated=wasted),
        spend=Spend(computed=one, estimated=two + wasted),
    )
    snapshot = replace(RUNNING, counters=counters)
    on_top = head(pen, snapshot, NOON)[4].plain
    panel = {words[0]: words[1] for line in money(pen, snapshot) if (words := line.plain.split())}
    assert f"{panel['spent']} spent" in on_top
    assert not wasted or f"{panel['wasted']} wasted" in on_top


def test_the_first_minute_is_not_told_as_a_peak(pen: Pen) -> None:
    lines = [
        line.plain for line in throughput(pen, replace(RUNNING, throughput=(64.0,), slowed=("",), rate_per_s=25.15))
    ]
    assert "64" not in "".join(lines)
    assert lines[-1].strip() == "now 1,509"


def test_a_cause_of_a_dip_is_a_whole_word(pen: Pen) -> None:
    causes = ("", "pause", *[""] * (len(RUNNING.throughput) - 2))
    assert "  pause" in throughput(pen, replace(RUNNING, slowed=causes))[2].plain


@pytest.mark.parametrize("width", [42, 60])
def test_bars_of_a_part_of_the_answers_say_so(pen: Pen, width: int) -> None:
    assert RUNNING.latency is not None
    clock = replace(RUNNING.latency.clock, observed=4_007)
    last = latency(replace(pen, width=width), replace(RUNNING.latency, clock=clock))[-1].plain
    assert f"bars: the newest {sum(RUNNING.latency.counts):,}" in last
