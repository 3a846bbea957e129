"""What a person decides about failures and money, done by the owner, or where nobody owns the job under its lock."""

from collections.abc import Callable
from pathlib import Path

from holytui.core.command import Command, Verb
from holytui.core.display import dollars, items_words
from holytui.core.job import Job
from holytui.core.progress import Counters, JobState
from holytui.runs.engine import Engine
from holytui.runs.errands import at_rest
from holytui.runs.launch import Launch, Tables
from holytui.runs.prepare import check_budget
from holytui.runs.record import SessionRecord, recorded
from holytui.runs.saved import PrepareError, find_saved
from holytui.runs.sound import saved_job, with_run
from holytui.store.catalog import snapshot_of
from holytui.store.rows import Undone
from holytui.store.writer import Writer

_FINISHED = frozenset({JobState.COMPLETED, JobState.COMPLETED_WITH_FAILURES})


async def decide(command: Command, launch: Launch, record: SessionRecord, engine: Engine) -> str:
    """Do it in a session that runs; the sentence that says what came of it.

    Raises:
        CheckpointError: nothing can be recorded.
        PrepareError: a budget that cannot be kept.
    """
    writer, runner = record.writer, engine.runner
    try:
        match command.verb:
            case Verb.RETRY:
                number = await recorded(writer.retry(command.selection, command.changes))
                return f"{items_words(number)} retried by you"
            case Verb.ACCEPT:
                return _accepted(await recorded(writer.accept(command.selection)))
            case Verb.GIVE_UP:
                return _given_up(await recorded(writer.give_up(command.selection, command.reason)), command.reason)
            case Verb.UNDO:
                # Nothing is taken up meanwhile: what is undone must not be sent after all.
                return _undone(await recorded(writer.undo(runner.hold_still())))
            case Verb.BUDGET if command.budget_usd is not None:
                _check(launch.job, command.budget_usd, launch.prices.price)
                await recorded(writer.set_budget(command.budget_usd))
                engine.admission.change_budget(command.budget_usd)
                return _budget(command.budget_usd)
    finally:
        runner.look_again()
    return f"nothing to do for {command.verb.value}"


def decide_at_rest(checkpoints: Path, job_id: str, command: Command, tables: Tables) -> str:
    """Do it for a job that nobody runs; the sentence that says what came of it. Nothing is started.

    Raises:
        NoSuchJob, OwnedElsewhere, CheckpointError, PrepareError: with the way out.
    """
    folder = find_saved(checkpoints, job_id)
    if command.verb is Verb.BUDGET and command.budget_usd is not None:
        job, _ = saved_job(folder)
        _check(job, command.budget_usd, tables.book(job).price)
    before = snapshot_of(folder).state
    with at_rest(folder) as writer:
        sentence = _decide(command, writer)
        state = _state_after(before, writer.counters)
        if state is not None:
            writer.set_state(state).result()
    return sentence


def _decide(command: Command, writer: Writer) -> str:
    match command.verb:
        case Verb.ACCEPT:
            return _accepted(writer.accept(command.selection).result())
        case Verb.GIVE_UP:
            return _given_up(writer.give_up(command.selection, command.reason).result(), command.reason)
        case Verb.UNDO:
            return _undone(writer.undo().result())
        case Verb.BUDGET if command.budget_usd is not None:
            writer.set_budget(command.budget_usd).result()
            return f"{_budget(command.budget_usd)}; p goes on"
    return f"nothing to do for {command.verb.value}"


def _state_after(state: JobState, counters: Counters) -> JobState | None:
    """What a job is whose items were decided on; None: as it was."""
    if counters.pending:
        return JobState.READY if state in _FINISHED else None
    if not counters.total:
        return None
    return JobState.COMPLETED_WITH_FAILURES if counters.failed else JobState.COMPLETED


def _check(job: Job, usd: float, price: Callable[[str], object | None]) -> None:
    if not usd > 0:
        raise PrepareError("A budget is an amount above 0 USD.")
    check_budget(with_run(job, {"budget_usd": usd}), price)


def _accepted(number: int) -> str:
    if not number:
        return "none of them has a partial answer"
    return f"{number:,} partial answer{'s' if number != 1 else ''} accepted   u undoes"


def _given_up(number: int, reason: str) -> str:
    if not number:
        return "none of them is to be given up"
    why = f": {reason}" if reason else ""
    return f"{number:,} item{'s' if number != 1 else ''} given up{why}   u undoes"


def _undone(undone: Undone | None) -> str:
    if undone is None:
        return "nothing to undo"
    what = {
        Verb.RETRY: "failed again, as before the retry",
        Verb.ACCEPT: "with a partial answer, failed again",
        Verb.GIVE_UP: "no longer given up",
    }[undone.verb]
    if not undone.items:
        return f"nothing is taken back: {undone.left:,} item{'s have' if undone.left != 1 else ' has'} gone on since"
    sentence = f"{undone.items:,} item{'s' if undone.items != 1 else ''} {what}"
    stay = "stays" if undone.left == 1 else "stay"
    return f"{sentence}; {undone.left:,} had gone on since and {stay} as now" if undone.left else sentence


def _budget(usd: float) -> str:
    return f"the budget is {dollars(usd)} now"
