"""A job told in plain lines: pipes, CI, TERM=dumb, screen readers, and the summary after a run."""

import time
from collections.abc import Sequence

from holytui.core.display import count, dollars, fit, percent, safe, span, usd
from holytui.core.estimate import Estimate
from holytui.core.estimate_words import (
    cost_words,
    ratio_words,
    step_words,
    time_words,
    tokens_range,
    tokens_words,
    usd_range,
)
from holytui.core.failures import RULES, FailureKind
from holytui.core.pricing import MoneyKind
from holytui.core.progress import JobState, LogLine, Snapshot
from holytui.core.words import (
    by_count,
    clock,
    learned_words,
    repeats,
    state_cell,
    state_words,
    title_of,
    worth_retrying,
)
from holytui.core.worker_words import by_name, number_words, on_workers, sum_words
from holytui.store.catalog import JobEntry
from holytui.store.reader import FailureGroup

CLOCKS_SHOWN = 3
WORKERS_WIDTH = 69
"""Cells for workers by name, so that fifty of them take one line."""


def started_line(snapshot: Snapshot) -> str:
    label = " (simulated: no key, no network, no cost)" if snapshot.simulated else ""
    where = ", on workers" if on_workers(snapshot) else ""
    counters = snapshot.counters
    return (
        f"{safe(title_of(snapshot))}{label}: {count(counters.pending)} of {count(counters.total)} items to go, "
        f"{snapshot.ceiling} at once, {', '.join(snapshot.models)}{where}"
    )


def progress_line(snapshot: Snapshot) -> str:
    """One line of a run: how far, how fast, how long, how much."""
    counters = snapshot.counters
    done = counters.succeeded + counters.failed
    parts = [
        clock(snapshot.taken_at),
        state_words(snapshot),
        f"{percent(done, counters.total)} {count(counters.succeeded)} done",
        f"{count(counters.failed)} failed",
        f"{count(snapshot.running)} in flight",
        f"{count(snapshot.pending)} pending",
    ]
    if snapshot.state is JobState.RUNNING:
        parts.append(f"{snapshot.rate_per_s:.2f}/s")
        parts.append(f"ETA {eta_words(snapshot)}")
    parts.append(usd(counters.spend.money) + (" simulated" if snapshot.simulated else ""))
    if on_workers(snapshot) and snapshot.owner is not None:
        parts.append(number_words(snapshot.workers))
    if snapshot.activity:
        parts.append(safe(snapshot.activity))
    return "  ".join(parts)


def eta_words(snapshot: Snapshot) -> str:
    """The band and its reason."""
    eta = snapshot.eta
    if eta.low is None or eta.high is None:
        return eta.reason or "—"
    return f"{span(eta.low)} to {span(eta.high)}, {eta.reason}" if eta.reason else span(eta.high)


def status_lines(snapshot: Snapshot) -> list[str]:
    """The run screen's first lines, failures and last events."""
    counters = snapshot.counters
    done = counters.succeeded + counters.failed
    lines = [
        f"{safe(title_of(snapshot))}  {state_words(snapshot)}  {span(snapshot.elapsed_s)} active"
        + ("  simulated" if snapshot.simulated else ""),
        f"  {percent(done, counters.total)}  {count(counters.succeeded)} done   {count(counters.failed)} failed   "
        f"{count(snapshot.running)} in flight   {count(snapshot.pending)} pending   of {count(counters.total)}",
        f"  Cost  {_cost_words(snapshot)}",
    ]
    if snapshot.owner is not None:
        lines.insert(2, f"  ETA   {eta_words(snapshot)}   {snapshot.rate_per_s:.2f}/s")
        if snapshot.concurrency_why:
            lines.append(f"  {snapshot.concurrency} of {snapshot.ceiling} at once: {snapshot.concurrency_why}")
        lines += [f"  {learned_words(learned)}" for learned in snapshot.clocks[:CLOCKS_SHOWN]]
    if snapshot.activity:
        lines.append(f"  {safe(snapshot.activity)}")
    lines += _worker_lines(snapshot)
    if snapshot.message:
        lines.append(f"  {safe(snapshot.message)}")
    if snapshot.owner is not None:
        owner = snapshot.owner
        lines.append(f"  run by pid {owner.pid} on {owner.host} since {clock(owner.since)}")
    for kind, number in by_count(counters.failures):
        lines.append(f"  {number:>6,}  {kind:<20}  {RULES[FailureKind(kind)].advice}")
    lines += [f"  {line}" for line in log_lines(snapshot.last_events)]
    return lines


