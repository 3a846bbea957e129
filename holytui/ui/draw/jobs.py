"""The jobs screen's rows, and the morning report under them."""

from rich.text import Text

from holytui.core.display import count, percent, usd
from holytui.core.progress import LIVE_STATES, Snapshot
from holytui.core.words import clock, state_words, worth_retrying
from holytui.runs.desk import Sample
from holytui.store.catalog import JobEntry
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.words import NEEDS_A_PERSON, failed_words, spent, state_style, when

NAME_MIN, STATE, FIXED = 14, 20, 64


def in_order(entries: list[JobEntry]) -> list[JobEntry]:
    """What needs a person first, then what runs, then by time, newest first."""

    def place(entry: JobEntry) -> tuple[int, float, str]:
        snapshot = entry.snapshot
        group = 0 if snapshot is None or snapshot.state in NEEDS_A_PERSON else 1 if snapshot.state in LIVE_STATES else 2
        at = 0.0 if snapshot is None else snapshot.ended_at or snapshot.started_at or 0.0
        return group, -at, entry.job_id

    return sorted(entries, key=place)


def _name_width(pen: Pen) -> int:
    return max(NAME_MIN, min(40, pen.width - FIXED))


def header(pen: Pen) -> Text:
    line, style = pen.line().gap(2), pen.palette.muted
    line.cell("JOB", _name_width(pen), style).gap(1).cell("STATE", STATE, style)
    line.cell("DONE", 7, style, right=True).cell("OF", 8, style, right=True).cell("", 5)
    line.cell("FAIL", 6, style, right=True).cell("SPENT", 10, style, right=True)
    line.gap(1).cell("WHEN", 5, style)
    line.text.truncate(pen.width + 2)
    return line.text


def row(pen: Pen, entry: JobEntry, now: float) -> Text:
    """One saved job."""
    line = pen.line().foreign(entry.job_id, _name_width(pen)).gap(1)
    snapshot = entry.snapshot
    if snapshot is None:
        why = (entry.problem or "").removeprefix(f"{entry.folder}: ")
        return line.add("! ", pen.palette.bad).foreign(why, pen.width - _name_width(pen) - 6).done()
    counters = snapshot.counters
    line.cell(state_words(snapshot), STATE, state_style(pen, snapshot.state))
    line.cell(count(counters.succeeded), 7, right=True).cell(count(counters.total), 8, right=True)
    line.cell(percent(counters.succeeded + counters.failed, counters.total), 5, right=True)
    failed = count(counters.failed) if counters.failed else "-"
    line.cell(failed, 6, pen.palette.bad if counters.failed else pen.palette.muted, right=True)
    line.cell(spent(snapshot), 10, pen.palette.muted if snapshot.simulated else None, right=True)
    return line.gap(1).cell(when(snapshot, now), 5, pen.palette.muted).done()


def samples_header(pen: Pen) -> Text:
    line = pen.line().gap(2).cell("SAMPLES", 23, pen.palette.muted)
    return line.add("simulated: no key, no network, no cost", pen.palette.muted).done()


def sample_row(pen: Pen, sample: Sample) -> Text:
    """One job file that comes along."""
    line = pen.line().cell(sample.name, 23)
    return line.foreign(sample.description, pen.width - 26, pen.palette.muted).done()


def report(pen: Pen, entry: JobEntry) -> list[Text]:
    """The morning report: what, why, what now, what else, in sentences."""
    snapshot = entry.snapshot
    if snapshot is None:
        lines = [pen.plain(f" {entry.job_id}", pen.palette.accent)]
        return lines + _wrapped(pen, entry.problem or "")
    lines = [_what(pen, snapshot)]
    if snapshot.message and snapshot.state not in LIVE_STATES:
        lines += _wrapped(pen, snapshot.message)
    elif snapshot.state in LIVE_STATES and snapshot.owner is not None:
        owner = snapshot.owner
        lines += _wrapped(pen, f"Running since {clock(owner.since)} (pid {owner.pid} on {owner.host}).")
    lines += _wrapped(pen, _money(snapshot))
    failed = failed_words(snapshot)
    if failed:
        worth = worth_retrying(snapshot)
        lines += _wrapped(
            pen,
            failed
            + (f" R retries the {count(worth)} worth it." if worth else " Another model: holytui retry --all --model."),
        )
    return lines


def sample_report(pen: Pen, sample: Sample) -> list[Text]:
    """What opening a sample does."""
    cost = "It runs against the simulator: nothing leaves this machine." if sample.simulated else "It costs real money."
    lines = [pen.plain(f" {sample.name}", pen.palette.accent)]
    return [*lines, *_wrapped(pen, f"{sample.description}."), *_wrapped(pen, f"{cost} enter shows what it would do.")]


def _what(pen: Pen, snapshot: Snapshot) -> Text:
    parts = [*snapshot.models[:2], snapshot.provider]
    began, ended = clock(snapshot.started_at), clock(snapshot.ended_at)
    parts.append(f"{began} to {ended}" if ended else f"since {began}")
    line = pen.line().gap(1).foreign(snapshot.name, min(30, len(snapshot.name)), pen.palette.accent)
    return line.add(" · " + " · ".join(parts), pen.palette.muted).done()


def _money(snapshot: Snapshot) -> str:
    pending, money = snapshot.counters.pending, usd(snapshot.counters.spend.money)
    label = " at list prices, simulated: not charged" if snapshot.simulated else ""
    budget = "" if snapshot.budget_usd is None else f" of the ${snapshot.budget_usd:.2f} budget"
    words = f"Spent {money}{budget}{label}."
    if pending and not snapshot.message and snapshot.state not in LIVE_STATES:
        words += f" p resumes the {count(pending)} pending."
    return words


def _wrapped(pen: Pen, sentence: str) -> list[Text]:
    return pen.paragraph(sentence)[:3]
