"""Settings for all tests."""

import os
import signal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

# A machine that runs the whole suite on two cores is slow now and then; slowness alone proves nothing.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# Tests started under nohup, or in the background of a script, would hand an ignored signal on to every process.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What holytui remembers by itself of folders that tests use is not for the user who runs them.
state = TemporaryDirectory(prefix="holytui-state-")
os.environ["XDG_STATE_HOME"] = state.name

TESTS = Path(__file__).parent
SLOW = ("faults", "distributed", "pty", "api", "library", "cli")
"""Folders whose files take longest, by what they wait for: whoever has one of them at the end has the others wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0]
        return SLOW.index(folder) if folder in SLOW else len(SLOW)

    items.sort(key=rank)
