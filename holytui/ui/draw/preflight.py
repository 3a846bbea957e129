"""Preflight: what a job would do and cost, before enter runs it."""

from rich.text import Text

from holytui.core.display import count, safe, safe_block, span, usd, wrap
from holytui.core.estimate import Estimate
from holytui.core.pricing import Money, MoneyKind
from holytui.runs.desk import Preview
from holytui.ui.draw.pen import Pen


def sheet(pen: Pen, preview: Preview) -> list[Text]:
    """The facts, a line each."""
    estimate, muted = preview.estimate, pen.palette.muted
    title = pen.line().gap(1).foreign(preview.name, min(30, len(preview.name)), pen.palette.accent)
    kind = "saved job, from" if preview.existing else "new job from"
    title.gap(3).add(f"{kind} ", muted).foreign(preview.source, pen.width - title.text.cell_len - 2, muted, left=True)
    lines = [title.done(), pen.blank()]
    unreadable = estimate.items - estimate.readable
    items = f"{count(estimate.readable)} readable"
    items += f", {count(unreadable)} without usable text" if unreadable else ""
    items += f"; {count(estimate.items - estimate.pending)} have their result" if preview.existing else ""
    _fact(lines, pen, "Items", count(estimate.items), items)
    models = ", ".join(f"{step.step} {step.model}" for step in estimate.steps)
    _fact(lines, pen, "Requests", count(estimate.requests), models)
    tokens_in = sum(step.input_tokens for step in estimate.steps)
    tokens_out = sum(step.output_tokens for step in estimate.steps)
    _wide(lines, pen, "Tokens", f"{_short(tokens_in)} in, {_short(tokens_out)} out, estimated")
    _wide(lines, pen, "Cost", _cost(estimate))
    if estimate.simulated and estimate.low_usd is not None:
        _wide(lines, pen, "", f"at list prices it would be {_range(estimate)}", muted=True)
    if estimate.budget_usd is not None:
        _wide(lines, pen, "Budget", f"${estimate.budget_usd:.2f}, never exceeded")
    time = f"{span(estimate.low_s)} to {span(estimate.high_s)} at {estimate.concurrency} in flight"
    _wide(lines, pen, "Time", f"{time}, a guess until it runs")
    _wide(lines, pen, "Key", preview.key_note, bad=not preview.key_ok)
    _wide(lines, pen, "Saved in", str(preview.saved_in))
    for sentence in (*preview.blockers, *((preview.drift_note,) if preview.drift_note else ())):
        lines += [pen.blank(), *pen.paragraph(sentence, pen.palette.bad)]
    problems = [f"{item}: {problem}" for item, problem in estimate.problems[:3]]
    return lines + [pen.line().gap(12).foreign(words, pen.width - 14, pen.palette.warn).done() for words in problems]


def prompts(pen: Pen, estimate: Estimate) -> list[Text]:
    """The first rendered prompts; foreign text."""
    lines: list[Text] = []
    for item, step, text in estimate.prompts:
        title = pen.line().gap(1).foreign(f"{item} · {step}", pen.width - 2, pen.palette.accent)
        lines.append(title.done())
        blocks = safe_block(text[:4_000])[:40]
        lines += [pen.line().gap(1).foreign(block, pen.width - 2).done() for block in blocks]
        lines.append(pen.blank())
    return lines or [pen.plain(" No prompt could be made: see the problems above.", pen.palette.muted)]


def _fact(lines: list[Text], pen: Pen, name: str, number: str, words: str) -> None:
    line = pen.line().gap(1).cell(name, 11, pen.palette.muted).cell(number, 9)
    lines.append(line.gap(1).foreign(words, pen.width - 23).done())


def _wide(lines: list[Text], pen: Pen, name: str, words: str, *, bad: bool = False, muted: bool = False) -> None:
    style = pen.palette.bad if bad else pen.palette.muted if muted else None
    for at, part in enumerate(wrap(safe(words), max(20, pen.width - 13))):
        line = pen.line().gap(1).cell("" if at else name, 11, pen.palette.muted)
        lines.append(line.foreign(part, pen.width - 13, style).done())


def _cost(estimate: Estimate) -> str:
    if estimate.simulated:
        return "none: simulated, nothing leaves this machine"
    if estimate.low_usd is None:
        models = ", ".join(step.model for step in estimate.steps if step.low_usd is None)
        return f"unknown: no price for {models}"
    sources = {step.price.source for step in estimate.steps if step.price is not None}
    return f"{_range(estimate)}, {', '.join(sorted(sources))}"


def _range(estimate: Estimate) -> str:
    low, high = estimate.low_usd or 0.0, estimate.high_usd or 0.0
    return f"{usd(Money(low, MoneyKind.COMPUTED))} to {usd(Money(high, MoneyKind.COMPUTED))}"


def _short(tokens: int) -> str:
    """1,234 or 2.1 M."""
    return f"{tokens / 1e6:.1f} M" if tokens >= 1_000_000 else count(tokens)
