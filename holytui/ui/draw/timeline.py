"""The steps of an item with all their tries on one time axis."""

from collections.abc import Sequence

from rich.text import Text

from holytui.core.display import count, usd
from holytui.core.pricing import total
from holytui.core.words import clock
from holytui.core.work import IMPORTED, ItemState
from holytui.runs.inspecting import AskedStep, Inspection
from holytui.store.rows import AttemptRow
from holytui.ui.draw.pen import Line, Pen

WIDE = 96
"""From here on there is room for when a try began, and for what came out of it."""
WAIT, CONTENT, SILENCE = "╌", "━", "·"
MOST_TRIES = 6
"""Of a round that are shown, the newest; the others are counted."""


def chosen_of(shown: Inspection, place: int | None) -> AttemptRow | None:
    """The try that is chosen by its place among all attempts; the last where none is."""
    attempts = shown.detail.attempts
    if not attempts:
        return None
    return attempts[-1 if place is None else max(0, min(place, len(attempts) - 1))]


def timeline(pen: Pen, shown: Inspection, chosen: AttemptRow | None) -> list[Text]:
    """A block a step; a line a try of the newest round, a line for each older round."""
    longest = max([0.1, *(tried.ended_s for tried in shown.detail.attempts)])
    lines = []
    headed = False
    for number, step in enumerate(shown.steps, 1):
        tries = [tried for tried in shown.detail.attempts if tried.step == step.name]
        lines.append(_step(pen, shown, step, number, tries))
        if tries and not headed:
            lines.append(_header(pen))
            headed = True
        lines += _rounds(pen, tries, longest, chosen)
    return [*lines, pen.blank()]


def _step(pen: Pen, shown: Inspection, step: AskedStep, number: int, tries: Sequence[AttemptRow]) -> Text:
    palette = pen.palette
    line = pen.line().gap(1).add(f"STEP {number} of {len(shown.steps)}  ", palette.muted)
    line.foreign(step.name, min(24, max(7, len(step.name)))).gap(3)
    line.foreign(step.model, min(30, len(step.model)), palette.muted).gap(3)
    row, result = shown.detail.row, shown.detail.results.get(step.name)
    if result is not None and result.kind is None:
        line.add("✓ accepted by you" if result.accepted else "✓ answered", palette.good)
    elif row.state is ItemState.FAILED and row.step == step.name and row.kind is not None:
        line.add(f"✗ {row.kind}", palette.bad)
    elif result is not None and result.kind is not None:
        line.add(f"✗ {result.kind}", palette.bad)
    else:
        line.add("○ not reached" if row.state is ItemState.FAILED else "○ pending", palette.muted)
    if tries:
        # An answer of an earlier round stays: its clock was that round's.
        spent = sum(tried.ended_s for tried in tries if tried.round == tries[-1].round)
        of = "" if step.deadline_s is None else f" of {step.deadline_s:.0f} s step clock"
        line.end(f"{spent:.0f} s{of}" if spent >= 10 else f"{spent:.1f} s{of}", palette.muted)
    return line.done()


def _header(pen: Pen) -> Text:
    muted = pen.palette.muted
    line = pen.line().gap(1).cell("TRY", 4, muted, right=True)
    if pen.width >= WIDE:
        line.gap(2).cell("START", 8, muted)
    line.cell("FIRST", 7, muted, right=True).cell("LAST", 7, muted, right=True).cell("END s", 7, muted, right=True)
    line.gap(2).cell(f"{WAIT} wait {CONTENT} content {_silence(pen)} silence", _axis_width(pen), muted).gap(1).cell(
        "ENDED BY", _fired(pen), muted
    )
    if pen.width >= WIDE:
        line.cell("OUT", 7, muted, right=True)
    return line.cell("COST", 10, muted, right=True).done()


def _axis_width(pen: Pen) -> int:
    return max(26, min(60, pen.width - 74)) if pen.width >= WIDE else 26


