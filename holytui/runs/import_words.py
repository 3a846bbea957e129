"""What is to be said about an import: what was not as it should be, and what nobody knows."""

import re
from pathlib import Path

from holytui.core.display import counted, safe
from holytui.core.given import GivenItem
from holytui.core.template import compact_json
from holytui.inputs.seed import SeedFile
from holytui.runs.import_plan import ImportPlan

BY_INDEX = "If both mean the same items in the same order: --match index gives each result the item of its index."

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
        saved = counted(len(seed.results), "complete result was", "complete results were")
        notes.append(f"{path.name} breaks off: {saved} saved from it, the rest of it is lost")
    notes += _of_prompt(seed.prompt or "", taken=prompt_from_file, known=prompt_known)
    if seed.left_out:
        without = "without an answer or a failure"
        notes.append(counted(seed.left_out, f"entry {without} was left out", f"entries {without} were left out"))
    if seed.unread:
        cannot = counted(seed.unread, "entry cannot be read: it was", "entries cannot be read: they were")
        notes.append(f"{cannot} left out")
    if seed.in_part:
        notes.append(counted(seed.in_part, "entry can be read in part only", "entries can be read in part only"))
    notes += _of_results(items, plan)
    if any(_UNDECODED.search(result.answer or result.error) for result in plan.results.values()):
        notes.append(f"{path.name} is not UTF-8 everywhere: bytes that are not are kept as they are")
    return tuple(notes)


def _of_results(items: Path | None, plan: ImportPlan) -> list[str]:
    notes: list[str] = []
    if plan.bought_again:
        items_were = counted(plan.bought_again, "item was", "items were")
        notes.append(f"{items_were} answered more than once: the first answer is kept")
    if plan.failed_beside:
        have = counted(plan.failed_beside, "item has", "items have")
        notes.append(f"{have} failures beside the result that is kept: left out")
    if plan.overtaken:
        are = counted(plan.overtaken, "failure is", "failures are")
        notes.append(f"{are} of an item whose place or text has another result: left out")
    if plan.rewritten and items is not None:
        are = counted(plan.rewritten, "result is about an item", "results are about items")
        mean = "it means" if plan.rewritten == 1 else "they mean"
        notes.append(f"{are} that {items.name} writes in another way: taken as the same, for {mean} the same")
    if plan.moved:
        stand = counted(
            plan.moved,
            "result stands at another place than its item: it goes with its item",
            "results stand at another place than their items: they go with their items",
        )
        notes.append(stand)
    if items is not None and (aside := sum(place >= plan.wanted for place in plan.results)):
        about = counted(aside, "result is about an item", "results are about items")
        removed = "as a removed item" if aside == 1 else "as removed items"
        notes.append(f"{about} that {items.name} does not have: kept aside, {removed}")
    if plan.nameless:
        say = counted(
            plan.nameless, "result does not say which item it is of", "results do not say which item they are of"
        )
        place = "by its place" if plan.nameless == 1 else "by their place"
        notes.append(f"{say}: kept" + (f" {place}" if items is not None else ", and never asked again"))
    return notes


def _of_prompt(prompt: str, *, taken: bool, known: bool) -> list[str]:
    if taken:
        return [f"the prompt is the file's own: {safe(prompt, limit=120)}"]
    if prompt and not known:
        return ["the file's own prompt is not taken: nobody can say what its braces mean"]
    return []


def example(plan: ImportPlan, items: Path) -> str:
    """What a result is about that found no item, and what stands at its index in the input."""
    results = (result for place, result in plan.results.items() if place >= plan.wanted)
    result = next((result for result in results if result.index is not None and result.index < plan.wanted), None)
    if result is None or result.index is None:
        return ""
    there, here = _shown(result.item or ""), _shown(plan.items[result.index])
    return f"Result {result.index} is about {there}, item {result.index} of {items.name} is {here}."


def _shown(item: GivenItem) -> str:
    return f'"{safe(item, limit=60)}"' if isinstance(item, str) else safe(compact_json(item), limit=60)


def cost_words(plan: ImportPlan) -> str:
    """What is known of the money."""
    return f"what its {counted(len(plan.results), 'request')} cost is not in it: unknown"
