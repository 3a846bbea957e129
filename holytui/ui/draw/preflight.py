"""Preflight: what a job would do and cost, before enter runs it."""

from rich.text import Text

from holytui.core.display import count, safe, safe_block, wrap
from holytui.core.estimate import Estimate
from holytui.core.estimate_words import cost_words, ratio_words, time_words, tokens_words, usd_range
from holytui.runs.desk import KeyCheck, Preview
from holytui.ui.draw.pen import Pen

OTHER_MODELS = 3
FIRST_ITEMS = 10
"""What `f` runs: enough to know how a model counts and answers, and cheap."""


def sheet(pen: Pen, preview: Preview, height: int, probe: str = "", key: KeyCheck | None = None) -> list[Text]:
    """The facts, a line each.

    Args:
        pen: to write with.
        preview: what is known of the job.
        height: lines there is room for; what is only good to know is left out where it does not fit.
        probe: what is to be said about running the first few items, if anything.
        key: what the provider says about the key and the models; None: only the preview's note is known.
    """
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
    _wide(lines, pen, "Tokens", tokens_words(estimate))
    _cost(lines, pen, estimate)
    if estimate.budget_usd is not None:
        _wide(lines, pen, "Budget", f"${estimate.budget_usd:.2f}, never exceeded")
    _wide(lines, pen, "Time", time_words(estimate))
    key = key or KeyCheck(preview.key_note, bad=not preview.key_ok)
    _wide(lines, pen, "Key", key.words, bad=key.bad)
    _wide(lines, pen, "Saved in", str(preview.saved_in))
    if probe:
        _wide(lines, pen, f"{'Next' if preview.existing else 'First'} {FIRST_ITEMS}", probe)
    for sentence in (*key.advice, *preview.blockers, *((preview.drift_note,) if preview.drift_note else ())):
        lines += [pen.blank(), *pen.paragraph(sentence, pen.palette.bad)]
    problems = [f"{item}: {problem}" for item, problem in estimate.problems[:3]]
    lines += [pen.line().gap(12).foreign(words, pen.width - 14, pen.palette.warn).done() for words in problems]
    others = _other_models(pen, estimate) if estimate.other_models else []
    return lines + (others if len(lines) + len(others) <= height else [])


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


def _cost(lines: list[Text], pen: Pen, estimate: Estimate) -> None:
    cost = estimate.cost
    _wide(lines, pen, "Cost", cost_words(estimate), bad=cost is None and not estimate.simulated)
    if cost is None:
        return
    if estimate.simulated:
        _wide(lines, pen, "", f"at list prices it would be {usd_range(cost)}", muted=True)
    elif len(estimate.steps) > 1:
        parts = [f"{step.step} {usd_range(step.cost)}" for step in estimate.steps if step.cost is not None]
        _wide(lines, pen, "", ", ".join(parts), muted=True)


def _other_models(pen: Pen, estimate: Estimate) -> list[Text]:
    """The cheapest other models, with how they compare."""
    muted = pen.palette.muted
    lines = [pen.blank(), pen.plain(" The same job on one other model, if it took as many tokens", muted)]
    for other in estimate.other_models[:OTHER_MODELS]:
        line = pen.line().gap(12).foreign(other.model, 28).gap(1).cell(usd_range(other.cost), 24)
        lines.append(line.cell(ratio_words(estimate, other.cost), 6, muted, right=True).done())
    return lines
