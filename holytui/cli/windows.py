"""Says in one sentence why holytui does not start on Windows itself."""

import sys


def refuse_windows() -> None:
    """End with a sentence where `flock` and POSIX signals are missing."""
    if sys.platform == "win32":
        sys.exit("holytui needs Linux or macOS (file locks and signals); on Windows it runs in WSL.")
