"""Which items a program means, checked: a name that is none chooses nothing, and nobody would be told."""

from collections.abc import Collection, Sequence
from pathlib import Path

from holytui.core.command import Command, Selection, Verb
from holytui.core.failures import FailureKind, matches
from holytui.core.work import Overrides
from holytui.library.asking import shown
from holytui.store.reader import Reader

STATUSES = ("succeeded", "failed", "pending")
"""Of rows, as an export has them."""


def check_status(status: str | None) -> None:
    """Refuse what is the status of no row.

    Raises:
        ValueError: the message names those there are.
    """
    if status is not None and status not in STATUSES:
        raise ValueError(f"status: expected one of {', '.join(STATUSES)}, got {shown(status)}")


def retry_of(
    folder: Path, kinds: Sequence[str], items: Sequence[str], *, everything: bool, model: str | None
) -> Command:
    """The command to retry failed items of the saved job in a folder, from the arguments of `SavedJob.retry`.

    Raises:
        ValueError: one of them cannot be used: no such kind, no such item, no list, no model.
        CheckpointError: the job cannot be read.
    """
    selection = Selection(_texts("kinds", kinds), _texts("items", items), everything)
    for kind in selection.kinds:
        if not any(matches(known, kind) for known in FailureKind):
            raise ValueError(f"kinds: there is no kind of failure {shown(kind)}")
    if not isinstance(everything, bool):
        raise ValueError(f"everything: expected True or False, got {shown(everything)}")  # as the rest
    changes = Overrides(model=model)
    if changes.unfit:
        raise ValueError(f"model: expected the name of a model, got {shown(model)}")
    _check_items(folder, selection.items)
    return Command(Verb.RETRY, selection, changes)


def _texts(name: str, given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str | bytes) or not isinstance(given, Collection):
        raise ValueError(f"{name}: expected a list of texts, got {shown(given)}")
    for one in given:
        if not isinstance(one, str):
            raise ValueError(f"{name}: expected a list of texts, got {shown(one)} in it")  # as the rest
    return tuple(given)


def _check_items(folder: Path, items: Sequence[str]) -> None:
    reader = Reader.open(folder)
    try:
        unknown = next((item for item in items if reader.find(item) is None), None)
    finally:
        reader.close()
    if unknown is not None:
        raise ValueError(f"items: no item of {folder.name} has the id {shown(unknown)}")
