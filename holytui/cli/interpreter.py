"""Python's own settings for a busy process: its pauses hold up every request and every key."""

import gc
import sys

NEW_OBJECTS = 10_000
"""Containers made and not yet freed before the collector looks at the young ones; 700 are made all the time."""

YOUNG_ROUNDS, MIDDLE_ROUNDS = 20, 50
"""Rounds of one generation before the next older one is looked at."""

SWITCH_S = 0.0005
"""After this long a thread that waits may have its turn: loop, writer and screen take turns more often than Python's
0.005 s would let them, and an answer waits less for its commit."""


def set_up() -> None:
    """For a program at its start, not for a library: it holds for the whole process.

    What is loaded by now stays for good, and the collector does not look at it again.
    """
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, YOUNG_ROUNDS, MIDDLE_ROUNDS)
    sys.setswitchinterval(SWITCH_S)
