"""The top of the item screen: where we are, the verdict, the remedy with its price."""

from rich.text import Text

from holytui.core.display import about_usd, count, usd
from holytui.core.failures import RULES, FailureKind
from holytui.core.pricing import total
from holytui.core.work import ItemState
from holytui.runs.inspecting import Inspection
from holytui.ui.draw.pen import ITEM_GLYPHS, Pen
from holytui.ui.draw.words import advice, meaning


def head(pen: Pen, job: str, shown: Inspection) -> list[Text]:
    """Breadcrumb, verdict, remedy, and a blank line."""
    lines = [_where(pen, job, shown), _verdict(pen, shown)]
    lines += _remedy(pen, shown)
    return [*lines, pen.blank()]


def _where(pen: Pen, job: str, shown: Inspection) -> Text:
    row, palette = shown.detail.row, pen.palette
    place = f"item {count(row.index + 1)} of {count(shown.total)}"
    if shown.place is not None:
        place += f" · failure {count(shown.place)} of {count(shown.failed)}"
    line = pen.line().gap(1).foreign(job, min(24, len(job)), palette.muted).add(" / ", palette.muted)
    room = max(8, pen.width - line.text.cell_len - len(place) - 3)
    line.foreign(row.item_id, room, palette.accent, left=True)
    return line.end(place, palette.muted).done()


def _verdict(pen: Pen, shown: Inspection) -> Text:
    row, palette = shown.detail.row, pen.palette
    style = {ItemState.SUCCEEDED: palette.good, ItemState.FAILED: palette.bad}.get(row.state, palette.plain)
    line = pen.line().gap(1).add(f"{ITEM_GLYPHS[row.state]} {row.state.value}", style)
    money = usd(row.cost) if row.attempts else "-"
    if row.kind is not None:
        words = meaning(row.kind)
        line.gap(2).add(row.kind, style).gap(3).add(f"{words[0].upper()}{words[1:]}; {_tries(shown)}.")
        wasted = total(tried.cost for tried in shown.detail.attempts if tried.wasted)
        money = f"{usd(wasted)} wasted" if wasted.usd != 0 else money
    else:
        line.gap(3).add(_tries(shown))
        accepted = [step for step, result in shown.detail.results.items() if result.accepted]
        if accepted:
            line.gap(3).foreign(f"partial answer of {', '.join(accepted)} accepted by you", 50, palette.warn)
    return line.end(f"  {money}", palette.muted).done()


def _tries(shown: Inspection) -> str:
    row = shown.detail.row
    own = [tried for tried in shown.detail.attempts if tried.counted and tried.round == row.round]
    if row.step is not None and row.state is ItemState.FAILED:
        own = [tried for tried in own if tried.step == row.step]
        return f"{len(own)} of {shown.max_attempts} attempts used"
    rounds = f", round {row.round}" if row.round > 1 else ""
    if row.attempts == row.tries:
        return f"{_attempts(row.attempts)}{rounds}"
    return f"{_attempts(row.tries)} a step{'' if row.tries == 1 else ' at most'}, {row.attempts} in all{rounds}"


def _attempts(number: int) -> str:
    return f"{number} attempt{'' if number == 1 else 's'}"


def _remedy(pen: Pen, shown: Inspection) -> list[Text]:
    row, palette = shown.detail.row, pen.palette
    if row.kind is None:
        return []
    if row.given_up is not None:
        reason = row.given_up or "no reason given"
        return [pen.line().gap(1).add("Given up by you: ").foreign(reason, pen.width - 20, palette.warn).done()]
    lines = [pen.line().gap(1).foreign(row.message, pen.width - 2, palette.muted).done()]
    usd_then = shown.retry.usd
    cost = "not charged" if shown.simulated else "cost not known" if usd_then is None else about_usd(usd_then)
    line = pen.line().gap(1)
    if RULES[FailureKind(row.kind)].same_again:
        return [*lines, line.add(advice(row.kind)).add(f"   r retries it all the same, {cost}", palette.muted).done()]
    clock = ""
    if shown.next_clock_s is not None:
        clock = f" with a {shown.next_clock_s:.3g} s {row.kind.removeprefix('timeout.').replace('_', ' ')} clock"
    line.add("r", palette.accent).add(f" retries now{clock}, {cost}    ")
    ways = (" changes model, clock or tokens first", " changes something first", " with changes", "")
    way = next(words for words in ways if line.text.cell_len + 1 + len(words) < pen.width or not words)
    return [*lines, line.add("e", palette.accent).add(way).done() if way else line.done()]
