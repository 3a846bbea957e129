"""The garbage collector, told that this process will be busy: its pauses hold up every request and every key."""

import gc

NEW_OBJECTS = 10_000
"""Containers made and not yet freed before it looks at the young ones; Python's own 700 is passed 70 times a second."""

YOUNG_ROUNDS, MIDDLE_ROUNDS = 20, 50
"""Rounds of one generation before the next older one is looked at."""


def spare() -> None:
    """What is loaded by now stays for good and is not looked at again; the rest less often.

    For a program at its start, not for a library: it holds for the whole process.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, YOUNG_ROUNDS, MIDDLE_ROUNDS)
