"""Where the traceback of a defect goes: into a file, for whoever mends it, not onto a person's screen."""

import os
import tempfile
import time
import traceback
from pathlib import Path

from holytui.provider.redaction import redact

ENDS_OF_KEY_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def report(error: BaseException) -> str:
    """Write the traceback down, without any key; the sentence to show."""
    text = "".join(traceback.format_exception(error))
    for name, value in os.environ.items():
        if name.endswith(ENDS_OF_KEY_NAMES):
            text = redact(text, value)
    sentence = f"a defect in holytui, not in your job: {redact(f'{type(error).__name__}: {error}', '')}."
    try:
        handle, name = tempfile.mkstemp(prefix=time.strftime("holytui-defect-%Y%m%d-%H%M%S-"), suffix=".txt")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  # a descriptor
            file.write(redact(text, ""))
    except OSError:
        return f"{sentence} Recorded answers are safe."
    return f"{sentence} Recorded answers are safe. What happened stands in {Path(name)}."
