"""What a session needs to know of an executor on other machines; `distributed` is the one there is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from holytui.core.learning import Learning
from holytui.core.workers import WorkerSeen
from holytui.engine.admission.door import Admission
from holytui.engine.executor import Executor
from holytui.engine.flights import Flights
from holytui.runs.launch import Launch
from holytui.runs.picture import PacedSink, Picture
from holytui.store.reader import Reader
from holytui.store.writer import Writer


class ElsewhereError(Exception):
    """The executor cannot be used; the message says why and the way out, and holds no password."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an executor elsewhere is built from, on the loop of the session.

    Attributes:
        launch: of the session; its endpoint has no key, workers have their own.
        admission: the job's door: nothing is sent through it here, but it knows pause, budget, breaker and gate.
        flights: what is in hand.
        learning: of the clocks.
        now: the session's clock, seconds; it stands still while the process does.
    """

    launch: Launch
    reader: Reader
    writer: Writer
    sink: PacedSink
    admission: Admission
    flights: Flights
    learning: Learning
    picture: Picture
    now: Callable[[], float]


class Elsewhere(Protocol):
    """A way to run items on other machines."""

    @property
    def name(self) -> str:
        """As `--executor` has it."""

    @property
    def place(self) -> str:
        """Where its messages go, for a person; without any password."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What another process of holytui needs in its environment to find the same; it may hold a password."""

    def workers(self) -> Sequence[WorkerSeen]:
        """Who would take items now; blocks for some seconds at most, from any thread.

        Raises:
            ElsewhereError: it cannot be asked.
        """

    async def open(self, parts: Parts) -> Executor:
        """An executor for a session.

        Raises:
            ElsewhereError: it cannot be used.
        """

    async def call_back(self, parts: Parts) -> None:
        """Take over what has been done of a job that goes on in this process, and have the rest cancelled.

        Raises:
            ElsewhereError: it cannot be asked.
        """