def _worker_lines(snapshot: Snapshot) -> list[str]:
    """Who works on it; of a job at rest, where it goes on."""
    if not on_workers(snapshot):
        return []
    if snapshot.owner is None:
        pending = snapshot.counters.pending
        return ["  Its items ran on workers, and would again; --executor local runs them here."] if pending else []
    lines = [f"  Workers  {sum_words(snapshot.workers)}"]
    return [*lines, f"           {by_name(snapshot.workers, WORKERS_WIDTH)}"] if snapshot.workers else lines


def summary(snapshot: Snapshot) -> list[str]:
    """The final summary, left in the scrollback."""
    counters = snapshot.counters
    sessions = f"{counters.sessions} session" + ("s" if counters.sessions != 1 else "")
    began, ended = clock(snapshot.started_at), clock(snapshot.ended_at or time.time())
    lines = [
        f"holytui  {safe(title_of(snapshot))}  {state_words(snapshot)}   "
        f"{began} to {ended}, {span(snapshot.elapsed_s)} active, {sessions}"
        + (", simulated" if snapshot.simulated else ""),
        f"  {count(counters.succeeded)} succeeded   {count(counters.failed)} failed   "
        f"{count(snapshot.pending)} pending   of {count(counters.total)}",
    ]
    if counters.failures:
        kinds = by_count(counters.failures)
        shown = [f"{number:,} {kind}" for kind, number in kinds[:4]]
        rest = sum(number for _, number in kinds[4:])
        lines.append("  failed  " + "   ".join([*shown, *([f"{rest:,} other"] if rest else [])]))
    lines.append(f"  cost    {_cost_words(snapshot)}")
    if snapshot.message:
        lines.append(f"  {safe(snapshot.message)}")
    lines += _next_lines(snapshot)
    return lines


def _cost_words(snapshot: Snapshot) -> str:
    counters = snapshot.counters
    money = counters.spend.money
    words = {
        MoneyKind.REPORTED: "reported by the provider",
        MoneyKind.COMPUTED: "computed from usage",
        MoneyKind.ESTIMATED: "partly estimated",
        MoneyKind.UNKNOWN: "unknown: not every request has a known price",
    }[money.kind]
    if not counters.requests:
        words = "nothing was asked yet"
    if snapshot.simulated:
        words += ", simulated: nothing was charged"
    wasted = usd(counters.wasted.money)
    budget = "" if snapshot.budget_usd is None else f"   budget {dollars(snapshot.budget_usd)}"
    return f"{usd(money)} {words} ({wasted} wasted){budget}"


def _next_lines(snapshot: Snapshot) -> list[str]:
    job = snapshot.job
    commands = []
    if snapshot.pending and snapshot.state is not JobState.RUNNING:
        commands.append((f"holytui resume {job}", f"{count(snapshot.pending)} to go"))
    if snapshot.counters.failed:
        worth = worth_retrying(snapshot)
        if worth:
            commands.append((f"holytui retry {job}", f"{count(worth)} worth retrying"))
        else:
            commands.append((f"holytui retry {job} --all", "these fail the same way again unless something changes"))
    if snapshot.counters.succeeded:
        commands.append((f"holytui export {job} --format csv -o {job}.csv", ""))
    width = max((len(command) for command, why in commands if why), default=0)
    return [
        f"  {'next' if not at else '    '}    {command:<{width}}   {why}".rstrip()
        for at, (command, why) in enumerate(commands)
    ]


