"""Preflight: what a job would do and cost, before enter runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, count, dollars, safe, safe_block, wrap
from holytui.core.estimate import Estimate
from holytui.core.estimate_words import cost_words, ratio_words, time_words, tokens_words, usd_range
from holytui.core.worker_words import there_words
from holytui.core.workers import WorkerSeen
from holytui.runs.desk import Changed, KeyCheck, Preview
from holytui.ui.draw.paths import near
from holytui.ui.draw.pen import Line, Pen

READABLE = 100
"""Cells that a line of facts has at most: a hint at the far end of a wide screen belongs to nothing."""

OTHER_MODELS = 3
SHOWN_PROBLEMS = 10
SHOWN_LINES = 40
"""Of a prompt."""

LEAST_BESIDE = 24
"""Cells that words beside a hint need; where there are fewer the hint stands there if it happens to fit."""

WORDS_FROM = 22
"""Column of the words behind a number."""

FIRST_ITEMS = 10
"""What `f` runs: enough to know how a model counts and answers, and cheap."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that the sheet names, as people write them."""

    prompts: str = "v"
    budget: str = "b"
    paste: str = "k"
    open: str = "enter"
    retry_all: str = "R"
    executor: str = "c"


@dataclass(frozen=True, slots=True)
class Crew:
    """Who would take the items.

    Attributes:
        workers: None: not known yet.
        problem: why nobody can be asked, a sentence.
    """

    workers: Sequence[WorkerSeen] | None = None
    problem: str = ""


def sheet(
    pen: Pen,
    preview: Preview,
    height: int,
    probe: str = "",
    key: KeyCheck | None = None,
    keys: Keys = Keys(),
    crew: Crew = Crew(),
) -> list[Text]:
    """The facts, a line each.

    Args:
        pen: to write with.
        preview: what is known of the job.
        height: lines there is room for; what is only good to know is left out where it does not fit.
        probe: what is to be said about running the first few items, if anything.
        key: what the provider says about the key and the models; None: only the preview's note is known.
        keys: that are named beside what they change.
        crew: who is there, where it is to run on workers.
    """
    estimate, pen = preview.estimate, replace(pen, width=min(pen.width, READABLE))
    lines = [_title(pen, preview)]
    hint = (keys.prompts, "shows them") if estimate.items > estimate.readable else None
    _fact(lines, pen, "Items", count(estimate.items), _items(preview), hint)
    if settled := estimate.items - estimate.pending:
        _fact(lines, pen, "To go", count(estimate.pending), f"{count(settled)} have their result")
    if preview.idle:
        _wide(lines, pen, "Saved in", near(preview.saved_in))
        return [*lines, pen.blank(), *pen.paragraph(_idle_words(preview, keys))]
    if estimate.pending:
        models = ", ".join(f"{step.step} {step.model}" for step in estimate.steps)
        _fact(lines, pen, "Requests", count(estimate.requests), models)
        _wide(lines, pen, "Tokens", tokens_words(estimate))
        _cost(lines, pen, estimate, keys.budget)
        _wide(lines, pen, "Time", time_words(estimate))
    _where(lines, pen, preview, crew, keys.executor)
    _key(lines, pen, preview, key or KeyCheck(preview.key_note, bad=not preview.key_ok), keys.paste)
    _wide(lines, pen, "Saved in", near(preview.saved_in))
    if probe:
        _wide(lines, pen, f"{which(preview).capitalize()} {FIRST_ITEMS}", probe)
    for sentence in (*(key.advice if key is not None else ()), *preview.blockers):
        lines += [pen.blank(), *pen.paragraph(sentence, pen.palette.bad)]
    if preview.changed is not None:
        words = f"{changed_words(preview.changed)}; {keys.open} asks what becomes of them."
        lines += [pen.blank(), *pen.paragraph(words, pen.palette.warn)]
    others = _other_models(pen, estimate) if estimate.other_models and estimate.pending else []
    return lines + (others if len(lines) + len(others) <= height else [])


def which(preview: Preview) -> str:
    """Whether a few of it are the first, or the next behind those that have their result."""
    return "next" if preview.estimate.pending < preview.estimate.items else "first"


def changed_words(changed: Changed) -> str:
    """What has changed since a job ran, and what hangs on it."""
    have = "1 item has an answer" if changed.answered == 1 else f"{count(changed.answered)} items have answers"
    return f"Changed since it ran: {', '.join(changed.steps)}. {have} to the old text"


def _idle_words(preview: Preview, keys: Keys) -> str:
    failed = f" {count(preview.failed)} failed: {keys.retry_all} retries there, by kind." if preview.failed else ""
    return f"Nothing is pending: {keys.open} shows the run.{failed}"


def _title(pen: Pen, preview: Preview) -> Text:
    muted = pen.palette.muted
    title = preview.title
    name = pen.line().gap(1).foreign(title, min(40, cell_width(title)), pen.palette.accent)
    kind = "saved job, from" if preview.existing else "new job from"
    name.gap(max(3, WORDS_FROM - name.text.cell_len)).add(f"{kind} ", muted)
    return name.foreign(near(preview.source), pen.width - name.text.cell_len - 1, muted, left=True).done()


def _items(preview: Preview) -> str:
    estimate = preview.estimate
    words = f"{count(estimate.readable)} readable"
    unusable = estimate.items - estimate.readable
    if unusable:
        empty = all("no text" in problem for _, problem in estimate.problems)
        scans = empty and all(item.lower().endswith(".pdf") for item, _ in estimate.problems)
        words += f", {count(unusable)} without a prompt{' (scans?)' if scans else ''}"
    return words


