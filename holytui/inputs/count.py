"""Items made from nothing but their number, as in the story: doc_0.pdf and so on."""

from collections.abc import Iterator

from holytui.core.work import Record
from holytui.inputs.reading import Reading


def count_up(items: int) -> Iterator[Reading]:
    """This many names of documents."""
    for number in range(items):
        name = f"doc_{number}.pdf"
        yield Reading(name, Record(name, raw=name))
