"""The item screen: verdict, remedy, evidence."""

from rich.text import Text

from holytui.core.display import count, safe_block, usd, wrap
from holytui.core.words import clock
from holytui.core.work import ItemState
from holytui.store.rows import AttemptRow, ItemDetail
from holytui.ui.draw.pen import ITEM_GLYPHS, Line, Pen
from holytui.ui.draw.words import advice, meaning

TABS = ("prompt", "answer", "raw", "requests")
AXIS = 26
WIDE = 96
"""From here on there is room for when a try began, when its last word came, and the clock that fired."""

SHOWN_CHARS = 400_000
"""Of a text on the screen; an export has all of it."""


def head(pen: Pen, job: str, detail: ItemDetail, total: int, failed: tuple[int, int] | None) -> list[Text]:
    """Where we are, the verdict, the remedy."""
    row, palette = detail.row, pen.palette
    place = f"item {count(row.index + 1)} of {count(total)}"
    if failed is not None:
        place += f" · failure {failed[0]} of {failed[1]}"
    line = pen.line().gap(1).foreign(job, min(24, len(job)), palette.muted).add(" / ", palette.muted)
    line.foreign(row.item_id, max(8, pen.width - line.text.cell_len - len(place) - 3), palette.accent, left=True)
    lines = [line.end(place, palette.muted).done(), _verdict(pen, detail)]
    if row.kind is not None:
        lines.append(pen.plain(f" {advice(row.kind)}", palette.muted))
        lines.append(pen.line().gap(1).foreign(row.message, pen.width - 2, palette.muted).done())
    return [*lines, pen.blank()]


def _verdict(pen: Pen, detail: ItemDetail) -> Text:
    row, palette = detail.row, pen.palette
    style = {ItemState.SUCCEEDED: palette.good, ItemState.FAILED: palette.bad}.get(row.state, palette.plain)
    line = pen.line().gap(1).add(f"{ITEM_GLYPHS[row.state]} {row.state.value}", style)
    if row.kind is not None:
        line.gap(2).add(row.kind, style).gap(2).add(meaning(row.kind))
    tries = f"{row.attempts} attempt" + ("s" if row.attempts != 1 else "")
    rounds = f", round {row.round}" if row.round > 1 else ""
    return line.end(f"{tries}{rounds} · {usd(row.cost)}", palette.muted).done()


def attempts(pen: Pen, detail: ItemDetail) -> list[Text]:
    """All attempts, by step, on one time axis."""
    if not detail.attempts:
        return [pen.plain(" No request was sent.", pen.palette.muted), pen.blank()]
    longest = max(0.1, *(attempt.ended_s for attempt in detail.attempts))
    rows = [_attempt(pen, attempt, longest) for attempt in detail.attempts]
    return [_attempts_header(pen), *rows, pen.blank()]


def _attempts_header(pen: Pen) -> Text:
    muted = pen.palette.muted
    line = pen.line().gap(1).cell("STEP", 9, muted).cell("TRY", 4, muted, right=True)
    if pen.width >= WIDE:
        line.gap(1).cell("START", 9, muted)
    line.cell("FIRST", 7, muted, right=True)
    if pen.width >= WIDE:
        line.cell("LAST", 7, muted, right=True)
    line.cell("END s", 7, muted, right=True)
    return line.gap(1).cell("╌ wait ━ content · silence", AXIS, muted).gap(1).add("ENDED BY", muted).done()


def _attempt(pen: Pen, attempt: AttemptRow, longest: float) -> Text:
    palette = pen.palette
    line = pen.line().gap(1).foreign(attempt.step, 9, palette.muted)
    line.cell(str(attempt.number) if attempt.counted else "·", 4, right=True)
    if pen.width >= WIDE:
        line.gap(1).cell(clock(attempt.started_at, seconds=True), 9)
    last = (attempt.last_s,) if pen.width >= WIDE else ()
    for seconds in (attempt.first_s, *last, attempt.ended_s):
        line.cell("-" if seconds is None else f"{seconds:.1f}", 7, right=True)
    _axis(line.gap(1), pen, attempt, longest)
    if attempt.kind is None:
        words, style = ("answered" if attempt.counted else attempt.message), palette.good
    else:
        limit = "" if attempt.clock_s is None or pen.width < WIDE else f" {attempt.clock_s:g} s"
        words, style = f"{attempt.kind.value.removeprefix('timeout.')}{limit}", palette.bad
    line.gap(1).foreign(words, max(8, pen.width - line.text.cell_len - 10), style)
    return line.end(usd(attempt.cost), palette.muted).done()


