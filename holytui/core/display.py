"""Foreign text made safe to show, cut to a width in cells; and numbers as the screens write them.

What is stored and exported is never passed through here.
"""

import math
import re
import unicodedata

from holytui.core.pricing import Money, MoneyKind

ELLIPSIS = "…"
REPLACEMENT = "\ufffd"
TAB = 4

_LINE_ENDS = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_MEMO_SIZE = 20_000
_JOINERS = "\u200d\ufe0e\ufe0f"
"""Zero width joiner and the variation selectors: terminals disagree about the width of what they join."""


LEAST_USD = 0.0001
"""Less is not written out."""

_NOW_WIDE = (
    ("\u2630", "\u2637"),
    ("\u268a", "\u268f"),
    ("\u4dc0", "\u4dff"),
    ("\U0001d300", "\U0001d356"),
    ("\U0001d360", "\U0001d376"),
)
"""Wide since Unicode 16, which Python 3.11 does not know: tri- and hexagrams, counting rods."""


class _Shown(dict[int, str]):
    """For `str.translate`: each character that may not reach a terminal as it is, and what stands for it."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MEMO_SIZE:
            self.clear()
        self[code] = shown = _shown(chr(code))
        return shown


def _shown(char: str) -> str:
    if char in "\n\r\t\x0b\x0c\x85\u2028\u2029":
        return " "
    if char < " ":
        return chr(0x2400 + ord(char))  # NUL as ␀, escape as ␛
    if char == "\x7f":
        return "␡"
    if char in _JOINERS:
        return ""
    match unicodedata.category(char):
        case "Cf":
            return ""
        case "Cc" | "Cs" | "Co" | "Cn":
            return REPLACEMENT  # among them what is newer than this Python: nobody can tell its width
    return char


_TABLE = _Shown()


def safe(text: str, *, limit: int = 2000) -> str:
    """Text as one line that a terminal can be given.

    Line ends and tabs become blanks, other control characters visible signs, invisible and bidirectional
    formatting goes, lone surrogates become the replacement character.

    Args:
        text: anything.
        limit: characters that are kept; beyond, the line ends in an ellipsis.
    """
    if len(text) > limit:
        text = text[: max(0, limit - 1)] + ELLIPSIS
    return _clean(text)


def safe_block(text: str) -> list[str]:
    """The same for text of many lines: its line ends are kept, tabs widened."""
    return [_clean(line.expandtabs(TAB)) for line in _LINE_ENDS.split(text)]


def safe_in_place(text: str) -> str:
    """A line as a terminal can be given it, each character in its place: for fields that have a cursor."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char == "\t" else _TABLE[ord(char)][:1] or REPLACEMENT for char in text)


def _clean(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if text.isprintable() and not any(joiner in text for joiner in _JOINERS):
        return text
    return text.translate(_TABLE)


def cell_width(text: str) -> int:
    """Cells a line takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if char < "\u0300":
        return 1
    if unicodedata.category(char) in {"Mn", "Me", "Cf"} or "\u1160" <= char <= "\u11ff":
        return 0
    wide = unicodedata.east_asian_width(char) in "WF" or any(low <= char <= high for low, high in _NOW_WIDE)
    return 2 if wide else 1


def fit(text: str, width: int) -> str:
    """A safe line of at most this many cells, cut at the right with an ellipsis."""
    line = safe(text, limit=_enough(width))
    if cell_width(line) <= width:
        return line
    return _head(line, width - 1) + ELLIPSIS if width > 0 else ""


def fit_left(text: str, width: int) -> str:
    """A safe line of at most this many cells, cut at the left: the end of an id tells it apart."""
    enough = _enough(width)
    cut = len(text) > enough
    line = _clean(text[-enough:] if cut else text)
    if cell_width(line) <= width and not cut:
        return line
    return ELLIPSIS + _head(line[::-1], width - 1)[::-1] if width > 0 else ""


def _enough(width: int) -> int:
    """Characters that fill a width even where most of them take no cell."""
    return max(0, width) * 8 + 64


def _head(line: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(line):
        taken += _char_width(char)
        if taken > width:
            return line[:index]
    return line


def wrap(line: str, width: int) -> list[str]:
    """A safe line cut into lines of at most this many cells, between words where there are any."""
    parts = []
    while cell_width(line) > width:
        part = _head(line, width)
        at = part.rfind(" ")
        if line[len(part)] != " " and at > width // 3:
            part = part[:at]
        parts.append(part or line[:1])
        line = line[len(parts[-1]) :].removeprefix(" ")
    return [*parts, line]


def count(number: int) -> str:
    """A whole number with thousands separated: `3,421`."""
    return f"{number:,}"


def items_words(number: int) -> str:
    """`1 item`, `3,421 items`."""
    return counted(number, "item")


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 answer`, `3,421 answers`; with its plural `1 entry`, `2 entries`, or more words: `1 is`, `2 are`."""
    return f"{count(number)} {thing if number == 1 else things or f'{thing}s'}"


def usd(money: Money) -> str:
    """An amount: `$4.48`, `~$1.27` where it is estimated, a dash where it is unknown."""
    if money.usd is None:
        return "—"
    if 0 < money.usd < LEAST_USD:
        return f"<${LEAST_USD}"  # true of an estimate as well
    mark = "~" if money.kind is MoneyKind.ESTIMATED else ""
    decimals = 2 if money.usd == 0 or money.usd >= 0.01 else 4
    return f"{mark}${money.usd:,.{decimals}f}"


def dollars(amount: float) -> str:
    """An amount that nobody had to find out, such as a budget: `$2.00`, `$0.0010`."""
    return usd(Money(amount, MoneyKind.COMPUTED))


def about_usd(amount: float) -> str:
    """What something will cost, in words: `about $0.02`, `less than $0.0001`."""
    written = dollars(amount)
    return f"less than {written[1:]}" if written.startswith("<") else f"about {written}"


def usd_pair(low: float, high: float) -> tuple[str, str]:
    """From and to with as many digits each: `$0.0019` and `$0.0300`, `<$0.01` and `$12.00`."""
    first, last = dollars(low), dollars(high)
    if not 0 < low < 0.01 <= high:
        return first, last
    if high < 1:
        return first, f"${high:.4f}"
    return ("<$0.01" if low < 0.005 else "$0.01"), last


def usd_band(low: float, high: float) -> str:
    """From and to in one word: `$12.90–13.30`; `~$13.10` where both are written alike."""
    first, last = usd_pair(low, high)
    if first != last:
        return f"{first}–{last.removeprefix('$')}"
    return first if first.startswith("<") else f"~{first}"


def percent(done: int, of: int, digits: int = 0) -> str:
    """A share, rounded down: 100 only when all are done, 0 when there is nothing to do."""
    scale = 10**digits
    share = done * 100 * scale // of if of else 0
    return f"{share / scale:.{digits}f}%"


def span(seconds: float) -> str:
    """A duration, rounded down: `47 s`, `17 min`, `3h 10m`, `2d 4h`; seconds up to two minutes."""
    whole = max(0, math.floor(seconds)) if math.isfinite(seconds) else 0
    if whole < 120:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{hours // 24}d {hours % 24}h"
