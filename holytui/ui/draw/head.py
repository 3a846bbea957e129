"""The five lines on top of a run: how far, how long, how much; the same on every tab and at every size."""

from rich.text import Text

from holytui.core.display import count, percent, safe, span, usd, usd_band
from holytui.core.pricing import Money, MoneyKind
from holytui.core.progress import JobState, Snapshot
from holytui.core.words import clock, state_words, title_of
from holytui.core.worker_words import line_of, rate_words
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.spent import spent
from holytui.ui.draw.words import state_style

RESTING = frozenset(
    {JobState.PAUSED, JobState.STOPPED, JobState.INTERRUPTED, JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES}
)


def head(pen: Pen, snapshot: Snapshot, now: float, *, figures: bool = False) -> list[Text]:
    """Five lines, and one for the workers, or a blank one where there are none or figures beside the work tell them."""
    return [
        _title(pen, snapshot, now),
        _bar(pen, snapshot),
        _sums(pen, snapshot),
        _eta(pen, snapshot, now),
        _cost(pen, snapshot),
        pen.blank() if figures else _workers(pen, snapshot),
    ]


def _title(pen: Pen, snapshot: Snapshot, now: float) -> Text:
    line = pen.line().gap(1).add(safe(title_of(snapshot), limit=30), pen.palette.accent)
    words = snapshot.activity if snapshot.state is JobState.PREPARING and snapshot.activity else state_words(snapshot)
    line.gap(2).add(words, state_style(pen, snapshot.state))
    right = [f"{span(snapshot.elapsed_s)} active"]
    if snapshot.simulated:
        right.insert(0, "simulated")
    if pen.width >= 120:
        right.insert(0, f"{', '.join(snapshot.models)} · {snapshot.provider}")
        right.append(f"{snapshot.counters.sessions} session" + ("s" if snapshot.counters.sessions != 1 else ""))
    if snapshot.owner is not None:
        right.append(snapshot.owner.host.split(".")[0][:12])
    right.append(clock(now))
    return line.end(" · ".join(right), pen.palette.muted).done()


def _bar(pen: Pen, snapshot: Snapshot) -> Text:
    counters = snapshot.counters
    width = max(10, pen.width - 9)
    total = max(1, counters.total)
    failed = min(width, -(-counters.failed * width // total))
    done = min(width - failed, counters.succeeded * width // total)
    line = pen.line().gap(1).add("━" * done, pen.palette.good).add("×" * failed, pen.palette.bad)
    line.add("─" * (width - done - failed), pen.palette.muted)
    return line.end(percent(counters.succeeded + counters.failed, counters.total, 1)).done()


def _sums(pen: Pen, snapshot: Snapshot) -> Text:
    counters, palette = snapshot.counters, pen.palette
    line = pen.line().cell(count(counters.succeeded), 8, right=True).add(" done")
    line.cell(count(counters.failed), 10, palette.bad if counters.failed else None, right=True).add(" failed")
    line.cell(count(snapshot.running), 10, right=True).add(" in flight")
    line.cell(count(snapshot.pending), 10, right=True).add(" pending")
    if pen.width < 120:
        return line.end(f"of {count(counters.total)}").done()
    line.gap(5).add(f"of {count(counters.total)}").gap(6)
    requests = f"requests {count(counters.requests)}"
    tokens_in, tokens_out = snapshot.tokens_per_s
    speeds = [
        f"{rate_words(snapshot.rate_per_s)} items/s",
        f"{count(round(tokens_in))} tokens/s in, {count(round(tokens_out))} out",
    ]
    for speed in speeds if snapshot.state is JobState.RUNNING else ():
        if line.text.cell_len + len(speed) + len(requests) + 6 < pen.width:
            line.add(speed).gap(4)
    return line.end(requests, palette.muted).done()


def _eta(pen: Pen, snapshot: Snapshot, now: float) -> Text:
    palette = pen.palette
    if snapshot.message and snapshot.state in RESTING:
        sentence, _, _ = snapshot.message.partition(". ")
        line = pen.line().gap(1).cell("Why", 7, palette.muted)
        return line.foreign(sentence.removesuffix("."), pen.width - 9, palette.warn).done()
    if snapshot.activity and snapshot.state in {JobState.RUNNING, JobState.PAUSING}:
        line = pen.line().gap(1).cell("Waits", 7, palette.muted)
        return line.foreign(snapshot.activity, pen.width - 9, palette.warn).done()
    line = pen.line().gap(1).cell("ETA", 7, palette.muted)
    if snapshot.state in {JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES}:
        began, ended = clock(snapshot.started_at), clock(snapshot.ended_at)
        return line.add(f"done, {began} to {ended}, {span(snapshot.elapsed_s)} active").done()
    eta = snapshot.eta
    if eta.low is None or eta.high is None:
        return line.add(eta.reason or "—", palette.muted).done()
    low, high = span(eta.low), span(eta.high)
    band = low if low == high else f"{low} to {high}"
    ends = f"{clock(now + eta.low)}–{clock(now + eta.high)}"
    at = clock(now + eta.high) if clock(now + eta.low) == clock(now + eta.high) else ends
    line.add(f"{band}, at {at}")
    rate = "" if pen.width >= 120 else f"   {rate_words(snapshot.rate_per_s)}/s"
    line.add(rate).gap(3).add(eta.reason, palette.muted)
    if pen.width >= 120 and snapshot.saved_at is not None:
        kept = count(snapshot.counters.succeeded)
        line.end(f"Saved: all {kept} answers, last {span(max(0.0, now - snapshot.saved_at))} ago", palette.good)
    return line.done()


def _cost(pen: Pen, snapshot: Snapshot) -> Text:
    palette, counters = pen.palette, snapshot.counters
    line = pen.line().gap(1).cell("Cost", 7, palette.muted)
    amounts = spent(snapshot)
    line.add(f"{amounts.total} spent")
    if snapshot.simulated:
        line.add(", simulated", palette.muted)
    parts = []
    if snapshot.projected.kind is not MoneyKind.UNKNOWN and counters.pending:
        band = snapshot.projected_band
        parts.append(f"{usd(snapshot.projected) if band is None else usd_band(*band)} at the end")
    if snapshot.budget_usd is not None:
        parts.append(f"{usd(Money(snapshot.budget_usd, MoneyKind.COMPUTED))} budget")
    if counters.wasted.unknown or counters.wasted.known_usd:
        parts.append(f"{amounts.wasted} wasted")
    for part in parts:
        if line.text.cell_len + 3 + len(part) < pen.width:
            line.gap(3).add(part)
    return line.done()


def _workers(pen: Pen, snapshot: Snapshot) -> Text:
    """Who works on it; where nobody does, the line above says what it waits for."""
    workers = snapshot.workers
    if not workers or snapshot.owner is None:
        return pen.blank()
    style = None if all(worker.alive for worker in workers) else pen.palette.warn
    line = pen.line().gap(1).cell("On", 7, pen.palette.muted)
    return line.add(line_of(workers, pen.width - 9), style).done()
