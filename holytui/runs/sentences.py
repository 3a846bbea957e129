"""Why a job rests, said to a person: what happened, what it means, the way out."""

from holytui.core.progress import Counters, JobState
from holytui.core.words import clock
from holytui.engine.admission.breaker import Halt
from holytui.provider.errors import NO_KEY


def rest_message(halt: Halt, counters: Counters, at: float, variable: str | None) -> str:
    """The sentence that the checkpoint keeps for a job that stopped or paused."""
    pending = f"{counters.pending:,} pending, nothing is lost"
    if halt.state is JobState.PAUSED and halt.wake_at is not None:
        return _waits(halt, clock(at), clock(halt.wake_at), pending)
    if halt.state is JobState.STOPPED and halt.reason != "user":
        return _stopped(halt, clock(at), pending, variable or "the key")
    if halt.reason == "limit":
        return f"{halt.message}; {counters.pending:,} pending."
    if halt.state is JobState.INTERRUPTED:
        return f"Interrupted at {clock(at)} ({halt.message or halt.reason}). {pending}. p resumes it."
    if halt.reason == "user":
        verb = "Paused" if halt.state is JobState.PAUSED else "Stopped"
        return f"{verb} at {clock(at)} by you. {pending}. p resumes it."
    return halt.message


def _waits(halt: Halt, when: str, until: str, pending: str) -> str:
    if halt.reason == "quota":
        tried = f"one item is tried at {until}, p tries at once"
        return f"Paused at {when}: the balance is used up ({halt.message}). {pending}. Top up; {tried}."
    return f"Paused until {until}: {halt.message}. {pending}. p tries at once."


def _stopped(halt: Halt, when: str, pending: str, key: str) -> str:
    match halt.reason:
        case "auth" if NO_KEY in halt.message:
            why, way_out = f"a key is wanted ({halt.message})", f"Set {key}, then p"
        case "auth":
            why, way_out = f"the key was refused ({halt.message})", f"Mend {key}, then p"
        case "quota":
            why, way_out = f"the balance is used up ({halt.message})", "Top up, then p"
        case "model_not_found":
            why, way_out = f"no such model here ({halt.message})", "Mend the job file, then run it again"
        case "refused":
            why, way_out = halt.message, "Mend the job file, then run it again"
        case "budget":
            why, way_out = halt.message, "Raise the budget (b, or --budget), then p"
        case _:
            return halt.message
    return f"Stopped at {when}: {why}. {pending}. {way_out}."
