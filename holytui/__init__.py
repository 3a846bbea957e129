"""holytui: long LLM batch jobs that never lose a paid answer.

The names below are the library; `docs/library.md` shows how to use them. Each is imported when it is asked for.
"""

TYPE_CHECKING = False  # for type checkers it is true; `typing` itself would be half of this import

if TYPE_CHECKING:
    from holytui.config import ConfigError
    from holytui.core.job import Job, Provider, RunOptions
    from holytui.core.job_problems import JobFileError, JobRefused
    from holytui.core.pricing import Money
    from holytui.inputs.reading import InputProblem
    from holytui.library.asking import Options
    from holytui.library.figures import Progress, Result
    from holytui.library.running import run, run_async
    from holytui.library.saved import SavedJob, open_job
    from holytui.runs.elsewhere import ElsewhereError
    from holytui.runs.endpoint import EndpointError
    from holytui.runs.errands import OwnerSilent
    from holytui.runs.saved import NoSuchJob, PrepareError
    from holytui.store.lock import OwnedElsewhere
    from holytui.store.trouble import CheckpointError

__version__ = "0.1.0"

__all__ = [
    "CheckpointError",
    "ConfigError",
    "ElsewhereError",
    "EndpointError",
    "InputProblem",
    "Job",
    "JobFileError",
    "JobRefused",
    "Money",
    "NoSuchJob",
    "Options",
    "OwnedElsewhere",
    "OwnerSilent",
    "PrepareError",
    "Progress",
    "Provider",
    "Result",
    "RunOptions",
    "SavedJob",
    "__version__",
    "open_job",
    "run",
    "run_async",
]

_HOMES = {
    "config": ("ConfigError",),
    "core.job": ("Job", "Provider", "RunOptions"),
    "core.job_problems": ("JobFileError", "JobRefused"),
    "core.pricing": ("Money",),
    "inputs.reading": ("InputProblem",),
    "library.asking": ("Options",),
    "library.figures": ("Progress", "Result"),
    "library.running": ("run", "run_async"),
    "library.saved": ("SavedJob", "open_job"),
    "runs.elsewhere": ("ElsewhereError",),
    "runs.endpoint": ("EndpointError",),
    "runs.errands": ("OwnerSilent",),
    "runs.saved": ("NoSuchJob", "PrepareError"),
    "store.lock": ("OwnedElsewhere",),
    "store.trouble": ("CheckpointError",),
}
"""Where each name is at home."""


if not TYPE_CHECKING:  # they know the names from above, and no others

    def __getattr__(name: str) -> object:
        """Import a name of the library when it is asked for first: `import holytui` alone stays light."""
        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module 'holytui' has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f"holytui.{home}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
