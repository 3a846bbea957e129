"""Which exit code an error stands for (design, section 7)."""

from holytui.api.access import TokenError
from holytui.api.listening import ServeError
from holytui.config import ConfigError
from holytui.core.job_problems import JobFileError, JobRefused
from holytui.inputs.source import InputProblem
from holytui.provider.simulation import SimulatorError
from holytui.runs.background import BackgroundFailed
from holytui.runs.elsewhere import ElsewhereError
from holytui.runs.endpoint import EndpointError
from holytui.runs.errands import OwnerSilent
from holytui.runs.exits import Exit
from holytui.runs.saved import PrepareError
from holytui.store.export import ExportError
from holytui.store.lock import OwnedElsewhere
from holytui.store.trouble import CheckpointError

ERRORS: dict[type[Exception], Exit] = {
    ConfigError: Exit.USAGE,
    JobFileError: Exit.USAGE,
    JobRefused: Exit.USAGE,
    PrepareError: Exit.USAGE,
    ElsewhereError: Exit.USAGE,
    EndpointError: Exit.USAGE,
    InputProblem: Exit.USAGE,
    SimulatorError: Exit.USAGE,
    ExportError: Exit.USAGE,
    ServeError: Exit.USAGE,
    TokenError: Exit.USAGE,
    BackgroundFailed: Exit.USAGE,
    OwnedElsewhere: Exit.OWNED,
    OwnerSilent: Exit.OWNED,
    CheckpointError: Exit.CHECKPOINT,
}


def code_of(error: Exception) -> Exit | None:
    """The exit code of an error that has a sentence for people; None for a defect of ours."""
    for kind, code in ERRORS.items():
        if isinstance(error, kind):
            return code
    return None
