"""The morning report under the list of jobs: what, why, what now, what else, in sentences."""

from rich.text import Text

from holytui.core.display import cell_width, count, dollars, safe, span, usd, usd_band, wrap
from holytui.core.progress import LIVE_STATES, JobState, Snapshot
from holytui.core.words import by_count, clock, title_of, worth_retrying
from holytui.core.worker_words import number_words
from holytui.runs.desk import Sample
from holytui.store.catalog import JobEntry
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.words import advice, expected_cost, when

PRICED = ("about", "less than")
"""How an expected cost begins that says an amount."""

KINDS = 3
LINES = 4
"""Lines a report has at most, its title among them."""


def report(pen: Pen, entry: JobEntry, now: float) -> list[Text]:
    """What there is to know of a job in the morning."""
    snapshot = entry.snapshot
    if snapshot is None:
        lines = [pen.line().gap(1).foreign(entry.job_id, pen.width - 2, pen.palette.accent).done()]
        return lines + _fitted(pen, [[entry.problem or ""], ["d moves it to the trash as it is."]])
    width = max(20, pen.width - 2)
    return [_what(pen, snapshot), *_fitted(pen, [_why(snapshot, now), _now(snapshot), _else(snapshot, width)])]


def sample_report(pen: Pen, sample: Sample) -> list[Text]:
    """What opening a sample does."""
    cost = "It runs against the simulator: nothing leaves this machine." if sample.simulated else "It costs real money."
    lines = [pen.plain(f" {sample.name}", pen.palette.accent)]
    return lines + _fitted(pen, [[f"{sample.description}."], [f"{cost} enter shows what it would do."]])


def _what(pen: Pen, snapshot: Snapshot) -> Text:
    """Name, models, where and when: as much of it as there is room for, what matters least goes first."""
    owner, title = snapshot.owner, title_of(snapshot)
    host = snapshot.host if owner is None else owner.host
    where = f"{owner.user}@{host}" if owner is not None and owner.user else host
    more = f" +{len(snapshot.models) - 1}" if len(snapshot.models) > 1 else ""
    model = f"{snapshot.models[0]}{more}" if snapshot.models else ""
    times = _times(snapshot)
    for parts in (
        (", ".join(snapshot.models), snapshot.provider, where, times),
        (", ".join(snapshot.models), where, times),
        (model, where, times),
        (model, times),
        (times,),
    ):
        words = safe("".join(f" · {part}" for part in parts if part))
        if cell_width(words) + min(30, cell_width(safe(title))) + 2 <= pen.width:
            break
    line = pen.line().gap(1).foreign(title, min(30, cell_width(safe(title))), pen.palette.accent)
    return line.add(words, pen.palette.muted).done()


def _times(snapshot: Snapshot) -> str:
    began, ended = clock(snapshot.started_at), clock(snapshot.ended_at)
    if not snapshot.counters.sessions and snapshot.owner is None:
        return f"made {began}"
    active = f", {span(snapshot.elapsed_s)} active"
    return f"{began} to {ended}{active}" if ended and snapshot.owner is None else f"since {began}{active}"


def _why(snapshot: Snapshot, now: float) -> list[str]:
    counters = snapshot.counters
    if snapshot.state in LIVE_STATES:
        return _going_on(snapshot)
    if snapshot.state is JobState.READY and not snapshot.message:
        new = not counters.total
        return ["Not run yet: enter shows what it would do and cost." if new else "Ready to run."]
    if snapshot.state in {JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES}:
        day, at = when(snapshot, now), clock(snapshot.ended_at)
        at = "" if not at else f" at {at}" if day == at else f" {day}, {at}"
        return [f"Done{at}: {count(counters.succeeded)} of {count(counters.total)} answered."]
    why, _ = _split(snapshot.message)
    return [why[0].upper() + why[1:]] if why else []


def _going_on(snapshot: Snapshot) -> list[str]:
    owner, eta = snapshot.owner, snapshot.eta
    pid = f" (pid {owner.pid})" if owner is not None else ""
    flying = f"{count(snapshot.running)} in flight, {count(snapshot.pending)} pending"
    workers = f" on {number_words(snapshot.workers)}" if snapshot.workers else ""
    words = [f"{snapshot.state.value.capitalize()}{pid}{workers}: {flying}."]
    if snapshot.activity:
        return [*words, f"{snapshot.activity[0].upper()}{snapshot.activity[1:]}."]
    if eta.low is not None and eta.high is not None:
        low, high = span(eta.low), span(eta.high)
        words.append(f"Done in {low}." if low == high else f"Done in {low} to {high}.")
    return words


