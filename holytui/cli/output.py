"""Lines for whoever reads; when nobody does any more, the job goes on without them."""

import os
import sys
from typing import TextIO


def tell(text: str, *, err: bool = False) -> None:
    """Write a text and its line end to stdout or stderr; a terminal or pipe that is gone is not an error."""
    stream = sys.stderr if err else sys.stdout
    try:
        stream.write(text + "\n")
        stream.flush()
    except OSError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Send what is still to come nowhere; without this the interpreter would complain at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
