"""Why a job rests, said to a person: what happened, what it means, the way out."""

from holytui.core.progress import Counters, JobState
from holytui.core.words import clock
from holytui.engine.admission.breaker import Halt


def rest_message(halt: Halt, counters: Counters, at: float, variable: str | None) -> str:
    """The sentence that the checkpoint keeps for a job that stopped or paused."""
    when = clock(at)
    pending = f"{counters.pending:,} pending, nothing is lost"
    key = variable or "the key"
    match halt.reason:
        case "auth":
            return f"Stopped at {when}: the key was refused ({halt.message}). {pending}. Mend {key}, then p."
        case "quota":
            return f"Stopped at {when}: the balance is used up ({halt.message}). {pending}. Top up, then p."
        case "model_not_found":
            why = f"no such model here ({halt.message})"
            return f"Stopped at {when}: {why}. {pending}. Mend the job file, then run it again."
        case "refused":
            return f"Stopped at {when}: {halt.message}. {pending}. Mend the job file, then run it again."
        case "budget":
            return f"Stopped at {when}: {halt.message}. {pending}. Raise budget_usd, then run the job file again."
        case "rate_limit" if halt.wake_at is not None:
            return f"Paused until {clock(halt.wake_at)}: {halt.message}. {pending}."
        case "limit":
            return f"{halt.message}; {counters.pending:,} pending."
    if halt.state is JobState.INTERRUPTED:
        return f"Interrupted at {when} ({halt.message or halt.reason}). {pending}. p resumes it."
    if halt.reason == "user":
        verb = "Paused" if halt.state is JobState.PAUSED else "Stopped"
        return f"{verb} at {when} by you. {pending}. p resumes it."
    return halt.message