def _axis(line: Line, pen: Pen, attempt: AttemptRow, longest: float) -> None:
    cells = AXIS - 1

    def at(seconds: float | None) -> int:
        return 0 if seconds is None else min(cells, round(seconds / longest * cells))

    end = max(1, at(attempt.ended_s))
    first = min(end, at(attempt.first_s)) if attempt.first_s is not None else end
    last = min(end, max(first, at(attempt.last_s)))
    line.add("╌" * first, pen.palette.muted).add("━" * (last - first), pen.palette.good)
    line.add("·" * (end - last), pen.palette.warn)
    line.add("✓" if attempt.kind is None and attempt.counted else "✗", pen.palette.plain).gap(cells - end)


def text_of(detail: ItemDetail, tab: str) -> tuple[str, str]:
    """The text a tab shows, and a note about it."""
    if tab == "prompt":
        problem = detail.record.problem
        return (detail.record.text, "the item's text") if problem is None else (problem, "why it cannot be read")
    if tab == "raw":
        bodies = [f"{a.step} try {a.number}: {a.message}\n{a.text}" for a in detail.attempts if a.message or a.text]
        return "\n\n".join(bodies), "what came back, by attempt"
    if tab == "requests":
        return "\n\n".join(map(_request, detail.attempts)), "every request, as it was recorded"
    return _answers(detail)


def _request(attempt: AttemptRow) -> str:
    """One request in full: who was asked, who answered, when each thing came, what it took and cost."""
    usage = attempt.usage
    number = f"try {attempt.number}" if attempt.counted else "not counted"
    times = [("connected", attempt.connected_s), ("first word", attempt.first_s), ("last word", attempt.last_s)]
    came = [f"{name} {seconds:.2f} s" for name, seconds in times if seconds is not None]
    facts = [
        ("model", f"{attempt.asked or '?'}, answered by {attempt.model or 'nobody'}"),
        ("request id", attempt.request_id or "none given"),
        ("times", ", ".join([clock(attempt.started_at, seconds=True), *came, f"ended {attempt.ended_s:.2f} s"])),
        ("clock", f"{attempt.clock_s:g} s ran out" if attempt.clock_s is not None else ""),
        ("status", "" if attempt.http_status is None else str(attempt.http_status)),
        (
            "tokens",
            f"{count(usage.input)} in ({count(usage.cached)} cached), {count(usage.output)} out "
            f"({count(usage.reasoning)} reasoning), {'reported' if usage.exact else 'estimated'}",
        ),
        ("cost", f"{usd(attempt.cost)} {attempt.cost.kind.value}{', wasted' if attempt.wasted else ''}"),
        ("ended by", attempt.message or "an answer"),
    ]
    lines = [f"  {name:<11}{fact}" for name, fact in facts if fact]
    return "\n".join([f"{attempt.step}, round {attempt.round}, {number}", *lines])


def _answers(detail: ItemDetail) -> tuple[str, str]:
    """What the steps answered; of a step that failed what came before it did, said to be partial."""
    answered = [(result.step, result.text) for result in detail.results.values() if result.kind is None]
    failed = (detail.row.state is ItemState.FAILED and detail.row.step) or ""
    if not failed:
        if len(answered) == 1:
            return answered[0][1] or "", answered[0][0]
        return "\n\n".join(f"{step}:\n{text}" for step, text in answered), "" if answered else "no answer yet"
    partial = next((a for a in reversed(detail.attempts) if a.step == failed and a.text), None)
    parts = [f"{step}:\n{text}" for step, text in answered]
    if partial is None:
        return "\n\n".join([*parts, f"{failed}: no answer"]), f"{failed} brought no answer"
    note = f"{failed}: partial, try {partial.number}"
    if not parts:
        return partial.text, note
    return "\n\n".join([*parts, f"{failed} (partial, try {partial.number}):\n{partial.text}"]), note


def body(pen: Pen, detail: ItemDetail, tab: str) -> list[Text]:
    """The tab's text, wrapped between words; foreign, so made safe line by line."""
    text, _ = text_of(detail, tab)
    width = max(20, pen.width - 2)
    lines = [
        pen.line().gap(1).foreign(part, width).done()
        for block in safe_block(text[:SHOWN_CHARS])
        for part in wrap(block, width)
    ]
    if len(text) > SHOWN_CHARS:
        lines.append(
            pen.plain(f" … {count(len(text) - SHOWN_CHARS)} more characters: export shows all", pen.palette.muted)
        )
    return lines or [pen.plain(" nothing", pen.palette.muted)]
