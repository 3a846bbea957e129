"""A terminal that goes away: what is written to it from then on holds nobody up."""

import os
import pty
import threading
from typing import TextIO, cast

from textual.drivers._writer_thread import WriterThread

from holytui.ui.hangup import WhileItLasts

MORE_THAN_THE_QUEUE_HOLDS = 200


def test_a_writer_goes_on_taking_when_its_terminal_is_gone() -> None:
    terminal, program = pty.openpty()
    with os.fdopen(program, "w") as file:
        writer = WriterThread(cast("TextIO", WhileItLasts(file)))
        writer.start()
        writer.write("seen")
        assert os.read(terminal, 4) == b"seen"
        os.close(terminal)

        def write_on() -> None:
            for _ in range(MORE_THAN_THE_QUEUE_HOLDS):
                writer.write("x" * 1_000)
            writer.stop()

        writing = threading.Thread(target=write_on, daemon=True)
        writing.start()
        writing.join(20)
        assert not writing.is_alive(), "it waits for a writer that has died"
