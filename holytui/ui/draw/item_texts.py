"""What was asked of an item and what came back: the texts of its tabs."""

import json
from dataclasses import dataclass

from rich.text import Text

from holytui.core.display import count, safe_block, wrap
from holytui.core.words import clock
from holytui.core.work import ItemState
from holytui.runs.inspecting import Inspection
from holytui.store.rows import AttemptRow
from holytui.ui.draw.pen import Pen

TABS = ("prompt", "answer", "raw", "request")
SHOWN_CHARS = 400_000
"""Of a text on the screen; the pager and an export have all of it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tab shows.

    Attributes:
        text: exactly as it is stored; what is copied and saved.
        note: about it, for the line of the tabs.
        end: a line of ours under it, which is never copied.
        nothing: what is said where there is no text.
        pretty: the text in another shape for the screen, None: as it is.
    """

    text: str
    note: str = ""
    end: str = ""
    pretty: str | None = None
    nothing: str = "nothing"


def shown_of(shown: Inspection, tab: str, tried: AttemptRow | None) -> Shown:
    """The text of a tab, of the chosen try where that matters."""
    match tab:
        case "prompt":
            return _prompts(shown)
        case "raw":
            return _raw(tried)
        case "request":
            return _request(shown, tried)
    return _answers(shown, tried)


def _prompts(shown: Inspection) -> Shown:
    parts = []
    for step in shown.steps:
        system = f"[system]\n{step.system}\n\n" if step.system else ""
        parts.append(f"{step.name}:\n{system}{step.prompt or f'({step.problem})'}")
    if len(shown.steps) == 1 and not shown.steps[0].problem and not shown.steps[0].system:
        return Shown(shown.steps[0].prompt, f"as sent, {count(len(shown.steps[0].prompt))} characters")
    return Shown("\n\n".join(parts), "as sent")


def _answers(shown: Inspection, tried: AttemptRow | None) -> Shown:
    detail = shown.detail
    if tried is not None and tried.kind is not None and tried.text and tried.step not in detail.answers:
        last = f" at {tried.last_s:.1f} s" if tried.last_s is not None else ""
        end = f"the text ends here{last}: {tried.kind.value}, cut at {tried.ended_s:.1f} s"
        tokens = f", {'' if tried.usage.exact else '~'}{count(tried.usage.output)} tokens" if tried.usage.output else ""
        return Shown(tried.text, f"partial, {tried.step} try {tried.number}{tokens}", end)
    found = detail.answers
    order = [step.name for step in shown.steps]
    answers = sorted(found.items(), key=lambda one: order.index(one[0]) if one[0] in order else len(order))
    if len(answers) == 1 and len(shown.steps) == 1:
        return Shown(answers[0][1], f"{count(len(answers[0][1]))} characters", pretty=pretty(answers[0][1]))
    missing = [] if detail.row.state is not ItemState.FAILED else [f"{detail.row.step}: no answer"]
    text = "\n\n".join([*(f"{step}:\n{answer}" for step, answer in answers), *missing])
    nicer = "\n\n".join([*(f"{step}:\n{pretty(answer) or answer}" for step, answer in answers), *missing])
    return Shown(
        text, "" if answers else "no answer yet", pretty=nicer if nicer != text else None, nothing="no answer yet"
    )


def pretty(text: str) -> str | None:
    """A JSON answer with its structure shown; None: it is none, or is too long to be worth it."""
    if len(text) > SHOWN_CHARS or text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _raw(tried: AttemptRow | None) -> Shown:
    if tried is None:
        return Shown("", "no request was sent", nothing="no request was sent")
    parts = [part for part in (tried.message, tried.text) if part]
    status = "" if tried.http_status is None else f", status {tried.http_status}"
    nothing = "no body was received" if tried.kind is not None else "an answer: 2 shows it"
    return Shown("\n\n".join(parts), f"what came back, {tried.step} try {tried.number}{status}", nothing=nothing)


def _request(shown: Inspection, tried: AttemptRow | None) -> Shown:
    facts = "" if tried is None else f"{_facts(tried)}\n\n"
    name = tried.step if tried is not None else shown.steps[0].name
    step = next((step for step in shown.steps if step.name == name), None)
    body = "" if step is None else step.body or f"({step.problem})"
    return Shown(f"{facts}{body}", f"{name}, the body without its stream options; the key is not in it")


def _facts(tried: AttemptRow) -> str:
    """Who was asked, who answered, when each thing came, what it took."""
    usage = tried.usage
    times = [("connected", tried.connected_s), ("first word", tried.first_s), ("last word", tried.last_s)]
    came = [f"{name} {seconds:.2f} s" for name, seconds in times if seconds is not None]
    tokens = f"{count(usage.input)} in ({count(usage.cached)} cached), {count(usage.output)} out "
    tokens += f"({count(usage.reasoning)} reasoning), {'reported' if usage.exact else 'estimated'}"
    facts = [
        ("try", f"{tried.number} of round {tried.round}{'' if tried.counted else ', not counted'}"),
        ("model", f"{tried.asked or '?'}, returned: {_answered_by(tried)}"),
        ("request id", tried.request_id or "none given"),
        ("times", ", ".join([clock(tried.started_at, seconds=True), *came, f"ended {tried.ended_s:.2f} s"])),
        ("clock", f"{tried.clock_s:g} s ran out" if tried.clock_s is not None else ""),
        ("status", "" if tried.http_status is None else str(tried.http_status)),
        ("tokens", tokens),
    ]
    return "\n".join(f"{name:<11}{fact}" for name, fact in facts if fact)


def _answered_by(tried: AttemptRow) -> str:
    """The model's name comes with the end of an answer."""
    if tried.model:
        return tried.model
    heard = tried.first_s is not None or tried.http_status is not None
    return "no model named before it ended" if heard else "nobody answered"


def body(pen: Pen, shown: Shown) -> list[Text]:
    """The text, wrapped between words; foreign, so made safe line by line."""
    text = shown.text if shown.pretty is None else shown.pretty
    width = max(20, pen.width - 2)
    lines = [
        pen.line().gap(1).foreign(part, width).done()
        for block in safe_block(text[:SHOWN_CHARS])
        for part in wrap(block, width)
    ]
    if len(text) > SHOWN_CHARS:
        words = f" … {count(len(text) - SHOWN_CHARS)} more characters: o shows all"
        lines.append(pen.plain(words, pen.palette.muted))
    if shown.end:
        lines.append(pen.line().gap(1).add("┄┄┄ ", pen.palette.warn).add(shown.end, pen.palette.warn).done())
    if not text:
        return [pen.plain(f" {shown.nothing}", pen.palette.muted)]
    return lines