def reading(pen: Pen, items: int, unusable: int) -> list[Text]:
    """How far the input is read."""
    line = pen.line().gap(1).add(f"Reading input {count(items)}" if items else "Reading the input …", pen.palette.muted)
    if unusable:
        line.gap(3).add(f"{count(unusable)} without a prompt so far", pen.palette.warn)
    return [line.done()]


def prompts(pen: Pen, estimate: Estimate) -> list[Text]:
    """What has no prompt, and the first rendered prompts; foreign text."""
    lines: list[Text] = []
    unusable, shown = estimate.items - estimate.readable, estimate.problems[:SHOWN_PROBLEMS]
    if shown:
        lines.append(pen.plain(f" {count(unusable)} without a prompt", pen.palette.accent))
        width = min(40, max(cell_width(safe(item)) for item, _ in shown), pen.width // 2)
        for item, problem in shown:
            line = pen.line().gap(1).foreign(item, width, left=True).gap(2)
            lines.append(line.foreign(problem, pen.width - width - 5, pen.palette.warn).done())
        if unusable > len(shown):
            lines.append(pen.plain(f" and {count(unusable - len(shown))} more", pen.palette.muted))
        lines.append(pen.blank())
    for item, step, text in estimate.prompts:
        lines += [*prompt(pen, item, step, text), pen.blank()]
    return lines or [pen.plain(" No prompt could be made.", pen.palette.muted)]


def prompt(pen: Pen, item: str, step: str, text: str, *, title: Style | None = None) -> list[Text]:
    """One prompt under its title; foreign text."""
    lines = [pen.line().gap(1).foreign(f"{item} · {step}", pen.width - 2, title or pen.palette.accent).done()]
    width = max(20, pen.width - 2)
    blocks = safe_block(text[:4_000].rstrip())[:SHOWN_LINES]
    parts = [part for block in blocks for part in wrap(block, width)]
    return lines + [pen.line().gap(1).foreign(part, width).done() for part in parts[:SHOWN_LINES]]


def _fact(lines: list[Text], pen: Pen, name: str, number: str, words: str, hint: tuple[str, str] | None = None) -> None:
    line = pen.line().gap(1).cell(name, 11, pen.palette.muted).cell(number, 9).gap(1)
    line.foreign(words, min(cell_width(safe(words)), pen.width - WORDS_FROM - 1))
    lines.append(_hinted(line, hint))


def _hinted(line: Line, hint: tuple[str, str] | None) -> Text:
    """A key and what it does at the right edge, where it fits."""
    if hint is not None:
        key, words = hint
        room = line.pen.width - 1 - line.text.cell_len - cell_width(key) - 1 - cell_width(words)
        if room >= 3:
            line.gap(room).add(key, line.pen.palette.accent).add(f" {words}", line.pen.palette.muted)
    return line.done()


def _wide(
    lines: list[Text],
    pen: Pen,
    name: str,
    words: str,
    *,
    bad: bool = False,
    muted: bool = False,
    hint: tuple[str, str] | None = None,
) -> None:
    style = pen.palette.bad if bad else pen.palette.muted if muted else None
    width = max(20, pen.width - 13)
    beside = width - (cell_width(" ".join(hint)) + 3 if hint is not None else 0)
    if beside < LEAST_BESIDE:  # a word a line is no way to read
        beside = width
    for at, part in enumerate(wrap(safe(words), beside)):
        line = pen.line().gap(1).cell("" if at else name, 11, pen.palette.muted)
        line.foreign(part, min(width, cell_width(part)), style)
        lines.append(_hinted(line, None if at else hint))


def _where(lines: list[Text], pen: Pen, preview: Preview, crew: Crew, key: str) -> None:
    """Here, or who is there to run it."""
    if not preview.on_workers:
        _wide(lines, pen, "Runs", "here", hint=(key, "on workers"))
        return
    place = f"  ({preview.place})" if preview.place else ""
    words = crew.problem or (
        f"looking for them{place}" if crew.workers is None else f"{there_words(crew.workers)}{place}"
    )
    bad = bool(crew.problem) or not preview.place
    _wide(lines, pen, "Runs", f"on workers: {words}", bad=bad, hint=(key, "here"))


def _key(lines: list[Text], pen: Pen, preview: Preview, key: KeyCheck, paste: str) -> None:
    """The key, and where it is missing or refused the ways to give another; on one line where they fit."""
    _wide(lines, pen, "Key", key.words, bad=key.bad)
    if not (preview.key_missing or key.refused):
        return
    verb = "paste it" if preview.key_missing else "paste another"
    ways = [(f"{paste} ", f"{verb} for this session (never saved)")]
    if preview.variable:
        ways.append(("", f"or: export {preview.variable}=…"))
    beside = lines[-1].cell_len + sum(cell_width(name + words) + 2 for name, words in ways) < pen.width
    line = Line(pen, lines.pop()) if beside else pen.line().gap(10)
    for key_name, words in ways:
        if line.text.plain.strip() and line.text.cell_len + 2 + cell_width(key_name + words) >= pen.width:
            lines.append(line.done())
            line = pen.line().gap(10)
        line.gap(2).add(key_name, pen.palette.accent).add(words, pen.palette.muted)
    lines.append(line.done())


def _cost(lines: list[Text], pen: Pen, estimate: Estimate, key: str) -> None:
    cost, budget = estimate.cost, estimate.budget_usd
    hint = (key, "sets a budget" if budget is None else f"budget {dollars(budget)}")
    _wide(lines, pen, "Cost", cost_words(estimate), bad=cost is None and not estimate.simulated, hint=hint)
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
