"""The live panel: what is in flight, what failed, the last lines of the log."""

import math
from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, count, span
from holytui.core.progress import LIVE_STATES, InFlight, LogLine, Snapshot
from holytui.core.words import by_count, clock, learned_words
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.words import advice, meaning

GAUGE = 10
FAILED_LINES = 3
LOG_LINES = 2
CLOCK_LINES = 3
CLOCKS_FROM = 24
"""Lines of the panel from which on there is room for the clocks."""

GAUGED = 90
"""Cells from which on there is room for a gauge of each clock."""

EXPLAINED, MEANING = 95, 36
"""Cells from which on there is room for what a kind means, and how many that takes."""


def live(pen: Pen, snapshot: Snapshot, flights: Sequence[InFlight], height: int, *, gauge: bool = False) -> list[Text]:
    """The panel where it stands alone, at this height; nothing moves but what changed."""
    failed = failed_summary(pen, snapshot)
    events = [log_line(pen, event) for event in snapshot.last_events[:LOG_LINES]]
    clocks = _clocks(pen, snapshot) if height > CLOCKS_FROM else []
    below = [line for block in (clocks, failed, events) if block for line in (pen.blank(), *block)]
    room = max(2, height - len(below))
    if flights or snapshot.state in LIVE_STATES:
        above = in_flight(pen, snapshot, flights, room, gauge=gauge)
    else:
        above = _rest(pen, snapshot)[:room]
    above += [pen.blank()] * (room - len(above))
    return (above + below)[:height]


def at_rest(pen: Pen, snapshot: Snapshot, height: int, title: tuple[str, Style]) -> list[Text]:
    """The panel beside others while nothing runs: why, and what the clocks know."""
    head = pen.line().gap(1).add(*title).done()
    clocks = _clocks(pen, snapshot)
    return [head, *_rest(pen, snapshot), *([pen.blank(), *clocks] if clocks else [])][:height]


