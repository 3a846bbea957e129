"""Foreign text on a terminal: nothing that acts, nothing wider than promised."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from holytui.core.display import (
    cell_width,
    count,
    fit,
    fit_left,
    percent,
    safe,
    safe_block,
    span,
    usd,
    usd_band,
)
from holytui.core.pricing import Money, MoneyKind

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
HOSTILE = st.lists(
    st.one_of(
        ANY_TEXT,
        st.sampled_from(
            ["\x1b[31m", "\x1b]52;c;AAAA\x07", "\x00", "\x9b2J", "\u202e", "\u2066", "\ud83d", "\r\n",
             "\u2028", "👩\u200d🚀", "❤\ufe0f", "日本", "e\u0301" * 5, "[/foo]", "\t", "\x7f", "\x85"]
        ),
    ),
    max_size=12,
).map("".join)  # fmt: skip


def acts(char: str) -> bool:
    """Whether a terminal could do anything but print it."""
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(HOSTILE)
def test_a_safe_line_only_prints(text: str) -> None:
    line = safe(text)
    assert not [char for char in line if acts(char)]
    assert line.encode() is not None
    assert safe(line) == line


@given(HOSTILE)
def test_a_safe_block_only_prints(text: str) -> None:
    assert not [char for line in safe_block(text) for char in line if acts(char)]


@given(HOSTILE, st.integers(0, 30))
def test_what_is_fitted_is_never_wider(text: str, width: int) -> None:
    for line in (fit(text, width), fit_left(text, width)):
        assert cell_width(line) <= width
        assert not [char for char in line if acts(char)]


@given(HOSTILE)
def test_what_fits_is_left_alone(text: str) -> None:
    line = safe(text)
    width = cell_width(line)
    assert fit(text, width) == fit_left(text, width) == line


@given(HOSTILE, st.integers(1, 20))
def test_a_cut_is_shown_and_keeps_one_end(text: str, width: int) -> None:
    line = safe(text)
    if cell_width(line) > width:
        right, left = fit(text, width), fit_left(text, width)
        assert right.endswith("…")
        assert line.startswith(right[:-1])
        assert left.startswith("…")
        assert line.endswith(left[1:])


def test_no_character_is_wider_on_screen_than_we_think() -> None:
    """Against the measure of the library that paints: a cell too few would push a row over its edge."""
    characters = [safe(chr(code)) for code in range(sys.maxunicode + 1)]
    assert [char for char in characters if cell_len(char) > cell_width(char)] == []


def test_control_characters_are_seen() -> None:
    assert safe("a\x1b[31mb\x00c") == "a␛[31mb␀c"
    assert safe("one\r\ntwo\tthree") == "one  two three"


def test_direction_overrides_and_surrogates() -> None:
    assert safe("exe.\u202efdp") == "exe.fdp"
    assert safe("\ud83d!") == "\ufffd!"


def test_markup_is_left_as_it_is() -> None:
    assert safe("[/foo] [red]x") == "[/foo] [red]x"


def test_a_huge_line_is_cut_before_it_is_looked_at() -> None:
    assert safe("x" * 10_000_000, limit=10) == "xxxxxxxxx…"
    assert fit("\x1b" * 10_000_000, 5) == "␛␛␛␛…"
    assert fit_left("\x1b" * 10_000_000, 5) == "…␛␛␛␛"


def test_a_block_keeps_its_lines_and_widens_tabs() -> None:
    assert safe_block("a\r\nb\rc\n\n\tx") == ["a", "b", "c", "", "    x"]


def test_wide_and_combining_characters_are_measured() -> None:
    assert cell_width("日本") == 4
    assert cell_width("e\u0301") == 1
    assert fit("日本語", 4) == "日…"
    assert fit_left("日本語", 4) == "…語"


def test_ids_keep_their_end() -> None:
    assert fit_left("2021/board-minutes-0412.pdf", 22) == "…oard-minutes-0412.pdf"


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(4.48), "$4.48"),
        (Money(1.27, MoneyKind.ESTIMATED), "~$1.27"),
        (Money(None, MoneyKind.UNKNOWN), "—"),
        (Money(0.0), "$0.00"),
        (Money(0.0013, MoneyKind.COMPUTED), "$0.0013"),
        (Money(0.00001, MoneyKind.ESTIMATED), "<$0.0001"),
        (Money(1234.5), "$1,234.50"),
    ],
)
def test_money(money: Money, text: str) -> None:
    assert usd(money) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (12.9, 13.3, "$12.90–13.30"),
        (1.0, 1.001, "~$1.00"),
        (0.0012, 0.02, "$0.0012–0.0200"),
        (0.00001, 0.00002, "<$0.0001"),
        (0.004, 12.0, "<$0.01–12.00"),
        (0.0, 0.0, "~$0.00"),
    ],
)
def test_a_range_of_money(low: float, high: float, text: str) -> None:
    assert usd_band(low, high) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0.9, "0 s"), (47, "47 s"), (119.9, "119 s"), (120, "2 min"), (3599, "59 min"),
     (11400, "3h 10m"), (3600, "1h 00m"), (172800, "2d 0h"), (float("inf"), "0 s")],
)  # fmt: skip
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.integers(0, 2))
def test_a_hundred_percent_means_all(done: int, of: int, digits: int) -> None:
    done = min(done, of)
    shown = float(percent(done, of, digits).removesuffix("%"))
    assert shown <= 100 * done / of + 1e-9
    assert (shown == 100) == (done == of)


def test_percent_and_count() -> None:
    assert percent(3421, 10_000) == "34%"
    assert percent(3421, 10_000, 1) == "34.2%"
    assert percent(0, 0) == "0%"
    assert count(3421) == "3,421"
