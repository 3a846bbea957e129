"""What is to be said about an import: what was not as it should be, and what nobody knows."""

import re
from pathlib import Path

from holytui.core.display import safe
from holytui.inputs.seed import SeedFile
from holytui.runs.import_plan import ImportPlan

_UNDECODED = re.compile("[\udc80-\udcff]")
"""What is made of bytes that are not UTF-8."""


def notes_of(
    path: Path, items: Path | None, seed: SeedFile, plan: ImportPlan, *, prompt_from_file: bool, prompt_known: bool
) -> tuple[str, ...]:
    """Sentences for a person, each about something that the import had to decide or to leave out.

    Args:
        path: the file that was read.
        items: the file of the whole input, if one was given.
        seed: what was in the first.
        plan: what became of it.
        prompt_from_file: the job's prompt is the file's own.
        prompt_known: the job has one.
    """
    notes: list[str] = []
    if seed.torn:
        number = len(seed.results)
        notes.append(f"{path.name} breaks off: {number:,} complete results were saved from it, the rest of it is lost")
    notes += _of_prompt(seed.prompt or "", taken=prompt_from_file, known=prompt_known)
    if seed.left_out:
        notes.append(f"{seed.left_out:,} entries without an answer or a failure were left out")
    if plan.bought_again:
        notes.append(f"{plan.bought_again:,} items were answered more than once: the first answer is kept")
    if plan.repeated - plan.bought_again > 0:
        notes.append(f"{plan.repeated - plan.bought_again:,} items have failures beside their newest result: left out")
    if plan.moved:
        notes.append(f"{plan.moved:,} results stand at another place than their items: they go with their items")
    if items is not None and (aside := sum(place >= plan.wanted for place in plan.results)):
        notes.append(f"{aside:,} results are about items that {items.name} does not have: kept aside, as removed items")
    if plan.nameless:
        notes.append(
            f"{plan.nameless:,} results do not say which item they are of: "
            + ("kept by their place" if items is not None else "kept, and never asked again")
        )
    if any(_UNDECODED.search(result.answer or result.error) for result in plan.results.values()):
        notes.append(f"{path.name} is not UTF-8 everywhere: bytes that are not are kept as they are")
    return tuple(notes)


def _of_prompt(prompt: str, *, taken: bool, known: bool) -> list[str]:
    if taken:
        return [f"the prompt is the file's own: {safe(prompt, limit=120)}"]
    if prompt and not known:
        return ["the file's own prompt is not taken: nobody can say what its braces mean"]
    return []


def cost_words(plan: ImportPlan) -> str:
    """What is known of the money."""
    return f"what its {len(plan.results):,} requests cost is not in it: unknown"