def in_flight(
    pen: Pen,
    snapshot: Snapshot,
    flights: Sequence[InFlight],
    room: int,
    title: tuple[str, Style] | None = None,
    *,
    gauge: bool = False,
) -> list[Text]:
    """A header and a row each, oldest first; what does not fit is counted.

    Args:
        pen: to write with.
        snapshot: of the run.
        flights: what is in hand, oldest first.
        room: lines there are.
        title: the panel's, and its style.
        gauge: there is room for a bar that shows how much of its clock each has used.
    """
    id_width = max(22, min(48, pen.width // 4 + (4 if gauge else 0)))
    step_width = max([7, *(min(12, len(flight.step)) for flight in flights)])
    muted = pen.palette.muted
    words, style = title or ("IN FLIGHT", muted)
    # What waits to be tried again is in hand beside as many requests as may be in flight.
    of = f" of {snapshot.ceiling}" if pen.width >= GAUGED and snapshot.ceiling >= len(flights) else ""
    counted = f" {len(flights)}{of}, oldest first"
    header = pen.line().gap(1).add(words, style).cell(counted, id_width + step_width + 2 - cell_width(words), muted)
    header.cell("NOW", 10, muted).cell("s", 6, muted, right=True).cell("of", 5, muted, right=True).gap(2)
    if gauge:
        header.gap(GAUGE + 1)
    header.add("ANSWER SO FAR", muted)
    if snapshot.concurrency_why and pen.width >= GAUGED:
        header.end(f"  {snapshot.concurrency} of {snapshot.ceiling}: {snapshot.concurrency_why}", pen.palette.warn)
    lines = [header.done()]
    fitting = flights if len(flights) <= room - 1 else flights[: max(0, room - 2)]
    lines += [_flight(pen, flight, id_width, step_width, gauge=gauge) for flight in fitting]
    if len(fitting) < len(flights):
        more = " more; z shows all" if title is not None else " more"
        lines.append(pen.plain(f" + {len(flights) - len(fitting)}{more}", muted))
    if not flights:
        lines.append(pen.plain(f" {_nothing(snapshot)}", muted))
    return lines


def _rest(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """Why nothing runs, in full: the line on top has room for its beginning only."""
    return pen.paragraph(snapshot.message or _nothing(snapshot))


def _flight(pen: Pen, flight: InFlight, id_width: int, step_width: int, *, gauge: bool) -> Text:
    style = _phase_style(pen, flight.phase)
    line = pen.line().gap(1).foreign(flight.item_id, id_width, left=True).gap(1)
    line.foreign(flight.step, step_width, pen.palette.muted).gap(1).cell(flight.phase, 10, style)
    limit = f"{flight.limit:.0f}" if flight.limit else ""
    line.cell(f"{flight.seconds:.0f}", 6, right=True).cell(limit, 5, pen.palette.muted, right=True).gap(2)
    if gauge:
        full = 0 if not flight.limit else min(GAUGE, int(flight.seconds / flight.limit * GAUGE))
        line.add("━" * full, style).add("─" * (GAUGE - full), pen.palette.muted).gap(1)
    tail = flight.tail if flight.phase not in {"streaming", "silent"} else flight.tail[-200:]
    room = pen.width - line.text.cell_len - 1
    return line.foreign(tail[-room:].lstrip() if flight.phase == "streaming" else tail, room, pen.palette.muted).done()


def _phase_style(pen: Pen, phase: str) -> Style:
    if phase == "silent" or phase.startswith("retry"):
        return pen.palette.warn
    return pen.palette.plain if phase == "streaming" else pen.palette.muted


def _clocks(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """What the attempt clocks have learned, the best known first."""
    return [pen.plain(f" {learned_words(clock)}", pen.palette.muted) for clock in snapshot.clocks[:CLOCK_LINES]]


def _nothing(snapshot: Snapshot) -> str:
    if snapshot.counters.pending == 0:
        return "nothing: all items have a result"
    if snapshot.outage_s is not None and snapshot.probe_in is not None:
        down = span(snapshot.outage_s)
        return f"the provider has not answered for {down}; next try in {math.ceil(snapshot.probe_in)} s"
    if snapshot.gate_opens_in is not None:
        return f"429: the gate opens in {span(snapshot.gate_opens_in)}"
    return "nothing in flight"


def failed_summary(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """The commonest kinds with their advice, and how many others there are."""
    failures = by_count(snapshot.counters.failures)
    if not failures:
        return []
    lines = [failed_header(pen, ("FAILED", pen.palette.muted), snapshot.counters.failed)]
    lines += [failure_row(pen, kind, number) for kind, number in failures[:FAILED_LINES]]
    rest = failures[FAILED_LINES:]
    if rest:
        lines[-1] = _with_rest(pen, lines[-1], len(rest), sum(number for _, number in rest))
    return lines


def failed_header(pen: Pen, title: tuple[str, Style], failed: int) -> Text:
    """Over rows of kinds."""
    muted = pen.palette.muted
    header = pen.line().gap(1).add(*title).cell(f" {count(failed)}", 30 - cell_width(title[0]), muted)
    if not failed:
        return header.done()
    if pen.width >= EXPLAINED:
        header.gap(1).cell("WHAT IT MEANS", MEANING, muted)
    return header.gap(1).add("WHAT TO DO", muted).done()


def _with_rest(pen: Pen, line: Text, kinds: int, items: int) -> Text:
    words = f"+{kinds} kinds: {count(items)}"
    line.truncate(pen.width - len(words) - 3, overflow="ellipsis")
    line.append(" " * max(2, pen.width - 1 - line.cell_len - len(words)))
    line.append(words, pen.palette.muted)
    return line


def failure_row(pen: Pen, kind: str, number: int) -> Text:
    """One kind: how many, what it means where there is room, what to do."""
    line = pen.line().cell(count(number), 6, pen.palette.bad, right=True).gap(2).cell(kind, 23)
    if pen.width >= EXPLAINED:
        line.gap(1).cell(meaning(kind), MEANING)
    return line.gap(1).cell(advice(kind), max(10, pen.width - line.text.cell_len - 2), pen.palette.muted).done()


def log_line(pen: Pen, event: LogLine) -> Text:
    """A line of the log: when, what, how often and for how long."""
    line = pen.line().gap(1).cell(clock(event.last, seconds=True), 8, pen.palette.muted).gap(2)
    often = "" if event.count == 1 else f"  x{count(event.count)} in {span(event.last - event.first)}"
    line.foreign(event.text, max(10, pen.width - 13 - len(often)))
    return line.add(often, pen.palette.muted).done()
