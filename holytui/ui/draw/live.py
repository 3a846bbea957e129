"""The live panel: what is in flight, what failed, the last lines of the log."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, count, items_words, safe, span, wrap
from holytui.core.progress import LIVE_STATES, InFlight, LogLine, Snapshot
from holytui.core.words import by_count, clock, learned_words, repeats
from holytui.ui.draw.pen import Line, Pen
from holytui.ui.draw.words import advice, meaning

GAUGE = 10
FAILED_LINES = 3
LOG_LINES = 2
CLOCK_LINES = 3
CLOCKS_FROM = 24
"""Lines of the panel from which on there is room for the clocks."""

WHEN = 11
"""Cells before the words of a line of the log."""

GAUGED = 90
"""Cells from which on there is room for a gauge of each clock."""

EXPLAINED, MEANING = 95, 36
"""Cells from which on there is room for what a kind means, and how many that takes."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of the columns of what is in flight; gauge: there is room for a bar of each clock."""

    item: int
    step: int
    gauge: bool


def columns(pen: Pen, flights: Sequence[InFlight]) -> Columns:
    """As wide as the steps that are in hand want it."""
    gauge = pen.width >= GAUGED
    step = max([7, *(min(12, len(flight.step)) for flight in flights)])
    return Columns(max(22, min(48, pen.width // 4 + (4 if gauge else 0))), step, gauge)


def header(pen: Pen, snapshot: Snapshot, flights: Sequence[InFlight], wide: Columns, title: tuple[str, Style]) -> Text:
    """Over the rows: how many there are, and why not more."""
    muted, (words, style) = pen.palette.muted, title
    # What waits to be tried again is in hand beside as many requests as may be in flight.
    of = f" of {snapshot.ceiling}" if wide.gauge and snapshot.ceiling >= len(flights) else ""
    items = len({flight.index for flight in flights})
    room = wide.item + wide.step + 2 - cell_width(words)
    counted = f" {len(flights)}{of}, oldest first"
    if items < len(flights):  # steps that run side by side: the line on top counts items
        counted = f" {len(flights)}{of} requests, {items_words(items)}"
        counted = counted if cell_width(counted) < room else f" {len(flights)} requests"
    line = pen.line().gap(1).add(words, style).cell(counted, room, muted)
    line.cell("NOW", 10, muted).cell("s", 6, muted, right=True).cell("of", 5, muted, right=True).gap(2)
    if wide.gauge:
        line.gap(GAUGE + 1)
    line.add("ANSWER SO FAR", muted)
    if snapshot.concurrency_why and wide.gauge:
        line.end(f"  {snapshot.concurrency} of {snapshot.ceiling}: {snapshot.concurrency_why}", pen.palette.warn)
    return line.done()


def more(pen: Pen, above: int, below: int, *, zoom: bool) -> Text:
    """Under rows that are more than fit; zoom: a key gives them more room."""
    parts = [f"+ {below} more"] if below else []
    parts += [f"{above} above"] if above else []
    return pen.plain(f" {', '.join(parts)}{'; z shows more' if zoom else ''}", pen.palette.muted)


def rest(pen: Pen, snapshot: Snapshot, *, clocks: bool) -> list[Text]:
    """Why nothing runs, in full: the line on top has room for its beginning only. And what the clocks know."""
    lines = pen.paragraph(snapshot.message or _nothing(snapshot))
    known = _clocks(pen, snapshot) if clocks else []
    return [*lines, *([pen.blank(), *known] if known else [])]


def below(pen: Pen, snapshot: Snapshot, height: int, needed: int) -> list[Text]:
    """Under what is in flight, where it stands alone: the clocks, what failed, the last lines of the log.

    Args:
        pen: to write with.
        snapshot: of the run.
        height: lines of the panel.
        needed: of them, those that what stands above wants.
    """
    running = snapshot.state in LIVE_STATES or snapshot.running
    events = [log_line(pen, event) for event in snapshot.last_events[:LOG_LINES]]
    # While a run goes on nothing may move; at rest the room is the failures'.
    kinds = FAILED_LINES if running else max(FAILED_LINES, height - needed - len(events) - 3)
    blocks = [events, failed_summary(pen, snapshot, kinds), _clocks(pen, snapshot) if height > CLOCKS_FROM else []]
    shown: list[list[Text]] = []
    left = height - needed
    for block in (blocks[1], blocks[0], blocks[2]):
        if block and len(block) + 1 <= left:
            shown.append(block)
            left -= len(block) + 1
    return [line for block in reversed(blocks) if block in shown for line in (pen.blank(), *block)]


def flight_row(pen: Pen, flight: InFlight, wide: Columns) -> Text:
    """One request, with a cell before it for the cursor."""
    style = _phase_style(pen, flight.phase)
    line = pen.line().foreign(flight.item_id, wide.item, left=True).gap(1)
    line.foreign(flight.step, wide.step, pen.palette.muted).gap(1).cell(flight.phase, 10, style)
    limit = f"{flight.limit:.0f}" if flight.limit else ""
    line.cell(f"{flight.seconds:.0f}", 6, right=True).cell(limit, 5, pen.palette.muted, right=True).gap(2)
    if wide.gauge:
        full = 0 if not flight.limit else min(GAUGE, int(flight.seconds / flight.limit * GAUGE))
        line.add("━" * full, style).add("─" * (GAUGE - full), pen.palette.muted).gap(1)
    tail = flight.tail if flight.phase not in {"streaming", "silent"} else flight.tail[-200:]
    room = pen.width - line.text.cell_len - 1
    return line.foreign(tail[-room:].lstrip() if flight.phase == "streaming" else tail, room, pen.palette.muted).done()


def _phase_style(pen: Pen, phase: str) -> Style:
    if phase == "silent" or phase.startswith("retry"):
        return pen.palette.warn
    return pen.palette.plain if phase == "streaming" else pen.palette.muted


def nothing(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """Instead of rows, while a run goes on; in full where the line on top has room for its beginning only."""
    return pen.paragraph(_nothing(snapshot), pen.palette.muted)


def _clocks(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """What the attempt clocks have learned, the best known first."""
    return [pen.plain(f" {learned_words(clock)}", pen.palette.muted) for clock in snapshot.clocks[:CLOCK_LINES]]


def _nothing(snapshot: Snapshot) -> str:
    if snapshot.counters.pending == 0:
        return "nothing: all items have a result"
    if snapshot.activity and snapshot.state in LIVE_STATES:
        return snapshot.activity
    if snapshot.outage_s is not None and snapshot.probe_in is not None:
        down = span(snapshot.outage_s)
        return f"the provider has not answered for {down}; next try in {math.ceil(snapshot.probe_in)} s"
    if snapshot.gate_opens_in is not None:
        return f"429: the gate opens in {span(snapshot.gate_opens_in)}"
    return "nothing in flight"


def failed_summary(pen: Pen, snapshot: Snapshot, most: int) -> list[Text]:
    """The commonest kinds with their advice, at most so many, and how many others there are."""
    failures = by_count(snapshot.counters.failures)
    if not failures:
        return []
    lines = [failed_header(pen, ("FAILED", pen.palette.muted), snapshot.counters.failed)]
    lines += [failure_row(pen, kind, number) for kind, number in failures[:most]]
    others = failures[most:]
    if others:
        lines[-1] = _with_rest(pen, lines[-1], len(others), sum(number for _, number in others))
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
    words = f"+{kinds} kind{'s' if kinds != 1 else ''}: {count(items)}"
    line.rstrip()
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
    """A line of the log: when, what, how often and for how long; cut where it is too long."""
    often = _often(event)
    line = _when(pen, event).foreign(event.text, max(10, pen.width - WHEN - 2 - len(often)))
    return line.add(often, pen.palette.muted).done()


def log_lines(pen: Pen, event: LogLine) -> list[Text]:
    """The same with all its words, wrapped under each other where they are too long for a line."""
    often, room = _often(event), max(10, pen.width - WHEN - 2)
    text = safe(event.text)
    if cell_width(text) + len(often) <= room:
        return [log_line(pen, event)]
    first, *others = wrap(text, room)
    lines = [_when(pen, event).foreign(first, room), *(pen.line().gap(WHEN).foreign(part, room) for part in others)]
    if cell_width((first, *others)[-1]) + len(often) > room:
        lines.append(pen.line().gap(WHEN - 2).add(often, pen.palette.muted))
    elif often:
        lines[-1].text.rstrip()
        lines[-1].add(often, pen.palette.muted)
    return [line.done() for line in lines]


def _when(pen: Pen, event: LogLine) -> Line:
    return pen.line().gap(1).cell(clock(event.last, seconds=True), 8, pen.palette.muted).gap(2)


def _often(event: LogLine) -> str:
    words = repeats(event)
    return f"  {words}" if words else ""