def nothing_to_do(snapshot: Snapshot) -> str:
    """Why a session sends no request."""
    counters = snapshot.counters
    failed = f", {count(counters.failed)} failed are not retried by run" if counters.failed else ""
    return f"{safe(title_of(snapshot))}: nothing to do; {count(counters.succeeded)} succeeded{failed}."


def jobs_table(entries: Sequence[JobEntry]) -> list[str]:
    """The checkpoint folder, a line a job of 80 cells at most; what has not been counted is a dash."""
    lines = [f"{'JOB':<21}{'STATE':<22}{'DONE':>8}{'OF':>8}{'':>5}{'FAIL':>6}{'SPENT':>10}"]
    for entry in entries:
        snapshot, name = entry.snapshot, fit(entry.job_id, 20)
        if snapshot is None:
            lines.append(f"{name:<21}! {safe(entry.problem or '', limit=300)}")
            continue
        counters = snapshot.counters
        state = f"{name:<21}{fit(state_cell(snapshot, 21), 21):<22}"
        if not counters.total:
            lines.append(f"{state}{'-':>8}{'-':>8}{'':>5}{'-':>6}{'-':>10}")
            continue
        done = percent(counters.succeeded + counters.failed, counters.total)
        spent = "simulated" if snapshot.simulated else usd(counters.spend.money)
        lines.append(
            f"{state}{count(counters.succeeded):>8}{count(counters.total):>8}{done:>5}"
            f"{count(counters.failed):>6}{spent:>10}"
        )
    return lines


def log_lines(events: Sequence[LogLine]) -> list[str]:
    """The log as lines: time, text, how often and for how long."""
    lines = []
    for event in events:
        at = clock(event.last, seconds=True)
        lines.append(f"{at}  {safe(event.text, limit=300)}  {repeats(event)}".rstrip())
    return lines


def failure_lines(groups: Sequence[FailureGroup]) -> list[str]:
    """Failed items by kind, with what it means and what to do."""
    lines = []
    for group in groups:
        rule = RULES[FailureKind(group.kind)]
        lines.append(f"{group.count:>7,}  {group.kind:<20} {rule.meaning:<40} {rule.advice}")
    return lines


def estimate_lines(estimate: Estimate) -> list[str]:
    """What a job would do and cost."""
    empty = estimate.items - estimate.readable
    unreadable = f", {count(empty)} without a prompt" if empty else ""
    lines = [
        f"{safe(estimate.name)}",
        f"  Items     {count(estimate.items)}   {count(estimate.readable)} readable{unreadable}",
        f"  Requests  {count(estimate.requests)}   "
        + ", ".join(f"{step.step} {step.model}" for step in estimate.steps),
        f"  Tokens    {tokens_words(estimate)}",
        f"  Cost      {safe(cost_words(estimate))}",
        f"  Time      {time_words(estimate)}",
    ]
    if estimate.simulated and estimate.cost is not None:
        lines.insert(5, f"            at list prices it would be {usd_range(estimate.cost)}")
    lines += [
        f"    {step.step:<12} {safe(step.model):<22} {count(step.requests):>9} requests   "
        f"{tokens_range(step.input)} in, {tokens_range(step.output)} out   {step_words(step)}"
        for step in estimate.steps
    ]
    for item, problem in estimate.problems[:5]:
        lines.append(f"  ! {safe(item, limit=60)}: {safe(problem, limit=120)}")
    return lines + _other_model_lines(estimate)


def _other_model_lines(estimate: Estimate) -> list[str]:
    if not estimate.other_models:
        return []
    rows = [
        f"    {safe(other.model):<35} {usd_range(other.cost):<24} {ratio_words(estimate, other.cost):>6}".rstrip()
        for other in estimate.other_models
    ]
    return ["  The same job on one other model, if it took as many tokens", *rows]
