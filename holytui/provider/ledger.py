"""The simulator's own account of what it answered: the other side of the story, for tests and doubters."""

import hashlib
import json
import threading
from pathlib import Path
from typing import TextIO


class Ledger:
    """A JSON line per request, written when it ended; without a path it counts only."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")

    def write(self, *, t_start: float, t_end: float, prompt: str, nth: int, status: int | None, outcome: str) -> None:
        """Note a request; times in Unix seconds, outcome `answered`, `cut`, `refused` or `gone`."""
        if self._file is None:
            return
        line = {
            "t_start": round(t_start, 6),
            "t_end": round(t_end, 6),
            "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
            "nth": nth,
            "status": status,
            "outcome": outcome,
        }
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
