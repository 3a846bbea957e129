"""A text file, an item a line; blank lines are skipped."""

from collections.abc import Iterator
from pathlib import Path

from holytui.core.work import Record
from holytui.inputs.reading import Reading, opened, text_lines, unusable


def read_lines(path: Path) -> Iterator[Reading]:
    """Every line that is not blank.

    Raises:
        InputProblem: the file cannot be read.
    """
    with opened(path) as file:
        for _, text, problem in text_lines(file):
            yield Reading(None, Record(text, raw=text) if problem is None else unusable(problem, text))
