"""Settings for all tests."""

import os
import signal
from tempfile import TemporaryDirectory

from hypothesis import settings

# A machine that runs the whole suite on two cores is slow now and then; slowness alone proves nothing.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

# Tests started under nohup would hand an ignored SIGHUP on to every process they start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What holytui remembers by itself of folders that tests use is not for the user who runs them.
state = TemporaryDirectory(prefix="holytui-state-")
os.environ["XDG_STATE_HOME"] = state.name
