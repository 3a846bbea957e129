"""The numbers beside the work: money that adds up, throughput with what held it up, latency with its clock, workers."""

from rich.text import Text

from holytui.core.display import cell_width, count, fit, safe, usd, usd_band
from holytui.core.learning import Latency, tier_words
from holytui.core.pricing import Money, MoneyKind
from holytui.core.progress import Snapshot
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.spent import spent
from holytui.ui.draw.workers import workers

NAME, AMOUNT, GAP = 19, 11, 3
NARROW, LESS = 56, 2
"""Cells below which the three are narrower by so many each: the notes behind them need the room."""

MODELS = 3
BARS = " ▁▂▃▄▅▆▇█"
MARK = 6
"""Cells that a cause takes under the throughput, with a blank."""


def figures(pen: Pen, snapshot: Snapshot, room: int) -> list[Text]:
    """As many blocks as there is room for, a blank line between; what is dearest to know stays longest."""
    blocks = {
        "money": money(pen, snapshot),
        "models": other_models(pen, snapshot),
        "throughput": throughput(pen, snapshot),
        "latency": latency(pen, snapshot.latency),
        "workers": workers(pen, snapshot),
    }
    kept: set[str] = set()
    left = room
    for name in ("money", "workers", "throughput", "latency", "models"):
        if blocks[name] and len(blocks[name]) + bool(kept) <= left:
            left -= len(blocks[name]) + bool(kept)
            kept.add(name)
    lines: list[Text] = []
    for name, block in blocks.items():
        if name in kept:
            lines += [*([pen.blank()] if lines else []), *block]
    return lines


def money(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """Spent, by step and wasted; where it will end, and what bounds it."""
    counters = snapshot.counters
    note = "simulated: not charged" if snapshot.simulated else "list prices or yours, from usage"
    lines = [pen.line().gap(1).add("MONEY  ", pen.palette.muted).add(note, pen.palette.muted).done()]
    amounts = spent(snapshot)
    budget, known = snapshot.budget_usd, counters.spend.money.usd
    of = "of the budget" if pen.width >= NARROW else "of budget"
    share = f"{int(known / budget * 100)}% {of}" if budget and known is not None else ""
    lines.append(_amount(pen, "spent", amounts.total, share))
    lines += [_amount(pen, f"  {name}", amount, model) for name, model, amount in amounts.steps]
    what = "retries, cut streams" if pen.width >= NARROW else "retries, cuts"
    lines.append(_amount(pen, "  wasted", amounts.wasted, what))
    if counters.pending:
        band = "" if snapshot.projected_band is None else usd_band(*snapshot.projected_band)
        lines.append(_amount(pen, "at the end", usd(snapshot.projected), band))
    if budget is not None:
        lines.append(_amount(pen, "budget", usd(Money(budget, MoneyKind.COMPUTED)), "b changes it"))
    done = counters.succeeded + counters.failed
    if done and known:
        lines.append(_amount(pen, "an item", usd(Money(known / done, MoneyKind.COMPUTED)), ""))
    return lines


def _amount(pen: Pen, name: str, amount: str, note: str) -> Text:
    less = LESS if pen.width < NARROW else 0
    line = pen.line().gap(1).foreign(name, NAME - less).cell(amount, AMOUNT - less, right=True).gap(GAP - less)
    return line.foreign(note, max(0, pen.width - line.text.cell_len - 1), pen.palette.muted).done()


def other_models(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """The whole job on one other model each, cheapest first."""
    if not snapshot.other_models:
        return []
    lines = [pen.plain(" SAME JOB ON ONE OTHER MODEL", pen.palette.muted)]
    here = snapshot.projected.usd
    for other in snapshot.other_models[:MODELS]:
        cost = usd(Money(other.usd, MoneyKind.COMPUTED))
        lines.append(_amount(pen, other.model, cost, _compared(other.usd, here)))
    return lines


def _compared(there: float, here: float | None) -> str:
    if not here:
        return ""
    ratio = there / here
    return f"x{ratio:.1f}" if ratio >= 2 else f"{(ratio - 1) * 100:+.0f}%"


def throughput(pen: Pen, snapshot: Snapshot) -> list[Text]:
    """Items a minute as bars, the causes of dips under them; nothing while no session runs."""
    minutes = snapshot.throughput
    if not minutes:
        return []
    muted = pen.palette.muted
    peak = max(minutes)
    # The first minute is not over: what has come in it is no peak, and less than it will come to.
    label = f"{count(round(peak))} " if len(minutes) > 1 else ""
    room = pen.width - 2 - len(label)
    minutes, causes = minutes[-room:], (*[""] * (len(minutes) - len(snapshot.slowed)), *snapshot.slowed)[-room:]
    bars = "".join(BARS[1 + round(value / peak * 7)] if peak and value else BARS[1] for value in minutes)
    title = f" THROUGHPUT  items a minute, last {len(minutes)} min"
    drawn = pen.line().gap(1).add(label, muted).add(bars[:-1], pen.palette.good).add(bars[-1:], muted).done()
    now = f"now {count(round(snapshot.rate_per_s * 60))}"
    if label:
        now += f"   peak {count(round(peak))}"
    return [
        pen.plain(title, muted),
        drawn,
        pen.line().gap(1 + len(label)).add(_causes(causes), pen.palette.warn).done(),
        pen.plain(f" {now}", muted),
    ]


def _causes(causes: tuple[str, ...]) -> str:
    """Each cause under the minute that it began in, as far as they do not run into each other."""
    line = ""
    before = ""
    for place, cause in enumerate(causes):
        if cause and cause != before and len(line) <= place:
            line = line.ljust(place) + fit(cause, MARK - 1) + " "
        before = cause
    return line.rstrip()


def latency(pen: Pen, known: Latency | None) -> list[Text]:
    """How long attempts took, the learned clock as the last edge."""
    if known is None:
        return []
    muted, clock = pen.palette.muted, known.clock
    about = f"{safe(clock.step)}, {safe(clock.model)}, {tier_words(clock.tier)}"
    lines = [pen.line().gap(1).add("LATENCY  ", muted).foreign(about, pen.width - 11, muted).done()]
    most = max(1, *known.counts)
    room = max(4, pen.width - 10 - 3 - 8)
    for words, number in zip(_bins(known.edges), known.counts, strict=True):
        bar = "━" * -(-number * room // most)
        line = pen.line().cell(words, 10, muted, right=True).gap(2).add(bar + " " * (room - cell_width(bar)))
        lines.append(line.cell(count(number), 8, right=True).done())
    if clock.seconds is not None:
        words = _learned(pen.width - 13, clock.observed, sum(known.counts))
        edge = pen.line().cell(f"{clock.seconds:.0f} s", 10, right=True).gap(2)
        lines.append(edge.foreign(words, pen.width - 13, muted).done())
    return lines


def _learned(room: int, observed: int, drawn: int) -> str:
    """What the clock knows; where the bars show fewer answers, which."""
    ways = [f"attempt clock, learned from {count(observed)} answers", f"clock, from {count(observed)} answers"]
    if drawn < observed:
        newest = f"bars: the newest {count(drawn)}"
        ways = [f"{ways[0]}; {newest}", f"clock, from {count(observed)}; {newest}", newest]
    return next((words for words in ways if cell_width(words) <= room), ways[-1])


def _bins(edges: tuple[float, ...]) -> list[str]:
    starts = (0.0, *edges[:-1])
    return [*(f"{low:g}–{high:g} s" for low, high in zip(starts, edges, strict=True)), f"{edges[-1]:g}+ s"]
