"""Why a job rests, for clients: they have no keys to press, and no job file to mend."""

_ENDS = {
    ". p resumes it.": ". resume lets it go on.",
    "p tries at once.": "resume tries at once.",
    "Raise the budget (b, or --budget), then p.": "Raise the budget with holytui resume --budget.",
    ", then p.": ", then resume.",
    "Mend the job file, then run it again.": "Mend the task and start it under another id.",
}
"""The ways out that `runs.sentences` and `store.catalog` end with, the longest of two that end alike first."""


def for_clients(message: str) -> str:
    """The message of a snapshot, its way out in the words of the paths."""
    for end, told in _ENDS.items():
        if message.endswith(end):
            return message.removesuffix(end) + told
    return message