def _now(snapshot: Snapshot) -> list[str]:
    """The way out with its price, and what was spent."""
    words = []
    _, way_out = _split(snapshot.message)
    pending, rests = snapshot.counters.pending, snapshot.state not in LIVE_STATES
    if rests and pending:
        words.append(_priced(way_out or f"p resumes the {count(pending)} pending", snapshot))
    elif snapshot.counters.succeeded and rests:
        words.append("w exports the answers.")
    return [*words, *_spent(snapshot)]


def _split(message: str) -> tuple[str, str]:
    """What happened, and the way out that a message ends with; without its full stop."""
    sentences, _, last = message.removesuffix(".").rpartition(". ")
    way_out = last.startswith(("p ", "Top up", "Mend ", "Raise ")) and bool(sentences)
    return (f"{sentences}.", last) if way_out else (message, "")


def _priced(way_out: str, snapshot: Snapshot) -> str:
    """The way out with what it takes, where that is known."""
    cost = expected_cost(snapshot, snapshot.counters.pending)
    if not cost.startswith(PRICED):
        return f"{way_out}."
    match way_out:
        case "Top up, then p":
            return f"Top up {cost}, then p resumes."
        case "p resumes it":
            return f"p resumes it for {cost}."
    return f"{way_out} resumes for {cost}." if way_out.endswith("then p") else f"{way_out}, {cost}."


def _spent(snapshot: Snapshot) -> list[str]:
    counters = snapshot.counters
    if not counters.requests and not counters.sessions:
        return []
    if snapshot.simulated:
        return ["Simulated: nothing was charged."]
    budget = "" if snapshot.budget_usd is None else f" of the {dollars(snapshot.budget_usd)} budget"
    band = snapshot.projected_band
    end = f", {usd_band(*band)} at the end" if band is not None and snapshot.state in LIVE_STATES else ""
    money = "an unknown sum" if counters.spend.money.usd is None else usd(counters.spend.money)
    return [f"Spent {money}{budget}{end}."]


def _else(snapshot: Snapshot, width: int) -> list[str]:
    """What failed, and what may come of it; as many kinds as one line has room for."""
    failures = by_count(snapshot.counters.failures)
    if not failures:
        return []
    way_out = _remedy(snapshot, failures[0][0])
    told = [[_failed(failures, kinds), way_out] for kinds in range(min(KINDS, len(failures)), 0, -1)]
    return next((words for words in told if cell_width(" ".join(words)) <= width), told[-1])


def _failed(failures: list[tuple[str, int]], kinds: int) -> str:
    """How many failed, and of which kinds, so many of them by name."""
    number = sum(number for _, number in failures)
    if len(failures) == 1:
        return f"{count(number)} failed: {failures[0][0]}."
    words = [f"{count(number)} {kind}" for kind, number in failures[:kinds]]
    rest = sum(number for _, number in failures[kinds:])
    return f"{count(number)} failed: {', '.join([*words, f'{count(rest)} other'] if rest else words)}."


def _remedy(snapshot: Snapshot, most: str) -> str:
    worth = worth_retrying(snapshot)
    if not worth:
        return f"What helps: {advice(most)}."
    cost = expected_cost(snapshot, worth)
    price = f", {cost}" if cost.startswith(PRICED) else ""
    what = f"the {count(worth)}" if worth < snapshot.counters.failed else "them" if worth > 1 else "it"
    return f"r retries {what}{price}."


def _fitted(pen: Pen, blocks: list[list[str]]) -> list[Text]:
    """Sentences in at most three lines: each block on lines of its own where there is room, else they flow.

    Where even that is too long it is the first that is cut: what happened can be read elsewhere, what to do cannot.
    """
    width, most = max(20, pen.width - 2), LINES - 1
    written = [safe(" ".join(block)) for block in blocks if block]
    for grouped in _groupings(written):
        lines = [line for words in grouped for line in wrap(words, width)]
        if len(lines) <= most:
            break
    else:
        rest = _cut(wrap(" ".join(written[1:]), width), most - 1, width) if written[1:] else []
        lines = [*_cut(wrap(written[0], width), most - len(rest), width), *rest]
    return [pen.line().gap(1).foreign(pen.glyphs(line), width).done() for line in lines]


def _cut(lines: list[str], most: int, width: int) -> list[str]:
    """So many lines at most; where some are left off, the last ends between words."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    return [*lines[: most - 1], f"{last if cell_width(last) + 2 <= width else last.rpartition(' ')[0]} …"]


def _groupings(blocks: list[str]) -> list[list[str]]:
    """The ways to let blocks flow into one another, the one that keeps them apart first."""
    if len(blocks) < 3:
        return [blocks, [" ".join(blocks)]]
    first, second, third = blocks
    return [blocks, [f"{first} {second}", third], [first, f"{second} {third}"], [" ".join(blocks)]]