def _fired(pen: Pen) -> int:
    return pen.width - 1 - (4 + 1 + 21 + 2 + _axis_width(pen) + 1 + 10) - (17 if pen.width >= WIDE else 0)


def _rounds(pen: Pen, tries: Sequence[AttemptRow], longest: float, chosen: AttemptRow | None) -> list[Text]:
    if not tries:
        return []
    newest = tries[-1].round
    older = sorted({tried.round for tried in tries} - {newest})
    lines = [_folded(pen, f"round {number}", [tried for tried in tries if tried.round == number]) for number in older]
    counted = [tried for tried in tries if tried.round == newest and tried.counted]
    others = [tried for tried in tries if tried.round == newest and not tried.counted]
    if len(counted) > MOST_TRIES:
        lines.append(_folded(pen, f"tries 1 to {len(counted) - MOST_TRIES}", counted[:-MOST_TRIES]))
    lines += [_try(pen, tried, longest, here=tried is chosen) for tried in counted[-MOST_TRIES:]]
    if others:
        lines.append(_folded(pen, "not counted", others))
    return lines


def _end_of(tried: AttemptRow) -> str:
    if tried.kind is not None:
        return tried.kind.value
    return "answered" if tried.counted else IMPORTED if tried.message == IMPORTED else "ended by us"


def _folded(pen: Pen, name: str, tries: Sequence[AttemptRow]) -> Text:
    """Several tries as one line."""
    ends: dict[str, int] = {}
    for tried in tries:
        words = _end_of(tried)
        ends[words] = ends.get(words, 0) + 1
    how = ", ".join(f"{words} x{number}" if number > 1 else words for words, number in ends.items())
    money = usd(total(tried.cost for tried in tries))
    line = (
        pen.line().gap(2).add(f"{name}: ", pen.palette.muted).foreign(how, max(10, pen.width - 34), pen.palette.muted)
    )
    return line.end(money, pen.palette.muted).done()


def _try(pen: Pen, tried: AttemptRow, longest: float, *, here: bool) -> Text:
    palette = pen.palette
    line = pen.line().add(">" if here else " ", palette.accent).cell(str(tried.number), 4, right=True)
    if pen.width >= WIDE:
        line.gap(2).cell(clock(tried.started_at, seconds=True), 8)
    for seconds in (tried.first_s, tried.last_s, tried.ended_s):
        line.cell("-" if seconds is None else f"{seconds:.1f}", 7, right=True)
    _axis(line.gap(2), pen, tried, longest)
    if tried.kind is None:
        words, style = "an answer", palette.good
    else:
        limit = "" if tried.clock_s is None else f" {tried.clock_s:.3g} s"
        words, style = f"{tried.kind.value.removeprefix('timeout.')}{limit}", palette.bad
    line.gap(1).foreign(words, _fired(pen), style)
    if pen.width >= WIDE:
        about = "" if tried.usage.exact else "~"
        line.cell(f"{about}{count(tried.usage.output)}" if tried.usage.output else "-", 7, right=True)
    return line.cell(usd(tried.cost), 10, right=True).done()


def _silence(pen: Pen) -> str:
    """In ASCII both it and waiting would be a dash."""
    return "." if pen.ascii else SILENCE


def _axis(line: Line, pen: Pen, tried: AttemptRow, longest: float) -> None:
    cells = _axis_width(pen) - 1

    def at(seconds: float | None) -> int:
        return 0 if seconds is None else min(cells, round(seconds / longest * cells))

    end = max(1, at(tried.ended_s))
    first = min(end, at(tried.first_s)) if tried.first_s is not None else end
    last = min(end, max(first, at(tried.last_s)))
    line.add(WAIT * first, pen.palette.muted).add(CONTENT * (last - first), pen.palette.good)
    line.add(_silence(pen) * (end - last), pen.palette.warn)
    line.add("✓" if tried.kind is None else "✗", pen.palette.good if tried.kind is None else pen.palette.bad)
    line.gap(cells - end)
